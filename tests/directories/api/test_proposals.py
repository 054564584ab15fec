"""Proposals over the API: the owner's alone, and told item by item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from directories.models import Directory, Proposal
from directories.services.proposing import repositories_of
from tests.directories.conftest import generate
from tests.directories.made import MadeDirectories
from tests.directories.services.test_proposals import CANDLE_PATH, CHANGED
from tests.directories.services.test_proposing import propose
from tests.generation.test_orchestrator import files, heads


@pytest.fixture
def proposal(
    directory: Directory, git_root: Path, made_directories: MadeDirectories
) -> Proposal:
    made_directories.fill(directory, "proposed", generate_and_propose)
    return directory.proposals.get()


def generate_and_propose(directory: Directory) -> None:
    generate(directory)
    propose(directory, CHANGED)


def url(proposal: Proposal, action: str = "") -> str:
    return f"/api/directories/{proposal.directory_id}/proposals/{action}"


def test_proposals_are_listed_newest_first(api: APIClient, proposal: Proposal) -> None:
    answer = api.get(url(proposal)).json()

    assert answer["count"] == 1
    assert answer["results"][0]["title"] == "Add 1 item, update 1 item"
    assert answer["results"][0]["summary"]["added"] == 1
    assert api.get(url(proposal, "?state=accepted")).json()["count"] == 0
    assert api.get(url(proposal, "?state=odd")).status_code == 400


def test_a_proposal_tells_its_difference(api: APIClient, proposal: Proposal) -> None:
    answer = api.get(url(proposal, "1/")).json()

    difference = answer["difference"]
    added, changed = difference["items"]
    assert (added["kind"], added["slug"]) == ("added", "candle")
    assert changed["fields"][0] == {
        "field": "description",
        "before": "Lies flat in the garden.",
        "after": "Lies on a stone.",
    }
    assert difference["is_behind"] is False


@pytest.mark.parametrize("action", ["1/accept/", "1/reject/"])
def test_a_decision_names_the_commit_that_was_looked_at(
    api: APIClient, proposal: Proposal, git_root: Path, action: str
) -> None:
    head = api.get(url(proposal, "1/")).json()["difference"]["head"]
    before = heads(git_root)

    refused = api.post(url(proposal, action), {"head": "0" * 40}, format="json")

    assert (refused.status_code, refused.json()["head"]) == (412, head)
    assert heads(git_root) == before
    assert api.post(url(proposal, action), {"head": head}).status_code == 200


def test_some_items_can_be_accepted(
    api: APIClient, proposal: Proposal, git_root: Path
) -> None:
    answer = api.post(url(proposal, "1/accept/"), {"items": ["candle"]}, format="json")

    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    assert CANDLE_PATH in files(git_root)

    answer = api.post(url(proposal, "1/accept/"))

    assert (answer.json()["state"], answer.json()["decided_by"]) == ("accepted", "ada")


def test_a_merge_keeps_what_was_proposed(api: APIClient, proposal: Proposal) -> None:
    answer = api.post(url(proposal, "1/accept/"), {"method": "merge"}, format="json")

    data = repositories_of(proposal.directory)["data"]
    assert answer.json()["commits"] == [data.head()]
    assert data.contains(proposal.head)


def test_a_proposal_can_be_rejected_once(api: APIClient, proposal: Proposal) -> None:
    first = api.post(url(proposal, "1/reject/"), {"reason": "No."}, format="json")
    second = api.post(url(proposal, "1/reject/"))

    assert (first.json()["state"], first.json()["note"]) == ("rejected", "No.")
    assert second.status_code == 409
    assert second["Content-Type"] == "application/problem+json"


def test_a_proposal_can_be_refreshed(api: APIClient, proposal: Proposal) -> None:
    assert api.post(url(proposal, "1/refresh/")).json()["state"] == "open"


@pytest.mark.parametrize("number", ["2", "99999999999999999999"])
def test_an_unknown_proposal_is_not_found(
    api: APIClient, proposal: Proposal, number: str
) -> None:
    assert api.get(url(proposal, f"{number}/")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": ["vertical"]},
        {"items": "candle"},
        {"items": ["candle"], "method": "merge"},
        {"method": "rebase"},
        {"all": 1},
    ],
)
def test_what_cannot_be_accepted_is_refused(
    api: APIClient, proposal: Proposal, git_root: Path, body: dict[str, Any]
) -> None:
    before = heads(git_root)

    answer = api.post(url(proposal, "1/accept/"), body, format="json")

    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"
    assert heads(git_root) == before


def test_a_stranger_sees_and_decides_nothing(
    strangers_api: APIClient, nobodys_api: APIClient, proposal: Proposal, git_root: Path
) -> None:
    before = heads(git_root)
    posts = ("1/accept/", "1/reject/", "1/refresh/")

    seen = [strangers_api.get(url(proposal, path)) for path in ("", "1/")]
    done = [strangers_api.post(url(proposal, path)) for path in posts]
    unknown = [nobodys_api.post(url(proposal, path)) for path in posts]

    assert {answer.status_code for answer in (*seen, *done)} == {404}
    assert {answer.status_code for answer in unknown} == {401}
    assert heads(git_root) == before


def test_the_switch_is_set(api: APIClient, directory: Directory) -> None:
    path = f"/api/directories/{directory.pk}/"

    assert api.get(path).json()["review"] is False
    assert api.patch(path, {"review": True}, format="json").json()["review"] is True
    assert api.patch(path, {"slug": "other"}, format="json").status_code == 400
    directory.refresh_from_db()
    assert directory.review


def test_a_directory_may_be_made_with_review(api: APIClient) -> None:
    body = {"name": "Tea", "review": True}

    assert api.post("/api/directories/", body, format="json").json()["review"] is True
