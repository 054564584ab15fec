"""Real lists with their truth: floors under what the readers find in them.

The figures are recall and precision of (canonical link), measured before anything is
deduplicated by name; they are set a little below what was measured.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document
from generation.sources.decoding import decode
from generation.sources.urls import canonical_url

CHECKOUT = Path(__file__).resolve().parents[3]
CORPUS = Path(
    os.environ.get("GAZETTEER_CORPUS") or CHECKOUT.parent / "shared" / "corpus"
)

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "extract").is_dir(), reason=f"there is no corpus at {CORPUS}"
    ),
]


def truth_of(case: str) -> Any:
    return json.loads((CORPUS / "extract" / case / "truth.json").read_text("utf-8"))


def read_case(case: str) -> list[Candidate]:
    found: list[Candidate] = []
    for source in truth_of(case)["sources"]:
        content_type = source.get("content_type", "")
        content = (CORPUS / "extract" / case / source["file"]).read_bytes()
        document = Document(
            source=source["url"],
            url=source["url"],
            media_type=content_type.partition(";")[0],
            text=decode(content, content_type=content_type),
        )
        found += read_document(document).candidates
    return found


@pytest.mark.parametrize(
    ("case", "recall", "precision"),
    [
        ("awesome-selfhosted", 0.99, 0.99),
        ("awesome-python", 0.99, 0.98),
        ("awesome-langchain", 0.99, 0.99),
        ("awesome-vector-databases", 0.99, 0.99),
        ("csv", 1.0, 1.0),
        ("json-nested", 1.0, 1.0),
        ("html-table", 1.0, 1.0),
        ("html-cards-flat", 1.0, 1.0),
        ("html-cards-internal", 1.0, 1.0),
        ("html-compare-table", 1.0, 1.0),
        ("html-github-langchain", 0.99, 0.99),
        ("html-github-selfhosted", 0.99, 0.99),
        ("messy-5mb", 0.99, 0.99),
        ("messy-duplicates", 1.0, 1.0),
        ("messy-gb2312", 0.99, 0.99),
        ("messy-latin1", 1.0, 1.0),
        ("messy-reference-links", 1.0, 1.0),
        ("messy-relative-links", 1.0, 1.0),
        ("real-gui-cards", 0.95, 0.99),
        ("real-hdl-boxes", 0.95, 0.97),
    ],
)
def test_links_of_a_list_are_found(case: str, recall: float, precision: float) -> None:
    items = truth_of(case)["items"]
    known = {
        canonical_url(url)
        for item in items
        for url in (item.get("url"), *item.get("urls", ()))
        if url
    }

    found = {canonical_url(candidate.url) for candidate in read_case(case)}

    # An item may have several right links; any of them will do.
    wanted = [
        {canonical_url(url) for url in (item["url"], *item.get("urls", ()))}
        for item in items
        if item.get("url") and not item.get("optional")
    ]
    assert sum(not links.isdisjoint(found) for links in wanted) >= recall * len(wanted)
    assert len(known & found) >= precision * len(found)


@pytest.mark.parametrize("case", ["awesome-selfhosted", "html-table", "json-nested"])
def test_names_and_categories_are_those_of_the_source(case: str) -> None:
    truth = {
        (canonical_url(item["url"]), item["name"]): item["category"]
        for item in truth_of(case)["items"]
        if item.get("url")
    }

    found = {
        (canonical_url(c.url), c.name): c.category or (c.path or c.groups)[-1]
        for c in read_case(case)
    }

    right = sum(found.get(key) == category for key, category in truth.items())
    assert right >= 0.85 * len(truth)


def test_truncated_gzip_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="ends too early"):
        read_case("messy-truncated-gzip")
