"""Whole runs over real lists: what must hold whatever the list is."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generation.contract.request import DocumentReference, GenerationRequest
from generation.exceptions import NothingFound
from generation.git import Repository
from generation.orchestrator import generate
from generation.repositories.data import read_data
from generation.sources.urls import canonical_url
from tests.fakes import FakeOperations, make_host, make_run

CORPUS = Path(
    os.environ.get("GAZETTEER_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")
)
CASES = sorted(path.name for path in (CORPUS / "extract").glob("*"))

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not CASES, reason="no corpus: name its folder in GAZETTEER_CORPUS"
    ),
]


def run_of(case: str) -> FakeOperations:
    folder = CORPUS / "extract" / case
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    operations = make_run(("placeholder.md", "- [A](https://example.org) - B."))
    references = []
    for source in truth["sources"]:
        content = (folder / source["file"]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        operations.documents[digest] = content
        references.append(
            DocumentReference(
                sha256=digest,
                name=source["file"],
                url=source.get("url"),
                media_type=source.get("content_type") or "",
                size=len(content),
            )
        )
    request = GenerationRequest(name="Clocks", source_documents=tuple(references))
    operations.context = operations.context.model_copy(update={"request": request})
    return operations


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_over_a_real_list_is_silent(case: str, tmp_path: Path) -> None:
    operations = run_of(case)
    host = make_host(tmp_path)
    try:
        first = generate(operations, host)
    except NothingFound:
        pytest.skip(f"{case}: no reader understands it yet")
    later = operations.context.clock + timedelta(days=9)
    operations.context = operations.context.model_copy(update={"clock": later})

    second = generate(operations, host)

    assert [
        repository.changed_files for repository in second.repositories.values()
    ] == [0] * 3
    assert second.items.unchanged == first.items.total
    assert_sound(tmp_path, operations)


def assert_sound(root: Path, operations: FakeOperations) -> None:
    """Ids resolve, and no link was invented."""
    stored = read_data(Repository(root / "ada" / "clocks-data.git"))
    categories = {category.id for category in stored.categories}
    tags = {tag.id for tag in stored.tags}
    assert stored.warnings == ()
    for item in (stored_item.item for stored_item in stored.items):
        assert item.category in categories
        assert tags.issuperset(item.tags)
        assert canonical_url(item.source_url)
