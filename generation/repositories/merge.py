"""Decide each field between what a run wrote last, what stands there now, and what is found.

`base` is what the last run wrote, `ours` what the file holds (a person may have changed it),
`theirs` what this run would write. A field that differs from its base is a person's, and
stays theirs until it is again what the run wrote: agreeing with a source once does not give
it away. So `base` moves only when a run writes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

# `("name",)`, or `("meta", "license")`: each fact of an item is a field of its own.
Path = tuple[str, ...]
Fields = Mapping[Path, Any]


class Verdict(StrEnum):
    """What became of a field."""

    SAME = "same"
    TAKE = "take"
    KEEP = "keep"
    CONFLICT = "conflict"


class Decision(NamedTuple):
    field: Path
    verdict: Verdict
    ours: Any
    theirs: Any

    @property
    def name(self) -> str:
        return ".".join(self.field)


class Marks(NamedTuple):
    """What a base does not tell of a list: the members that a person wrote before a source
    did, and those that a person removed and no source has any longer."""

    own: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


class Merged(NamedTuple):
    """What shall stand, what to remember as written, and how each field was decided."""

    values: dict[Path, Any]
    base: dict[Path, Any]
    marks: dict[Path, Marks]
    decisions: tuple[Decision, ...]


def merge_fields(
    base: Fields | None,
    ours: Fields,
    theirs: Fields,
    *,
    marks: Mapping[Path, Marks] | None = None,
    is_whole: bool = True,
) -> Merged:
    """Merge field by field. Without a base all that is there is a person's.

    An absent value and an empty one are the same. Nothing that a person wrote is lost, and
    merging the result once more changes nothing. A base that is not whole speaks only of
    the gaps that a run filled in a person's item.
    """
    written = base or {}
    values: dict[Path, Any] = {}
    kept_base = dict(written)
    new_marks: dict[Path, Marks] = {}
    decisions: list[Decision] = []
    for field in dict.fromkeys([*ours, *theirs, *written, *(marks or {})]):
        our, their = _plain(ours.get(field)), _plain(theirs.get(field))
        was = _plain(written.get(field))
        owned = field in written or (is_whole and base is not None)
        marked = (marks or {}).get(field)
        if _are_sets(our, their, was, marked) and (owned or our is None):
            result = _merge_sets(was or [], our or [], their or [], marked or Marks())
            value, verdict = _plain(result.members), Verdict.SAME
            if not same(value, our):
                verdict = Verdict.TAKE
            elif not same(our, their):
                verdict = Verdict.KEEP
            kept_base[field] = result.base
            if result.marks != Marks():
                new_marks[field] = result.marks
        else:
            verdict = _verdict(was, our, their, owned=owned)
            value = our
            if verdict is Verdict.TAKE:
                value = kept_base[field] = their
        if value is not None:
            values[field] = value
        decisions.append(Decision(field, verdict, our, their))
    return Merged(values, kept_base, new_marks, tuple(decisions))


def _verdict(was: Any, our: Any, their: Any, *, owned: bool) -> Verdict:
    if same(our, their):
        return Verdict.SAME
    if same(our, was):
        return Verdict.TAKE
    if same(their, was) or not owned:
        return Verdict.KEEP
    return Verdict.CONFLICT


class _Set(NamedTuple):
    members: list[str]
    base: list[str]
    marks: Marks


def _merge_sets(was: list[str], our: list[str], their: list[str], marks: Marks) -> _Set:
    """Apply additions and removals of both sides. Where nobody touched it, take theirs.

    What a person added stays when a source that had it as well drops it, and what they
    removed stays away when a source drops it and has it again.
    """
    struck = {member for member in was if member not in our}
    gone = {m for m in {*marks.dropped, *(struck - {*their})} if m not in our}
    own = {m for m in our if m not in was or m in marks.own}
    wanted = [m for m in their if m not in struck and m not in gone]
    members = wanted
    if own or not same(was, our):
        # A person has been here: what stays keeps its place.
        members = [m for m in our if m in own or m in wanted]
        members += [m for m in wanted if m not in our]
    base = list(dict.fromkeys(m for m in their if m not in gone))
    kept = Marks(own=tuple(sorted(own.intersection(base))), dropped=tuple(sorted(gone)))
    return _Set(list(dict.fromkeys(members)), base, kept)


def same(one: Any, other: Any) -> bool:
    """Compare two values; 1, 1.0 and true are three, and space around a text is none."""
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return type(one) is type(other) and bool(one == other)


def _plain(value: Any) -> Any:
    """Take every kind of empty for absent, and every kind of list for one."""
    if isinstance(value, tuple):
        value = list(value)
    return None if is_empty(value) else value


def is_empty(value: Any) -> bool:
    """Tell what is not worth a key."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {}, ())


def _are_sets(our: Any, their: Any, was: Any, marks: Marks | None) -> bool:
    """Lists of text merge as sets; `marks` tell that an empty field has been one."""
    lists = [value for value in (our, their, was) if value is not None]
    return (bool(lists) or marks is not None) and all(
        isinstance(value, list) and all(isinstance(m, str) for m in value)
        for value in lists
    )


class Texts(NamedTuple):
    """The two copies of an item's text: `<slug>.md` and the key `markdown`.

    None stands for a copy that is not there.
    """

    file: str | None
    key: str | None


class TextBase(NamedTuple):
    """Hashes of both copies as a run wrote them; None for one that it did not write."""

    file: str | None = None
    key: str | None = None


class MergedTexts(NamedTuple):
    """`text` is what readers see. A copy to be written anew stands in `writes`."""

    text: str
    writes: Texts
    base: TextBase
    verdict: Verdict
    is_torn: bool


def merge_texts(
    base: TextBase, ours: Texts, theirs: str | None, *, clean: Callable[[str], str]
) -> MergedTexts:
    """Find the one text, and bring the copy that nobody touched in line with it.

    Whichever copy a person changed counts; of two, the file. `is_torn` says that both were
    changed, differently. `theirs` is None where this run has nothing to say about it. The
    key holds what `clean` makes of the text.
    """
    file, key = _copy(base.file, ours.file), _copy(base.key, ours.key)
    edited = next((copy for copy in (file, key) if copy.is_edited), None)
    if edited is None and not (file.is_free or key.is_free):
        # Who deleted both copies has emptied the text.
        edited = file
    present = ours.file if ours.file is not None else ours.key
    if edited is not None:
        text = edited.text
        is_news = theirs is not None and text_hash(theirs) != edited.base
        differs = theirs is not None and theirs.strip() != text
        verdict = Verdict.SAME
        if differs:
            clashes = is_news and edited.base is not None
            verdict = Verdict.CONFLICT if clashes else Verdict.KEEP
    else:
        text = (present or "") if theirs is None else theirs
        text = text.strip()
        verdict = Verdict.SAME
        if theirs is not None and text != (present or "").strip():
            verdict = Verdict.TAKE
    cleaned = text if text == key.text or not key.is_free else clean(text).strip()
    is_torn = (
        file.is_edited
        and key.is_edited
        and key.text not in (file.text, clean(file.text).strip())
    )
    return MergedTexts(
        text=text,
        writes=Texts(file.write(text), key.write(cleaned)),
        base=TextBase(file.base_after(text), key.base_after(cleaned)),
        verdict=verdict,
        is_torn=is_torn,
    )


class _Copy(NamedTuple):
    text: str
    base: str | None
    is_edited: bool
    is_free: bool

    def write(self, text: str) -> str | None:
        is_there = unix_lines(self.text) == unix_lines(text)
        return text if self.is_free and not is_there else None

    def base_after(self, text: str) -> str | None:
        return text_hash(text) if self.write(text) is not None else self.base


def _copy(base: str | None, text: str | None) -> _Copy:
    """A copy that a person deleted is neither their text nor ours to write again."""
    is_deleted = text is None and base is not None and base != text_hash("")
    plain = (text or "").strip()
    is_ours = base == text_hash(plain) if base is not None else not plain
    is_edited = not is_ours and not is_deleted
    return _Copy(plain, base, is_edited, not is_edited and not is_deleted)


def text_hash(text: str) -> str:
    """Name a text in the records of runs, whatever blanks are around it."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def unix_lines(text: str) -> str:
    """End every line with a newline alone, and begin without a byte order mark."""
    return re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))


def tidied(text: str) -> str:
    """Take away what an editor may change of a text without anybody's having edited it.

    That are the ends of its lines, blanks before them, and blank lines around the text.
    """
    lines = (line.rstrip() for line in unix_lines(text).split("\n"))
    return "\n".join(lines).strip()
