"""XML, read by expat under guards: no entities, bounded depth, bounded size.

A document that declares entities is refused, so that none can be expanded or fetched. Many
feeds are broken in small ways (a bare "&", `&nbsp;`, an undeclared prefix, an end that is
missing): those are mended, or read as far as they go, and the reading says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from generation.exceptions import UnreadableSource

_DEEPEST = 200
_MOST_ELEMENTS = 500_000
_MOST_ATTRIBUTES = 200
_PROLOG = ("<?", "<!--", "<!")
_NAME = re.compile(r"<([A-Za-z_][\w.:-]{0,100})(?=[\s/>])")
_ENTITY = re.compile(
    r"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|([A-Za-z][A-Za-z0-9]{1,31});)?"
)
_OWN_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
# What no XML document may hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Element:
    """One element. `name` is as written, in lower case, with its prefix."""

    __slots__ = ("attributes", "children", "content", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.content: list[str | Element] = []

    @property
    def text(self) -> str:
        """The element's own text, without that of elements in it."""
        return "".join(part for part in self.content if isinstance(part, str)).strip()

    @property
    def all_text(self) -> str:
        """Its text with that of the elements in it, in document order."""
        parts: list[str] = []
        waiting: list[str | Element] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                parts.append(part)
            else:
                waiting.extend(reversed(part.content))
        return "".join(parts).strip()

    def walk(self) -> Iterator[Element]:
        """Yield the element and everything below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def all(self, *names: str) -> Iterator[Element]:
        """Yield the children of these names, in document order."""
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> str:
        """Return the text of the first child that has some, by names in order of trust."""
        for name in names:
            for child in self.all(name):
                if text := child.all_text:
                    return text
        return ""

    def get(self, *names: str) -> str:
        """Return the first attribute that is filled."""
        return next(
            filter(None, (self.attributes.get(n, "").strip() for n in names)), ""
        )


class Tree(NamedTuple):
    """A document. `trouble` says what had to be overlooked, or is empty."""

    root: Element
    trouble: str = ""


class _TooMuch(Exception):
    """A guard has had enough. The message is for the user."""


def root_name(text: str) -> str:
    """Return the name of the first element in lower case, or "" where it is no XML."""
    position = _skip_blanks(text, 0)
    while text.startswith(_PROLOG, position):
        end = "-->" if text.startswith("<!--", position) else ">"
        found = text.find(end, position)
        opened = text.find("[", position, found)
        if end == ">" and text.startswith("<!", position) and opened > 0:
            found = text.find(">", text.find("]", opened))
        if found < 0:
            return ""
        position = _skip_blanks(text, found + len(end))
    match = _NAME.match(text, position)
    return match[1].lower() if match else ""


def parse_xml(text: str) -> Tree:
    """Read a document, mended where need be. Raises UnreadableSource."""
    try:
        try:
            return Tree(_Builder().read(text))
        except expat.ExpatError:
            mended = _mend(text)
        builder = _Builder()
        try:
            return Tree(builder.read(mended))
        except expat.ExpatError as exc:
            if builder.root is None:
                raise UnreadableSource("It is not valid XML.") from exc
            trouble = (
                f"it is not valid XML in line {exc.lineno} and was read up to there"
            )
            return Tree(builder.root, trouble)
    except _TooMuch as exc:
        raise UnreadableSource(str(exc)) from exc


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and (
        text[position].isspace() or text[position] == "\ufeff"
    ):
        position += 1
    return position


def _mend(text: str) -> str:
    """Escape what is no entity of XML, and drop what no document may hold."""
    return _ENTITY.sub(_mended_entity, _FORBIDDEN.sub("", text))


def _mended_entity(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return match[0] if len(match[0]) > 1 else "&amp;"
    if name in _OWN_ENTITIES:
        return match[0]
    return html5.get(f"{name};", f"&amp;{name};")


class _Builder:
    """Builds the tree as expat reports it, and stops where a guard says so."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data

    def read(self, text: str) -> Element:
        text = text.lstrip("\ufeff \t\r\n")
        self._parser.Parse(text.encode("utf-8", "replace"), True)
        if self.root is None:
            raise UnreadableSource("It is not valid XML.")
        return self.root

    def _refuse_entity(self, *declaration: object) -> NoReturn:
        raise _TooMuch(
            "It is XML that declares entities of its own, which are not read. Save it "
            "without them."
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _DEEPEST:
            raise _TooMuch("Its elements are nested too deeply to be a list.")
        if self._count > _MOST_ELEMENTS or len(attributes) > _MOST_ATTRIBUTES:
            raise _TooMuch("It has too many elements. Split it into smaller files.")
        lowered = {key.lower(): value for key, value in attributes.items()}
        element = Element(name.lower(), lowered)
        if self._open:
            self._open[-1].children.append(element)
            self._open[-1].content.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)

    def _end(self, name: str) -> None:
        self._open.pop()

    def _data(self, text: str) -> None:
        if self._open:
            self._open[-1].content.append(text)
