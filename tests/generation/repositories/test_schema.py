"""The schema in the documentation is that of the models, and what is written obeys it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from config.env import CHECKOUT
from generation.items import Item
from generation.orchestrator import generate
from generation.repositories.documents import item_document
from generation.repositories.schema import (
    CategoryEntry,
    ConfigDocument,
    FileRow,
    ItemDocument,
    TagEntry,
    render_schema,
)
from generation.repositories.state import ItemRecord, LabelRecord
from generation.yaml import parse
from tests.fakes import make_host, make_run
from tests.generation.test_orchestrator import files

SCHEMA = CHECKOUT / "docs/reference/data-repository.schema.json"
EXAMPLE = CHECKOUT / "examples/open-source-time-tracking/sources"
REFERENCE = CHECKOUT / "docs/reference/data-repository.md"


def test_the_documented_schema_is_that_of_the_models() -> None:
    assert SCHEMA.read_text() == render_schema(), (
        "write it anew: python -m generation.repositories.schema"
    )


def test_what_the_example_makes_obeys_the_schema(tmp_path: Path) -> None:
    documents = [(path.name, path.read_text()) for path in sorted(EXAMPLE.iterdir())]
    generate(make_run(*documents), make_host(tmp_path))
    data = files(tmp_path)

    rows = {name: data[f".gazetteer/{name}.jsonl"] for name in ("files", "items")}
    items = [p for p in data if p.startswith("data/") and p.endswith(".yml")]
    for path in items:
        ItemDocument.model_validate(parse(data[path].encode()), strict=True)
    assert len(items) > 20
    categories = parse(data["categories.yml"].encode())
    assert TypeAdapter(list[CategoryEntry]).validate_python(categories, strict=True)
    tags = parse(data["tags.yml"].encode())
    assert TypeAdapter(list[TagEntry]).validate_python(tags, strict=True)
    ConfigDocument.model_validate(parse(data["config.yml"].encode()), strict=True)
    assert [FileRow.model_validate_json(row) for row in rows["files"].splitlines()]
    for row in rows["items"].splitlines():
        assert ItemRecord.model_validate_json(row).base is not None
    for row in data[".gazetteer/labels.jsonl"].splitlines():
        LabelRecord.model_validate_json(row)


def test_the_example_of_the_reference_obeys_the_schema() -> None:
    text = REFERENCE.read_text().split("```yaml\n")[1].split("```")[0]

    assert ItemDocument.model_validate(parse(text.encode())).name == "Kimai"


def test_a_document_that_breaks_the_rules_is_refused() -> None:
    with pytest.raises(ValidationError, match="updated_at"):
        ItemDocument.model_validate({"name": "A", "updated_at": "2026-11-22"})


def test_every_key_that_is_written_is_in_the_schema() -> None:
    item = Item(
        id="1",
        slug="a",
        name="A",
        description="d",
        source_url="https://example.org",
        category="c",
        tags=("t",),
        updated_at="2026-11-22 12:00",
        featured=True,
        order=1,
        markdown="text",
        meta={"license": "MIT"},
    )

    assert set(item_document(item)) == set(ItemDocument.model_fields)
    assert json.loads(SCHEMA.read_text())["$defs"]["ItemDocument"]
