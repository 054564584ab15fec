"""The API of people's edits: only the owner's, with pointers to what is wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from directories.api import edits
from directories.models import Directory, Proposal
from tests.directories.api.conftest import client_of
from tests.generation.test_orchestrator import commit_by_hand, files, heads

pytestmark = pytest.mark.django_db(transaction=True)

CANDLE = {
    "name": "Candle",
    "source_url": "https://candles.example.net/",
    "category": "Sundials",
}


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


VERTICAL = "items/vertical/"


def head_of(answer: Any) -> str:
    return str(answer.headers["ETag"])


def test_an_etag_is_one_version_over_both_files(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    one = send(api, "get", url(generated, VERTICAL))
    [listed] = send(api, "get", url(generated, "items/?search=wall")).json()["results"]
    assert head_of(one) == f'"{one.json()["version"]}"'
    assert listed["version"] == one.json()["version"]
    assert head_of(send(api, "get", url(generated, VERTICAL))) == head_of(one)

    commit_by_hand(git_root, {"data/vertical/vertical.md": "Another text.\n"})

    assert head_of(send(api, "get", url(generated, VERTICAL))) != head_of(one)
    other = send(api, "get", url(generated, "items/horizontal/"))
    assert head_of(other) != head_of(one)


@pytest.mark.parametrize("header", ["{}", "W/{}", '"else", {}', "*"])
def test_what_the_caller_has_is_not_sent_again(
    api: APIClient, generated: Directory, header: str
) -> None:
    one = url(generated, VERTICAL)
    tag = head_of(send(api, "get", one))

    answer = api.get(one, headers={"If-None-Match": header.format(tag)})

    assert (answer.status_code, answer.content, head_of(answer)) == (304, b"", tag)
    assert api.get(one, headers={"If-None-Match": '"else"'}).status_code == 200


def test_a_change_names_the_version_it_was_made_for(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    one = url(generated, VERTICAL)
    old = head_of(send(api, "get", one))
    changed = api.patch(one, {"featured": True}, headers={"If-Match": old})
    before = heads(git_root)

    refused = api.patch(one, {"description": "Mine."}, headers={"If-Match": old})
    kept = api.delete(one, {"reason": "Fire."}, headers={"If-Match": old})

    assert changed.status_code == 200
    assert head_of(changed) == head_of(send(api, "get", one)) != old
    assert (refused.status_code, kept.status_code) == (412, 412)
    assert refused["Content-Type"] == "application/problem+json"
    assert f'"{refused.json()["version"]}"' == head_of(changed)
    assert heads(git_root) == before
    for header in (head_of(changed), f'"else", {head_of(changed)}', "*"):
        answer = api.patch(one, {"featured": True}, headers={"If-Match": header})
        assert answer.status_code == 200


def test_a_new_item_comes_with_its_version(
    api: APIClient, generated: Directory
) -> None:
    made = send(api, "post", url(generated), CANDLE)

    assert head_of(made) == head_of(send(api, "get", made.headers["Location"]))
    assert head_of(made) == f'"{made.json()["effects"][0]["version"]}"'


@pytest.mark.parametrize("header", ['"{}"', "*"])
def test_what_is_gone_matches_nothing(
    api: APIClient, generated: Directory, header: str
) -> None:
    one = url(generated, VERTICAL)
    version = send(api, "get", one).json()["version"]
    send(api, "delete", one, {"reason": "Fire."})

    answer = api.patch(
        one, {"featured": True}, headers={"If-Match": header.format(version)}
    )

    assert (answer.status_code, answer.json()["version"]) == (412, None)


@pytest.mark.parametrize("header", ["", "abc", '"abc', '"a" "b"', "*, *", 'w/"a"', ","])
def test_a_condition_that_is_none_is_refused_with_what_to_send(
    api: APIClient, generated: Directory, git_root: Path, header: str
) -> None:
    before = heads(git_root)

    answer = api.patch(
        url(generated, VERTICAL), {"featured": True}, headers={"If-Match": header}
    )

    assert answer.status_code == 400
    assert 'such as If-Match: "' in answer.json()["detail"]
    assert heads(git_root) == before


def test_a_weak_tag_is_no_version(api: APIClient, generated: Directory) -> None:
    one = url(generated, VERTICAL)
    tag = head_of(send(api, "get", one))

    answer = api.patch(one, {"featured": True}, headers={"If-Match": f"W/{tag}"})

    assert answer.status_code == 412


def test_each_of_many_operations_has_a_version_of_its_own(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    listed = send(api, "get", url(generated)).json()["results"]
    versions = {item["slug"]: item["version"] for item in listed}
    send(api, "patch", url(generated, VERTICAL), {"featured": True})
    before = heads(git_root)
    operations = [
        {"action": "update", "slug": slug, "order": 1, "version": versions[slug]}
        for slug in ("horizontal", "vertical", "horizontal")
    ]
    bulk = url(generated, "items/bulk/")

    refused = send(api, "post", bulk, {"operations": operations})

    assert refused.status_code == 412
    [error] = refused.json()["errors"]
    assert error["pointer"] == "/operations/1/version"
    assert heads(git_root) == before

    operations[1]["version"] = error["version"]
    made = send(api, "post", bulk, {"operations": operations})

    assert made.status_code == 200, "the third means what was there before the first"
    for effect in made.json()["effects"]:
        shown = send(api, "get", url(generated, f"items/{effect['id']}/"))
        assert shown.json()["version"] == effect["version"]
    assert (
        api.post(bulk, {"operations": []}, headers={"If-Match": "*"}).status_code == 400
    )


def test_categories_and_tags_have_a_version_each(
    api: APIClient, generated: Directory, git_root: Path
) -> None:
    address = url(generated, "taxonomy/")
    shown = send(api, "get", address)
    old = shown.json()["versions"]
    rename = {
        "action": "rename",
        "kind": "categories",
        "id": "sundials",
        "name": "Dials",
    }
    tag = {"action": "create", "kind": "tags", "name": "Wax", "version": old["tags"]}

    changed = api.post(address, rename, headers={"If-Match": head_of(shown)})
    before = heads(git_root)
    both = api.post(
        address, rename | {"name": "D"}, headers={"If-Match": head_of(shown)}
    )
    stale = send(api, "post", address, rename | {"version": old["categories"]})
    assert heads(git_root) == before
    made = send(api, "post", address, tag)

    new = send(api, "get", address).json()["versions"]
    assert (changed.status_code, made.status_code) == (200, 200)
    assert (both.status_code, stale.status_code) == (412, 412)
    assert stale.json()["errors"][0]["pointer"] == "/version"
    assert both.json()["version"] == new["categories"] != old["categories"]
    assert changed.json()["effects"][0]["version"] == new["categories"]
    answer = api.post(
        address, rename | {"name": "D"}, headers={"If-Match": head_of(changed)}
    )
    assert answer.status_code == 200


def test_what_waits_is_compared_with_main_and_makes_no_version(
    api: APIClient, generated: Directory
) -> None:
    one = url(generated, VERTICAL)
    old = head_of(send(api, "get", one))
    waiting = f"{one}?proposal=true"

    proposed = api.patch(waiting, {"featured": True}, headers={"If-Match": old})
    tried = api.patch(
        f"{one}?dry_run=true", {"featured": True}, headers={"If-Match": old}
    )
    send(api, "patch", one, {"order": 1})
    refused = api.patch(waiting, {"order": 2}, headers={"If-Match": old})

    assert proposed.json()["proposal"] == 1
    for answer in (proposed, tried):
        assert "ETag" not in answer.headers
        assert answer.json()["effects"][0]["version"] is None
    assert (refused.status_code, Proposal.objects.count()) == (412, 1)


def test_of_two_changes_of_one_version_one_is_made(
    owner: User, generated: Directory
) -> None:
    one = url(generated, VERTICAL)
    clients = [client_of(owner), client_of(owner)]
    tag = head_of(clients[0].get(one))
    together = threading.Barrier(2)

    def change(number: int) -> int:
        together.wait(timeout=30)
        try:
            body = {"description": f"By {number}."}
            return (
                clients[number].patch(one, body, headers={"If-Match": tag}).status_code
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(change, range(2)))

    assert sorted(answers) == [200, 412]
    assert clients[0].get(one).json()["description"] == f"By {answers.index(200)}."
