"""The API of people's edits: only the owner's, with pointers to what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from directories.api import edits
from directories.models import Directory
from directories.services import execution
from tests.directories.makers import start
from tests.generation.test_orchestrator import files, heads

pytestmark = pytest.mark.django_db(transaction=True)

CANDLE = {
    "name": "Candle",
    "source_url": "https://candles.example.net/",
    "category": "Sundials",
}


@pytest.fixture
def generated(directory: Directory) -> Directory:
    execution.execute(start(directory))
    directory.refresh_from_db()
    return directory


def url(directory: Directory, rest: str = "items/") -> str:
    return f"/api/directories/{directory.pk}/{rest}"


def send(api: APIClient, verb: str, address: str, body: Any = None) -> Any:
    return getattr(api, verb)(address, body, format="json")


def test_an_item_goes_through_its_life(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    made = send(api, "post", url(generated), CANDLE)
    item = made.headers["Location"]
    changed = send(api, "patch", item, {"description": "Burns."})
    shown = send(api, "get", item)
    removed = send(api, "delete", item, {"reason": "Fire."})

    assert (made.status_code, changed.status_code, removed.status_code) == (
        201,
        200,
        200,
    )
    assert shown.json()["description"] == "Burns."
    assert list(removed.json()["commits"].values()) == heads(git_root)
    assert send(api, "get", item).status_code == 404
    assert "Fire." in files(git_root)[".gazetteer/tombstones.yml"]


def test_items_are_listed_and_searched(api: APIClient, generated: Directory) -> None:
    all_ = send(api, "get", url(generated)).json()
    wall = send(api, "get", url(generated, "items/?search=WALL&limit=1")).json()

    assert all_["count"] == 3
    assert [item["slug"] for item in wall["results"]] == ["vertical"]
    assert wall["results"][0]["sources"][0]["source"] == "clocks.md"


def test_a_dry_run_writes_nothing(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    before = heads(git_root)

    answer = send(api, "post", url(generated, "items/?dry_run=true"), CANDLE)

    assert answer.status_code == 200
    assert answer.json()["dry_run"] is True
    assert answer.json()["effects"][0]["action"] == "add"
    assert heads(git_root) == before


def test_a_duplicate_is_a_problem_with_its_name(
    api: APIClient, generated: Directory
) -> None:
    body = CANDLE | {"source_url": "https://example.org/horizontal"}

    answer = send(api, "post", url(generated), body)

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["duplicate_of"]) == ("/source_url", "horizontal")


def test_many_are_all_or_none(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    before = heads(git_root)
    operations = [
        {"action": "add", **CANDLE},
        {"action": "remove", "slug": "nobody", "reason": "x"},
    ]

    answer = send(
        api, "post", url(generated, "items/bulk/"), {"operations": operations}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/operations/1/slug"
    assert heads(git_root) == before


@pytest.mark.parametrize(
    ("verb", "rest", "body", "pointer"),
    [
        ("post", "items/", {**CANDLE, "colour": "red"}, "/colour"),
        ("post", "items/", {"name": "A"}, "/source_url"),
        ("patch", "items/vertical/", {"tags": "a"}, "/tags"),
        ("delete", "items/vertical/", {}, "/reason"),
    ],
)
def test_what_is_malformed_is_named(
    api: APIClient, generated: Directory, verb: str, rest: str, body: Any, pointer: str
) -> None:
    answer = send(api, verb, url(generated, rest), body)

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_labels_are_listed_and_merged(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    merge = {
        "action": "merge",
        "kind": "categories",
        "ids": ["water-clocks"],
        "into": "sundials",
    }

    answer = send(api, "post", url(generated, "taxonomy/"), merge)
    listed = send(api, "get", url(generated, "taxonomy/")).json()

    assert answer.status_code == 200
    assert [(c["id"], c["items"]) for c in listed["categories"]] == [("sundials", 3)]
    assert "categories/water-clocks/index.html" in files(git_root, "website")
    generated.refresh_from_db()
    assert generated.categories_count == 1


def test_a_page_in_a_private_network_is_not_visited(
    api: APIClient, generated: Directory
) -> None:
    address = url(generated, "items/inspect/")

    answer = send(api, "post", address, {"url": "http://127.0.0.1:1/"})

    assert answer.status_code == 422
    assert "private or reserved" in answer.json()["detail"]


def test_items_go_out_and_come_in(api: APIClient, generated: Directory) -> None:
    out = api.get(url(generated, "export/?as=csv"))
    text = b"".join(out.streaming_content).decode()  # type: ignore[attr-defined]
    more = text + "candle,Candle,Burns.,https://c.example.net/,Fire,,,,,\r\n"

    answer = send(
        api, "post", url(generated, "import/"), {"name": "a.csv", "text": more}
    ).json()
    unknown = api.get(url(generated, "export/?as=xls"))

    assert out["Content-Disposition"] == 'attachment; filename="clocks.csv"'
    assert answer["title"] == "Import 1 item"
    assert len(answer["effects"]) == 4
    assert unknown.status_code == 422


@pytest.mark.parametrize(
    ("verb", "rest"),
    [
        ("post", "import/"),
        ("get", "export/"),
        ("get", "items/"),
        ("post", "items/"),
        ("patch", "items/vertical/"),
        ("delete", "items/vertical/"),
        ("post", "items/bulk/"),
        ("get", "taxonomy/"),
        ("post", "taxonomy/"),
    ],
)
def test_for_others_there_is_nothing(
    strangers_api: APIClient,
    nobodys_api: APIClient,
    generated: Directory,
    verb: str,
    rest: str,
) -> None:
    assert send(strangers_api, verb, url(generated, rest), {}).status_code == 404
    assert send(nobodys_api, verb, url(generated, rest), {}).status_code == 401


def test_no_more_items_are_listed_at_once_than_may_be(
    api: APIClient, generated: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edits.MOST_LISTED == 500
    monkeypatch.setattr(edits, "MOST_LISTED", 1)

    page = send(api, "get", url(generated, "items/?limit=400")).json()

    assert page["count"] > 1
    assert len(page["results"]) == 1
