"""The data repository: one YAML file and one Markdown body an item, strict out, lenient in.

The format is that of the open-source *ever-works* platform, so that its website templates
can read what we write: docs/reference/data-repository.md has every key. A file that is what
the last run wrote is not parsed: its values stand in the run's own records.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from generation.exceptions import RepositoryError
from generation.git import Reader
from generation.items import Catalogue, Category, Item, Tag
from generation.markup import strip_raw_html
from generation.repositories import File, Masthead
from generation.repositories.documents import (
    base_of,
    fields_of,
    item_document,
    item_of_base,
    read_item,
    text_of,
    texts_of_base,
    without_front_matter,
)
from generation.repositories.labels import (
    KINDS,
    Kind,
    Labels,
    label_file,
    label_path,
    read_labels,
)
from generation.repositories.merge import (
    Texts,
    merge_texts,
    same,
    text_hash,
    tidied,
    unix_lines,
)
from generation.repositories.state import (
    ITEMS,
    LABELS,
    Base,
    ItemRecord,
    LabelRecord,
    Snapshot,
    is_table,
    item_id,
    read_table,
    render_table,
    take_snapshot,
)
from generation.repositories.tombstones import read_tombstones
from generation.repositories.versions import (
    ItemVersion,
    item_version,
    label_version,
    taxonomy_version,
)
from generation.sources.names import name_key
from generation.yaml import InvalidYAML, dump, parse

# What a run wrote itself may be so many times longer than a person's item.
OWN_TIMES = 20
ITEM_PATH = re.compile(r"data/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)\.(yml|yaml)")


class Handmade(NamedTuple):
    """The files of an item of which a person changed at least one.

    `content` and `document` are of the `.yml`; `body_path` is that of the text, whether it
    is there or not. What is no plain file (a link, an executable) is never written to.
    """

    document: Mapping[str, Any]
    content: bytes
    texts: Texts
    body_path: str
    is_document_edited: bool
    is_plain: bool = True


class StoredItem(NamedTuple):
    """An item as it lies in the repository; `by_hand` where its files are not as written."""

    item: Item
    paths: tuple[str, ...]
    record: ItemRecord
    by_hand: Handmade | None = None

    @property
    def edited(self) -> bool:
        return self.by_hand is not None


class Stored(NamedTuple):
    """A data repository, read.

    `tombstones` are of items whose file a person removed, `unreadable` of those whose file
    nobody can read at the moment.
    """

    snapshot: Snapshot
    items: tuple[StoredItem, ...]
    labels: Labels
    tombstones: tuple[ItemRecord, ...]
    unreadable: tuple[ItemRecord, ...]
    warnings: tuple[str, ...]

    @property
    def categories(self) -> tuple[Category, ...]:
        return self.labels.categories

    @property
    def tags(self) -> tuple[Tag, ...]:
        return self.labels.tags

    @property
    def taken_slugs(self) -> set[str]:
        """Slugs of items, of removed items, and of folders that could not be read."""
        folders = {
            path.split("/")[1].lower()
            for path in self.snapshot.tree
            if path.startswith("data/") and path.count("/") > 1
        }
        return folders | {record.slug for record in self.tombstones}

    def version_of(self, slug: str) -> ItemVersion | None:
        """Name the content of an item's files; None where there is no such file."""
        return item_version(self.snapshot.tree, slug)

    @property
    def label_versions(self) -> dict[Kind, str]:
        """Name the content of `categories.yml` and of `tags.yml`."""
        return {kind: label_version(self.snapshot.tree, kind) for kind in KINDS}

    @property
    def taxonomy_version(self) -> str:
        """Name the content of both."""
        return taxonomy_version(self.snapshot.tree)


def read_data(repository: Reader, *, ref: str | None = None) -> Stored:
    """Read everything that a data repository holds, on `main` if nothing else is said.

    An item file that cannot be read is left alone, with a warning. A category or tag file
    that cannot be read ends the run, because ids would no longer resolve.
    """
    snapshot = take_snapshot(repository, ref=ref)
    reader = _Reader(snapshot)
    items = tuple(reader.items())
    snapshot = reader.snapshot
    labels = read_labels(
        snapshot,
        read_table(repository, snapshot.tree, LABELS, LabelRecord.model_validate_json),
    )
    items = tuple(_followed(items, labels))
    ids = {stored.item.id for stored in items}
    present = {stored.item.slug for stored in items}
    missing = [r for slug, r in reader.records.items() if slug not in present]
    lost = [r for r in missing if f"data/{r.slug}/{r.slug}.yml" in snapshot.tree]
    gone = [t for t in read_tombstones(snapshot) if t.slug not in present]
    known = {(tombstone.id, tombstone.slug) for tombstone in gone}
    gone += [
        _tombstone(record)
        for record in missing
        if record not in lost
        and record.id not in ids
        and (record.id, record.slug) not in known
    ]
    return Stored(
        snapshot, items, labels, tuple(gone), tuple(lost), tuple(reader.warnings)
    )


def read_version(stored: Stored, slug: str, version: ItemVersion) -> Item | None:
    """Read an item as it was; None where its files are gone, or hold no item."""
    tree, stem = stored.snapshot.tree, f"data/{slug}/{slug}"
    document = f"{stem}.yml" if f"{stem}.yml" in tree else f"{stem}.yaml"
    text = next((p for p in (f"{stem}.md", f"{stem}.mdx") if p in tree), f"{stem}.md")
    past = {path: blob for path, blob in tree.items() if is_table(path, ITEMS)}
    past[document] = version.document
    if version.text:
        past[text] = version.text
    try:
        items = list(_Reader(stored.snapshot._replace(tree=past)).items())
    except RepositoryError:
        return None
    return items[0].item if items else None


def _followed(items: Iterable[StoredItem], labels: Labels) -> Iterator[StoredItem]:
    """Let the bases of edited items follow labels that were merged or got another id.

    Where the file has followed already, the base has to as well: that it is another label's
    id now is nothing that a person wrote into this item.
    """
    categories, tags = _new_ids(labels.categories), _new_ids(labels.tags)
    for stored in items:
        base = stored.record.base
        if base is None or stored.by_hand is None or not (categories or tags):
            yield stored
            continue
        own = fields_of(stored.by_hand.document)
        update: dict[str, Any] = {}
        if base.category in categories and own["category",] != base.category:
            update["category"] = categories[base.category]
        moved = {tag for tag in base.tags or () if tag in tags} - {*own["tags",]}
        if moved:
            new = (tags[tag] if tag in moved else tag for tag in base.tags or ())
            update["tags"] = tuple(dict.fromkeys(new))
        if update:
            record = stored.record.model_copy(
                update={"base": base.model_copy(update=update)}
            )
            stored = stored._replace(record=record)
        yield stored


def _new_ids(labels: Iterable[Category | Tag]) -> dict[str, str]:
    known = list(labels)
    ids = {label.id for label in known}
    return {
        alias: label.id
        for label in known
        for alias in label.aliases
        if alias not in ids
    }


def _tombstone(record: ItemRecord) -> ItemRecord:
    """Remember of a removed item what names it, and nothing that was written."""
    url = record.base.source_url if record.base else record.url
    return ItemRecord(id=record.id, slug=record.slug, name=record.name, url=url or "")


class _Reader:
    """Reads the items of one snapshot, and follows those that a person moved."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        rows = read_table(
            snapshot.repository, snapshot.tree, ITEMS, ItemRecord.model_validate_json
        )
        self.records = {record.slug: record for record in rows}
        self.warnings: list[str] = []
        self._files = dict(self._item_files())
        self._missing = {s: r for s, r in self.records.items() if s not in self._files}

    def items(self) -> Iterator[StoredItem]:
        self._follow_unchanged()
        tree, repository = self.snapshot.tree, self.snapshot.repository
        bodies = [body for _, body in self._files.values() if body in tree]
        read_from = self.snapshot.as_written
        texts = dict(zip(bodies, repository.read(map(read_from, bodies)), strict=True))
        unread = [s for s in self._files if not self._is_as_written(s)]
        paths = [self._files[slug][0] for slug in unread]
        contents = repository.read(map(read_from, paths))
        documents = dict(zip(unread, contents, strict=True))
        for slug, (path, body) in self._files.items():
            try:
                text = texts[body].decode() if body in tree else None
                if slug in documents:
                    yield self._parsed(slug, path, body, documents[slug], text)
                else:
                    yield self._as_written(slug, path, body, text or "")
            except (InvalidYAML, UnicodeDecodeError, TypeError, ValueError) as exc:
                reason = exc if isinstance(exc, InvalidYAML) else "it is not an item"
                self.warnings.append(f"{path} was left alone and out: {reason}")

    def _item_files(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Name the two files of each item, by its slug."""
        tree = self.snapshot.tree
        slugs: set[str] = set()
        # Before ".yml" in the order of names, ".yaml" would win.
        for path in sorted(tree, key=lambda path: (path.endswith(".yaml"), path)):
            match = ITEM_PATH.fullmatch(path)
            if match is None:
                continue
            slug, name, ending = match.groups()
            if slug != name or slug in slugs:
                self.warnings.append(
                    f"{path} was left out: an item is the file data/{slug}/{slug}.yml"
                )
                continue
            slugs.add(slug)
            body = path.removesuffix(ending) + "md"
            # What other tools keep as MDX is a text as well.
            if body not in tree and f"{body}x" in tree:
                body += "x"
            yield slug, (path, body)

    def _is_as_written(self, slug: str) -> bool:
        """Both files are what the last run wrote, with one text, and its values are known."""
        path, body = self._files[slug]
        record = self.records.get(slug)
        return (
            record is not None
            and record.base is not None
            and record.base.body is None
            and not self.snapshot.is_edited(path)
            and body in self.snapshot.tree
            and not self.snapshot.is_edited(body)
        )

    def _as_written(self, slug: str, path: str, body: str, text: str) -> StoredItem:
        record = self.records[slug]
        assert record.base is not None
        item = item_of_base(slug, record.base, text, key=record.id)
        return StoredItem(item, (path, body), record)

    def _parsed(
        self, slug: str, path: str, body: str, content: bytes, text: str | None
    ) -> StoredItem:
        snapshot = self.snapshot
        # What we wrote ourselves is no bomb.
        times = 1 if snapshot.is_edited(path) else OWN_TIMES
        document = parse(content, times=times)
        if not isinstance(document, dict):
            raise TypeError("an item is a mapping")
        record = self.records.get(slug) or self._follow(slug, path, document)
        snapshot = self.snapshot
        key = text_of(document.get("markdown")) if "markdown" in document else None
        hashes = texts_of_base(record.base if record else None)
        texts = Texts(
            None if text is None else self._file_text(body, text, hashes.file),
            None if key is None else self._key_text(path, key, hashes.key),
        )
        text, snapshot = texts.file, self.snapshot
        paths = (path, body) if text is not None else (path,)
        is_edited = snapshot.is_edited(path)
        is_body_edited = snapshot.is_edited(body) or snapshot.is_deleted(body)
        is_torn = record is not None and record.base and record.base.body is not None
        if not is_edited and not is_body_edited and not is_torn:
            item = read_item(slug, document, text or key or "", key="")
            record = record or _own_record(item, item.source_url)
            item = item.model_copy(update={"id": record.id})
            if record.base is None and text is not None:
                record = record.model_copy(update={"base": base_of(item)})
            return StoredItem(item, paths, record)
        if record is not None and record.base is None:
            base = self._earlier_base(path, body)
            record = record.model_copy(update={"base": base})
        bases = texts_of_base(record.base if record else None)
        merged = merge_texts(bases, texts, None, clean=strip_raw_html)
        item = read_item(slug, document, merged.text, key="")
        record = record or _own_record(item, item.source_url)
        item = item.model_copy(update={"id": record.id})
        is_plain = not any(" " in snapshot.tree[path] for path in paths)
        by_hand = Handmade(document, content, texts, body, is_edited, is_plain)
        return StoredItem(item, paths, record, by_hand)

    def _file_text(self, body: str, text: str, base: str | None) -> str:
        """Give the text of a file: as it was written, where nobody edited it."""
        if not self.snapshot.is_edited(body):
            return text
        unix = unix_lines(text)
        for written in (text, unix, tidied(text)):
            if text_hash(written) == base:
                # Its blob is not known any more, or is another run's.
                respaced = self.snapshot.respaced | {body}
                self.snapshot = self.snapshot._replace(respaced=respaced)
                return written
        shown = without_front_matter(unix)
        if shown != unix:
            self.warnings.append(
                f"{body} begins with front matter (---), which is not read: move its "
                f"keys to {body.rpartition('.')[0]}.yml"
            )
        return shown

    def _key_text(self, path: str, text: str, base: str | None) -> str:
        """The same of the copy in an item's document."""
        if base is None or text_hash(text) == base or not self.snapshot.is_edited(path):
            return text
        if text_hash(tidied(text)) == base:
            return tidied(text)
        blob = self.snapshot.written.get(path)
        [content] = self.snapshot.repository.find([blob]) if blob else [b""]
        try:
            document = parse(content or b"", times=OWN_TIMES)
        except InvalidYAML:
            return text
        before = text_of(document.get("markdown")) if isinstance(document, dict) else ""
        return before if tidied(before) == tidied(text) else text

    def _earlier_base(self, path: str, body: str) -> Base | None:
        """Find what was written by an earlier version, which remembered blob ids only."""
        blobs = [self.snapshot.written.get(path), self.snapshot.written.get(body)]
        if None in blobs:
            return None
        found = self.snapshot.repository.find(filter(None, blobs))
        content, text = found
        if content is None or text is None:
            return None
        try:
            document = parse(content, times=OWN_TIMES)
            return base_of(read_item("", document, text.decode(), key=""))
        except (InvalidYAML, UnicodeDecodeError, TypeError, ValueError):
            return None

    def _follow_unchanged(self) -> None:
        """Take a file that lies elsewhere now, byte for byte, for the item that it was."""
        tree, written = self.snapshot.tree, self.snapshot.written
        blobs: dict[str, list[str]] = {}
        for slug in self._missing:
            if blob := written.get(f"data/{slug}/{slug}.yml"):
                blobs.setdefault(blob, []).append(slug)
        if not blobs:
            return
        for slug, (path, _) in self._files.items():
            if slug in self.records or path in written:
                continue
            if old := blobs.get(tree[path]):
                self._move(old.pop(), slug)

    def _follow(
        self, slug: str, path: str, document: Mapping[str, Any]
    ) -> ItemRecord | None:
        """Take a file with the link of an item that is gone for that item."""
        if not self._missing or path in self.snapshot.written:
            return None
        url, name = text_of(document.get("source_url")), text_of(document.get("name"))
        if not url:
            return None
        for key in (item_id(url, name_key(name)), item_id(url)):
            for old, record in self._missing.items():
                if record.id == key:
                    return self._move(old, slug)
        return None

    def _move(self, old: str, slug: str) -> ItemRecord:
        record = self._missing.pop(old).model_copy(update={"slug": slug})
        del self.records[old]
        self.records[slug] = record
        written = dict(self.snapshot.written)
        for ending in ("yml", "md"):
            if blob := written.pop(f"data/{old}/{old}.{ending}", None):
                written[f"data/{slug}/{slug}.{ending}"] = blob
        self.snapshot = self.snapshot._replace(written=written)
        return record


def _own_record(item: Item, url: str) -> ItemRecord:
    return ItemRecord(id=item_id(url), slug=item.slug, name=item.name)


def render_data(
    catalogue: Catalogue,
    masthead: Masthead,
    *,
    prompt: str = "",
    slugs: Collection[str] | None = None,
    tree: Mapping[str, str] | None = None,
) -> Iterator[File]:
    """Write a catalogue as files; of items only those of `slugs`, if they are given."""
    config = dump(_config(catalogue, masthead, prompt))
    yield File(".works/works.yml", config)
    yield File("README.md", _readme(masthead))
    categories = label_file(catalogue.categories)
    yield File(label_path(tree or {}, "categories"), categories)
    yield File("config.yml", config)
    for item in sorted(catalogue.items, key=lambda item: item.slug):
        if slugs is None or item.slug in slugs:
            folder = f"data/{item.slug}/{item.slug}"
            yield File(f"{folder}.md", body_file(item.markdown))
            yield File(f"{folder}.yml", dump(item_document(item)))
    yield File(label_path(tree or {}, "tags"), label_file(catalogue.tags))


def as_spelled(snapshot: Snapshot, file: File) -> File:
    """Keep the bytes of one of our YAML files that says the same as the one to be written.

    What quotes and signs are written has changed between versions, and may again: that is
    no reason to change a file.
    """
    path, content = file
    if (
        not path.endswith(".yml")
        or path not in snapshot.tree
        or snapshot.is_edited(path)
        or not snapshot.differs(file)
    ):
        return file
    [before] = snapshot.repository.read([snapshot.as_written(path)])
    try:
        documents = [parse(text, times=OWN_TIMES) for text in (before, content)]
    except InvalidYAML:
        return file
    return File(path, before) if same(*documents) else file


def render_records(
    records: Iterable[ItemRecord], labels: Iterable[LabelRecord] = ()
) -> list[File]:
    rows = [
        record.model_dump(exclude_defaults=True) | {"id": record.id}
        for record in records
    ]
    label_rows = [record.model_dump(exclude_defaults=True) for record in labels]
    return [
        *render_table(ITEMS, rows, key=lambda row: row["id"] + row["slug"]),
        *render_table(LABELS, label_rows, key=lambda row: f"{row['kind']} {row['id']}"),
    ]


def body_file(markdown: str) -> bytes:
    return f"{markdown}\n".encode() if markdown else b""


def _config(catalogue: Catalogue, masthead: Masthead, prompt: str) -> dict[str, Any]:
    """Build the document of `config.yml`. No time of a run goes into it, only items'."""
    years = [
        item.updated_at[:4]
        for item in catalogue.items
        if item.updated_at[:4].isdecimal() and len(item.updated_at) >= 4
    ]
    document: dict[str, Any] = {
        "name": masthead.name,
        "company_name": masthead.company_name or masthead.name,
        "content_table": True,
        "item_name": "Item",
        "items_name": "Items",
        "pagination": {"type": "standard", "itemsPerPage": 12},
    }
    if masthead.description:
        document["description"] = masthead.description
    if masthead.company_website:
        document["company_website"] = masthead.company_website
    if years:
        document["copyright_year"] = int(max(years))
    if prompt:
        document["metadata"] = {"initial_prompt": prompt}
    return document | masthead.config


def _readme(masthead: Masthead) -> bytes:
    return f"""\
# Data of {masthead.name}

One folder an item under `data/`: `<slug>.yml` holds its fields, `<slug>.md` its text.
`categories.yml` and `tags.yml` name what the items refer to, `config.yml` describes the
directory, and `.works/works.yml` is the same document for tools that look there.

Edit any file by hand. The next run sees which fields you changed, keeps them as they are and
goes on with the others. What you delete is not added again: `.gazetteer/tombstones.yml` lists
it, and what you take out of that list comes back. `.gazetteer/decisions.yml`, if you make one,
says which items are the same and which are not. The rest of `.gazetteer/` is the run's memory:
leave it.
""".encode()
