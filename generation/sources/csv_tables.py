"""Tables of plain text. The delimiter and the columns are found, never configured.

Columns are known by name first; where no name helps, by what stands in them: links are
links, the longest texts are descriptions, short texts that rarely repeat are names.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from generation.exceptions import UnreadableSource
from generation.sources.candidates import (
    MOST_ENTRIES,
    TOO_MANY,
    Candidate,
    Document,
    LeftOut,
    Reading,
)
from generation.sources.fields import field_of, fields_of_headers
from generation.sources.labels import is_licence, is_status
from generation.sources.names import squeeze
from generation.sources.records import as_url, record_to_candidate

DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_ROWS = 60
_MOST_COLUMNS = 200
_PLAIN_COLUMN = 40
_FEWEST_ROWS = 3
_STATED = re.compile(r"\ufeff?\s*\"?sep=([,;\t|])\"?[ \t]*\r?\n", re.IGNORECASE)
_MOST_PREAMBLE = 15
_MARKDOWN_LINK = re.compile(
    r"\[([^\[\]]{1,300})\]\(\s*<?(https?://[^\s<>]{1,2000}?)>?\s*\)"
)
_FORMULA = re.compile(
    r"=\s*HYPERLINK\(\s*\"([^\"]{1,2000})\"\s*(?:[,;]\s*\"((?:[^\"]|\"\"){0,300})\"\s*)?\)",
    re.IGNORECASE,
)
# A relation in Notion is exported with the address of the page that it leads to.
_RELATION = re.compile(
    r"[ ]{0,3}\(https?://(?:[\w-]+\.)?notion\.(?:so|site)/[^\s()]{0,500}\)",
    re.IGNORECASE,
)
_FEWEST_SORTED = 6
_MOST_CATEGORIES = 40
_MOST_CATEGORY_WORDS = 5
# Words of headers whose few values sort the rows, but not by what they are.
_NO_CATEGORIES = frozenset(
    {
        *(
            "price",
            "prices",
            "pricing",
            "cost",
            "costs",
            "plan",
            "plans",
            "tier",
            "fee",
        ),
        *("free", "paid", "trial", "billing", "budget", "preis", "prix", "precio"),
        *("status", "state", "stage", "phase", "maturity", "health", "stand", "estado"),
        *("country", "region", "city", "location", "continent", "hq", "headquarters"),
        *("land", "ort", "stadt", "pays", "país", "timezone", "origin", "based"),
        *("language", "languages", "lang", "locale", "sprache", "langue", "idioma"),
        *("license", "licence", "licenses", "licences", "lizenz", "open", "opensource"),
        *("date", "dates", "day", "month", "year", "time", "timestamp", "created"),
        *("updated", "modified", "added", "published", "released", "since", "when"),
        *("datum", "jahr", "rating", "ratings", "score", "rank", "stars", "level"),
        *("grade", "quality", "priority", "importance", "difficulty", "popularity"),
        *("author", "authors", "owner", "by", "user", "submitter", "contributor"),
        *("maintainer", "person", "name", "email", "assignee", "editor", "creator"),
        *("company", "vendor", "maker", "founder", "organization", "organisation"),
        *("id", "uid", "uuid", "key", "count", "number", "no", "nr", "size", "version"),
        *("hosting", "deployment", "hosted", "saas", "os", "platform", "platforms"),
        *("device", "devices", "support", "supported", "available", "availability"),
        *("is", "has", "does", "do", "can", "active", "verified", "featured"),
        *(
            "employees",
            "funding",
            "color",
            "colour",
            "currency",
            "gender",
            "visibility",
        ),
        *("format", "encoding", "logo", "icon", "image", "source", "favorite"),
        *("favourite", "read", "unread", "archived", "public", "private", "hidden"),
    }
)
_ANSWERS = re.compile(
    r"(?:yes|no|y|n|true|false|none|n/?a|unknown|maybe|partly|partial(?:ly)?|ja|nein|oui"
    r"|non|s[ií]|да|нет|low|medium|high|easy|hard|small|large|todo|done|in progress"
    r"|planned|unread|read|archive|free.{0,20}|paid.{0,20}|freemium|trial.{0,10}"
    r"|(?:un)?checked|public|private|published|draft|open|closed|\W*)",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = re.compile(
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}"
    rf"|\d{{1,2}}\.?[\s-]{_MONTH}[\s,-]+\d{{4}}|{_MONTH}\s+\d{{4}})"
    rf"(?:(?:T|,?\s+(?:at\s+)?)\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d+)?)?"
    rf"\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|GMT|[A-Z]{{3,4}}|(?:GMT)?[+-]\d{{2}}:?\d{{0,2}})?)?",
    re.IGNORECASE,
)
# A link to the source code will do for the link.
_LINKS = {"source_code_url": "url"}
# Possessive: a line of a thousand bars is no table in as many ways.
_MARKDOWN = re.compile(
    r"\s*+(?=[^|\n]*\|)[^\n]*+\n"
    r"[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+\|[ \t:|-]*+(?:\n|$)"
)


def read_csv(document: Document) -> Reading:
    """Read every row that has a name and a link."""
    text, delimiter = _divided(document.text)
    if not delimiter:
        raise UnreadableSource(
            "It is not a table: no row is divided by commas, semicolons, tabs or bars."
        )
    columns, rows = _table(_without_preamble(_rows(text, delimiter)))
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    warnings: tuple[str, ...] = ()
    if len(rows) > MOST_ENTRIES:
        warnings = (TOO_MANY,)
    for row in rows[:MOST_ENTRIES]:
        record = dict(zip(columns, row, strict=False))
        if not any(value.strip() for value in row):
            continue
        entry = record_to_candidate(record, source=document.source, base=document.url)
        if isinstance(entry, Candidate):
            candidates.append(entry)
        else:
            left_out.append(entry)
    return Reading(
        kind="csv",
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=warnings,
    )


def _divided(text: str) -> tuple[str, str]:
    """Return the text and its delimiter, which a spreadsheet may state in a line."""
    stated = _STATED.match(text)
    text = text[stated.end() :] if stated else text
    return text, stated[1] if stated else find_delimiter(text)


def find_delimiter(text: str) -> str:
    """Return the character that divides most rows into equally many cells, or ""."""
    sample = text[:_SAMPLE_CHARACTERS]
    scores = {}
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter)
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        if 2 <= width <= _MOST_COLUMNS and count * 2 > len(widths):
            scores[delimiter] = (count / len(widths), width)
    return max(scores, key=lambda key: scores[key], default="")


def is_table(text: str) -> bool:
    """Tell whether the first row names a column of names and one of links."""
    if _MARKDOWN.match(text[:_SAMPLE_CHARACTERS]):
        return False
    text, delimiter = _divided(text)
    if not delimiter:
        return False
    try:
        header = next(_reader(text[:_SAMPLE_CHARACTERS], delimiter), [])
    except csv.Error:
        return False
    plain = [cell for cell in header if len(cell) < _PLAIN_COLUMN]
    return _has_name_and_link(map(field_of, plain)) or (
        _has_name_and_link(fields_of_headers(header)) and _is_even(text, delimiter)
    )


def _has_name_and_link(fields: Iterable[str]) -> bool:
    return {"name", "url"} <= {_LINKS.get(field, field) for field in fields}


def _is_even(text: str, delimiter: str) -> bool:
    """Tell whether every row has as many cells: prose with commas has not."""
    widths = _widths(text[:_SAMPLE_CHARACTERS], delimiter)
    return len(widths) >= _FEWEST_ROWS and len(set(widths)) == 1


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.StringIO(text.strip("\ufeff\r\n"), newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _widths(sample: str, delimiter: str) -> list[int]:
    try:
        rows = list(islice(_reader(sample, delimiter), _SAMPLE_ROWS))
    except csv.Error:
        return []
    # The sample may end inside its last row.
    rows = rows[:-1] if len(rows) > 2 else rows
    return [len(row) for row in rows if row]


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        # One row names the columns, and one more tells that there are too many.
        rows = islice(_reader(text, delimiter), MOST_ENTRIES + 2)
        return [row[:_MOST_COLUMNS] for row in rows if any(row)]
    except csv.Error as exc:
        raise UnreadableSource(
            "It is a broken table: a quotation mark may be missing, or one cell is "
            "longer than 128 KiB."
        ) from exc


def _table(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the rows below them."""
    if not rows:
        return [], []
    is_header = not any(as_url(cell) or _link_in(cell)[1] for cell in rows[0])
    rows = _with_links_apart(rows, is_header=is_header)
    header = [squeeze(cell) for cell in rows[0]]
    body = rows[1:] if is_header else rows
    columns = _named_columns(header, body) if is_header else []
    if not _has_name_and_link(map(field_of, columns)):
        columns = _guess_columns(columns, body)
    if "category" not in map(field_of, columns):
        _claim_category(columns, body)
    return _unique(columns), body


def _without_preamble(rows: list[list[str]]) -> list[list[str]]:
    """Drop what stands above the header: a title, a date, a note."""
    head = rows[:_MOST_PREAMBLE]
    filled = [sum(bool(cell.strip()) for cell in row) for row in head]
    for n, row in enumerate(head):
        is_widest = filled[n] > max(filled[:n], default=0)
        if is_widest and _has_name_and_link(fields_of_headers(row)):
            return rows[n:]
    first = next((n for n, count in enumerate(filled) if count > 1), 0)
    return rows[first:]


def _with_links_apart(rows: list[list[str]], *, is_header: bool) -> list[list[str]]:
    """Divide columns whose cells are links with a text, `[Vim](https://…)`, in two."""
    width = max(map(len, rows))
    rows = [[*map(_without_relation, row), *[""] * (width - len(row))] for row in rows]
    fields = fields_of_headers(rows[0]) if is_header else [""] * width
    for column in range(width):
        pairs = [_link_in(row[column]) for row in rows]
        if not any(link for _, link in pairs):
            continue
        is_link = fields[column] == "url" or fields[column].endswith("_url")
        for row, (text, link) in zip(rows, pairs, strict=True):
            row[column] = link if is_link and link else text
        half = "name" if is_link else "url"
        if half not in fields and _are_mostly_links(pairs[is_header:]):
            fields.append(half)
            added = [text if is_link else link for text, link in pairs]
            for row, cell in zip(
                rows, [half, *added[1:]] if is_header else added, strict=True
            ):
                row.append(cell)
    return rows


def _are_mostly_links(pairs: Sequence[tuple[str, str]]) -> bool:
    filled = sum(bool(text or link) for text, link in pairs)
    return sum(bool(link) for _, link in pairs) * 2 >= filled


def _without_relation(cell: str) -> str:
    return _RELATION.sub("", cell) if "notion." in cell else cell


def _link_in(cell: str) -> tuple[str, str]:
    """Return the text and the link of a cell that is a link with a text."""
    text = cell.strip()
    if text.startswith("[") and (match := _MARKDOWN_LINK.fullmatch(text)):
        return squeeze(match[1]), match[2]
    if text.startswith("=") and (match := _FORMULA.fullmatch(text)):
        return squeeze((match[2] or "").replace('""', '"')), as_url(match[1])
    return cell, ""


def _named_columns(header: list[str], rows: list[list[str]]) -> list[str]:
    """Call the columns whose headers say it in words of their own after their fields.

    What stands in a column must not speak against it.
    """
    names = list(header)
    values = _values(rows, len(header))
    for n, field in enumerate(fields_of_headers(header)):
        if field and not field_of(header[n]):
            holds_links = _share_of_links(values[n]) > 0
            if holds_links == (field == "url"):
                names[n] = field
    return names


def _values(rows: list[list[str]], width: int) -> list[list[str]]:
    sample = rows[: _SAMPLE_ROWS * 5]
    return [[row[n].strip() for row in sample if n < len(row)] for n in range(width)]


def _unique(header: list[str]) -> list[str]:
    """Give repeated and empty names a number, so that no column hides another."""
    seen: Counter[str] = Counter()
    names = []
    for column in header:
        seen[column] += 1
        plain = column and seen[column] == 1
        names.append(column if plain else f"{column}#{seen[column]}#")
    return names


def _guess_columns(header: list[str], rows: list[list[str]]) -> list[str]:
    """Name the columns by their values, where their own names say nothing."""
    width = max((len(row) for row in rows), default=0)
    values = _values(rows, width)
    names = [header[n] if n < len(header) else "" for n in range(width)]
    known = {field_of(name) for name in names}
    free = [n for n in range(width) if not field_of(names[n])]
    if "url" not in known:
        _claim(names, free, values, "url", _share_of_links)
    if "name" not in known:
        _claim(names, free, values, "name", _likeness_to_names)
    if "description" not in known:
        _claim(names, free, values, "description", _likeness_to_prose)
    return names


def _claim(
    names: list[str],
    free: list[int],
    values: list[list[str]],
    field: str,
    score: Callable[[list[str]], float],
) -> None:
    """Give the free column that scores best the field's name, if any scores at all."""
    best = max(free, key=lambda n: (score(values[n]), -n), default=None)
    if best is not None and score(values[best]) > 0:
        names[best] = field
        free.remove(best)


def _claim_category(names: list[str], rows: list[list[str]]) -> None:
    """Call the column that sorts the rows the category, if one does."""
    free = [n for n, name in enumerate(names) if not field_of(name) and _may_sort(name)]
    values = [
        [row[n].strip() for row in rows if n < len(row)] for n in range(len(names))
    ]
    _claim(names, free, values, "category", _likeness_to_categories)


def _may_sort(header: str) -> bool:
    return _NO_CATEGORIES.isdisjoint(re.findall(r"[^\W_]+", header.casefold()))


def _likeness_to_categories(values: list[str]) -> float:
    """Return how often short texts repeat; of what is no category, 0."""
    filled = [value for value in values if value]
    different = {value.casefold() for value in filled}
    if len(filled) < max(_FEWEST_SORTED, 0.8 * len(values)):
        return 0.0
    if not 2 <= len(different) <= min(_MOST_CATEGORIES, len(filled) // 2):
        return 0.0
    if not all(map(_is_category, different)):
        return 0.0
    return 1 - len(different) / len(filled)


def _is_category(value: str) -> bool:
    return (
        len(value) <= _PLAIN_COLUMN
        and len(value.split()) <= _MOST_CATEGORY_WORDS
        and any(map(str.isalpha, value))
        and not as_url(value)
        and not _is_time(value)
        and not is_licence(value)
        and not is_status(value)
        and not _ANSWERS.fullmatch(value)
    )


def _is_time(value: str) -> bool:
    return bool(_TIME.fullmatch(value))


def _share_of_links(values: list[str]) -> float:
    links = sum(bool(as_url(value)) for value in values)
    return links / len(values) if values and links * 2 > len(values) else 0.0


def _likeness_to_names(values: list[str]) -> float:
    words = [v for v in values if v and not as_url(v) and any(map(str.isalpha, v))]
    words = [word for word in words if not _is_time(word)]
    if not words or len(words) * 2 < len(values):
        return 0.0
    unlike = len(set(words)) / len(words)
    length = sum(map(len, words)) / len(words)
    return unlike / (1 + max(0.0, length - 40) / 20) if length < 120 else 0.0


def _likeness_to_prose(values: list[str]) -> float:
    texts = [v for v in values if not as_url(v) and not _is_time(v)]
    length = sum(map(len, texts)) / len(texts) if texts else 0.0
    return length if length >= 15 else 0.0
