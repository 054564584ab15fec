"""Wikitext without what is no part of its words: templates, references, comments.

A template is a program of its wiki, so that it is dropped, unless its name says that it
is a link or that it only sets words.
"""

from __future__ import annotations

import re

_HIDDEN = ("ref", "gallery", "math", "pre", "syntaxhighlight", "source", "score")
_OPENING = re.compile(
    rf"<(?:(!--)|({'|'.join(_HIDDEN)}|nowiki)\b[^<>]{{0,1000}}>)", re.IGNORECASE
)
_CLOSING = {
    "!--": re.compile("-->"),
    **{
        name: re.compile(rf"</{name}[ \t]{{0,9}}>", re.IGNORECASE)
        for name in (*_HIDDEN, "nowiki")
    },
}
_BRACES = re.compile(r"\{\{|\}\}")
_MEANS_SOMETHING = re.compile(r"[^\w\s.,]")
_PARAMETER = re.compile(r"\s*([\w -]{1,40}?)\s*=\s*(.*)", re.DOTALL)
_ADDRESS = re.compile(r"(?:https?://)?[^\s\[\]<>\"|/]{1,255}\.[^\s\[\]<>\"|]{2,2000}")
_LINKS = frozenset({"url", "official website", "official site", "official", "website"})
_WORDS = frozenset({"lang", "nobold", "nobr", "nowrap", "small", "sort"})
_LISTS = frozenset({"col-list", "columns list", "columns-list", "div col list"})
_DEEPEST = 40
_LONGEST = 4_000


def without_marks(text: str) -> str:
    """Return the text with only those templates that are links, lists or words."""
    return _without_templates(_without_elements(text))


def _without_elements(text: str) -> str:
    kept: list[str] = []
    unclosed: set[str] = set()
    position = 0
    while found := _OPENING.search(text, position):
        kept.append(text[position : found.start()])
        position = found.end()
        name = (found[1] or found[2]).lower()
        if found[0].endswith("/>") or name in unclosed:
            continue
        closing = _CLOSING[name].search(text, position)
        if closing is None:
            unclosed.add(name)
            continue
        if name == "nowiki":
            kept.append(_literal(text[position : closing.start()]))
        position = closing.end()
    kept.append(text[position:])
    return "".join(kept)


def _literal(text: str) -> str:
    """Keep marks from being read, by what cannot be seen and is taken off later."""
    return _MEANS_SOMETHING.sub("\u2060\\g<0>", text)


def _without_templates(text: str) -> str:
    """Drop what stands between braces, inside out; what is never closed stays."""
    frames: list[list[str]] = [[]]
    too_deep = position = 0
    for found in _BRACES.finditer(text):
        if not too_deep:
            frames[-1].append(text[position : found.start()])
        position = found.end()
        if found[0] == "{{":
            if too_deep or len(frames) > _DEEPEST:
                too_deep += 1
            else:
                frames.append([])
        elif too_deep:
            too_deep -= 1
        elif len(frames) > 1:
            body = "".join(frames.pop())
            frames[-1].append(_template(body))
    frames[-1].append(text[position:])
    return "".join(part for frame in frames for part in frame)


def _template(body: str) -> str:
    name, _, rest = body.partition("|")
    name = " ".join(name[:100].replace("_", " ").split()).casefold()
    if name in _LISTS:
        return f"\n{rest.partition(chr(10))[2]}"
    if len(body) > _LONGEST or name not in _LINKS | _WORDS:
        return ""
    given = _positional(rest)
    if name in _WORDS:
        return given[-1] if given else ""
    if not given or not _ADDRESS.fullmatch(given[0]):
        return ""
    address = given[0] if "://" in given[0] else f"https://{given[0]}"
    words = given[1] if len(given) > 1 and given[1] else given[0]
    return f"[{address} {words if name == 'url' else 'Official website'}]"


def _positional(parameters: str) -> list[str]:
    """Return the parameters without a name, and those whose name is their number."""
    found = []
    for parameter in parameters.split("|"):
        named = _PARAMETER.fullmatch(parameter)
        if named is None or named[1].isdecimal():
            found.append((named[2] if named else parameter).strip())
    return found
