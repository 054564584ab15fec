"""One row of a table, whose columns may say what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from generation.sources.labels import (
    licence_fact,
    link_fact,
    link_fact_of,
    says_nothing,
    split_tags,
)
from generation.sources.listed import (
    LONGEST_GROUP,
    LONGEST_NAME,
    NO_COLUMNS,
    NO_NAME,
    Entry,
    NoEntry,
    is_silent,
    link_name,
    names_its_link,
    own_links,
    without_link,
)
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.pieces import Piece, Pieces, plain_text, tidy
from generation.sources.records import as_url
from generation.sources.tails import read_tail
from generation.sources.urls import clean_url, host_of

# Where the links of a cell are, and where they lead.
Links = Sequence[tuple[int, str]]


def read_row(
    fields: Sequence[str], cells: Sequence[Pieces], *, base: str = ""
) -> Entry | NoEntry:
    """Read a table row. `fields` says what each column holds, where its name told."""
    cells = [tidy(cell) for cell in cells]
    place = {field: n for n, field in reversed(list(enumerate(fields))) if field}
    text = squeeze(" ".join(map(plain_text, cells)))[:LONGEST_GROUP]
    # Said once: whatever is asked of a row is asked of the links in its cells.
    linked = [own_links(cell, base) for cell in cells]
    found = _row_link(place, cells, linked, base)
    if found is None:
        return without_link([piece for cell in cells for piece in cell], text)
    column, link, url = found
    if not {"name", "url"} & set(place) and not _starts_cell(cells[column], link):
        return NoEntry(text, url, NO_COLUMNS)
    name_column = place.get("name", column)
    name = _row_name(cells, name_column, link)
    if not name:
        return NoEntry(text, url, NO_NAME)
    description = _row_description(place, cells, linked, {column, name_column}, base)
    if not description and not {"name", "url"} & set(place):
        return NoEntry(name, url, NO_COLUMNS)
    tags = split_tags(_cell_text(place, cells, "tags"))
    licences = split_tags(_cell_text(place, cells, "license"))
    facts = _row_facts(place, fields, cells, linked, url)
    if licences:
        facts["license"] = licence_fact(licences)
    return Entry(
        name=name,
        url=url,
        description=description,
        category=_cell_text(place, cells, "category"),
        tags=tags,
        facts=facts,
    )


def _row_link(
    place: dict[str, int], cells: Sequence[Pieces], linked: Sequence[Links], base: str
) -> tuple[int, Piece, str] | None:
    """Return (column, link, address): the link column's, else the first that names."""
    if "url" in place and place["url"] < len(cells):
        column = place["url"]
        text = plain_text(cells[column])
        for n, url in linked[column][:1]:
            return column, cells[column][n], url
        if as_url(text):
            return column, Piece("link", text, text), as_url(text)
        if picture := _row_picture([cells[column]], base):
            return picture
    links_by_column = [
        (column, cell[n], url)
        for column, cell in enumerate(cells)
        for n, url in linked[column]
    ]
    if not links_by_column:
        return _row_picture(cells, base)
    by_name = [found for found in links_by_column if found[0] == place.get("name")]
    first = (by_name or links_by_column)[0]
    return (
        _outward(links_by_column, base) or first if _is_inside(first, base) else first
    )


def _row_picture(cells: Sequence[Pieces], base: str) -> tuple[int, Piece, str] | None:
    """Return a link that is a picture, rather to its own place than to a forge."""
    found = [
        (column, piece, url)
        for column, cell in enumerate(cells)
        for piece in cell
        if piece.kind == "image" and (url := clean_url(piece.url, base=base))
    ]
    own = [picture for picture in found if not link_fact_of(picture[2])]
    return next(iter(own or found), None)


def _is_inside(found: tuple[int, Piece, str], base: str) -> bool:
    return bool(base) and host_of(found[2]) == host_of(base)


def _outward(
    links: list[tuple[int, Piece, str]], base: str
) -> tuple[int, Piece, str] | None:
    """Prefer a "Website" button that leaves the page's site to the site's own page."""
    for found in links:
        if not _is_inside(found, base) and says_nothing(found[1].text):
            return found
    return None


def _starts_cell(cell: Pieces, link: Piece) -> bool:
    start = next((piece for piece in cell if piece.text.strip()), None)
    return start is link


def _row_name(cells: Sequence[Pieces], column: int, link: Piece) -> str:
    if column < len(cells):
        cell = cells[column]
        named = [p for p in cell if p.kind == "link" and not is_silent(p)]
        strong = [p for p in cell if p.kind == "strong" and p.text.strip()]
        text = (named or strong or [Piece("text", plain_text(cell))])[0].text
        if squeeze(text) and not (
            says_nothing(text) and not names_its_link(text, link)
        ):
            return clean_name(text)[:LONGEST_NAME]
    return "" if is_silent(link) else link_name(link)


def _row_description(
    place: dict[str, int],
    cells: Sequence[Pieces],
    linked: Sequence[Links],
    taken: set[int],
    base: str,
) -> str:
    if "description" in place:
        column = place["description"]
        return read_tail(cells[column], base).description if column < len(cells) else ""
    # Without a name for it, the description is the longest text that nobody claimed.
    claimed = taken | set(place.values())
    free = [plain_text(cell) for n, cell in enumerate(cells) if n not in claimed]
    longest = max(free, key=len, default="")
    if len(longest.split()) >= 3:
        return clean_description(longest)
    behind = (_behind_link(cells[n], linked[n], base) for n in sorted(taken))
    return next(filter(None, behind), "")


def _behind_link(cell: Pieces, links: Links, base: str) -> str:
    """Return what a cell says below or behind the link that it begins with."""
    for n, _ in links[:1]:
        if _starts_cell(cell, cell[n]):
            return read_tail(cell[n + 1 :], base).description
    return ""


def _cell_text(place: dict[str, int], cells: Sequence[Pieces], field: str) -> str:
    column = place.get(field, len(cells))
    return plain_text(cells[column]) if column < len(cells) else ""


def _row_facts(
    place: dict[str, int],
    fields: Sequence[str],
    cells: Sequence[Pieces],
    linked: Sequence[Links],
    own_url: str,
) -> dict[str, str | list[str]]:
    """Gather the row's other links, by what their column or their text calls them."""
    facts: dict[str, str | list[str]] = {}
    described = place.get("description")
    for column, cell in enumerate(cells):
        field = fields[column] if column < len(fields) else ""
        for n, url in [] if column == described else linked[column]:
            key = field if field.endswith("_url") else link_fact(cell[n].text)
            if key and url != own_url:
                facts.setdefault(key, url)
    return dict(sorted(facts.items()))
