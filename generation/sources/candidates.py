"""What a reader gets and what it gives back."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from generation.items import Record

# Nobody looks after a directory of more; whoever has it wants it divided.
MOST_ENTRIES = 100_000
TOO_MANY = (
    f"it lists more than {MOST_ENTRIES:,} entries; the first were read. Divide it into "
    "several sources"
)


class Retrieval(Record):
    """How a source was come by, for whoever wonders what was read.

    `status` is what its server answered, 0 for a document that was given, or no answer.
    `url` and `redirects` say where it was found in the end, and every address on the way;
    they are named like sources, without what may be a secret. `encoding_guessed` is true where
    nothing said which it is. `bytes` is the size of the
    content, `seconds` the time with all waiting.
    """

    status: int = 0
    url: str = ""
    redirects: tuple[str, ...] = ()
    from_cache: bool = False
    bytes: int = 0
    encoding: str = ""
    encoding_guessed: bool = False
    seconds: float = 0.0


class Document(Record):
    """The text of one source.

    `source` is what people call it: its URL, or the name of the file they gave. `url` is
    where it came from, if that is known: relative links are resolved against it.
    """

    source: str
    url: str = ""
    media_type: str = ""
    text: str
    retrieval: Retrieval = Retrieval()


class Candidate(Record):
    """Something that a source lists, as the source says it.

    `path` is the headings above it, outermost first; `groups` are lines of a list that head
    a nested one. `category` and `tags` are what the
    source states outright (a column, a field); `labels` are the marks beside the text
    (code spans, chips), whose meaning nobody has decided yet. `locator` says where in the
    source it stands, in words that survive an insertion above it: headings, a JSON pointer.
    """

    name: str
    url: str
    description: str = ""
    path: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    category: str = ""
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict)
    source: str
    locator: str = ""


class LeftOut(Record):
    """Something that did not become an item, and why."""

    name: str
    url: str = ""
    source: str
    reason: str


class Reading(Record):
    """What one reader made of one document.

    `kind` names the reader, `title` is what the document calls itself, if it does.
    `warnings` are about the document as a whole: what in it is broken, and was overlooked
    or mended.
    """

    kind: str
    title: str = ""
    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()
