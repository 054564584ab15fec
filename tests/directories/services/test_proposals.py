"""Accepting, rejecting and refreshing proposals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from directories.exceptions import NotNow, NotPossible
from directories.models import Directory
from directories.services import proposals
from directories.services.proposing import repositories_of
from directories.services.revisions import revise
from generation.git import Repository
from generation.git.command import run_git
from generation.repositories.difference import FieldDifference
from generation.yaml import parse
from tests.directories.services.test_proposing import (
    CANDLE,
    FIRST,
    LONGER,
    branches,
    propose,
    run_with,
)
from tests.directories.services.test_revisions import HORIZONTAL, rename
from tests.fakes import CLOCKS
from tests.generation.test_orchestrator import commit_by_hand, files, heads

CHANGED = LONGER.replace("Lies flat in the garden.", "Lies on a stone.")
CANDLE_PATH = "data/candle/candle.yml"


def log(directory: Directory, kind: str = "data") -> str:
    repository = {str(k): r for k, r in repositories_of(directory).items()}[kind]
    return (
        run_git(repository.path, "log", "-1", "--format=%an|%B", "main")
        .decode()
        .strip()
    )


def test_the_difference_is_by_item_and_field(generated: Directory) -> None:
    proposal = propose(generated, CHANGED)

    found = proposals.difference_of(proposal)

    assert [(i.kind, i.slug) for i in found.items] == [
        ("added", "candle"),
        ("changed", "horizontal"),
    ]
    assert found.items[1].fields[0] == FieldDifference(
        "description", "Lies flat in the garden.", "Lies on a stone."
    )
    assert found.summary == proposal.summary


def test_accepting_moves_all_three_by_one_commit(
    generated: Directory, git_root: Path, stranger: User
) -> None:
    proposal = propose(generated)
    before = heads(git_root)

    proposals.accept(proposal, user=stranger)

    after = heads(git_root)
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert CANDLE_PATH in files(git_root)
    assert "[Candle](" in files(git_root, "list")["README.md"]
    assert "Candle" in files(git_root, "website")["index.html"]
    assert (proposal.state, proposal.decided_by) == ("accepted", stranger)
    assert branches(generated) == {}
    assert log(generated).startswith("ada|Add 1 item")
    assert "Accepted-by: bob <bob@example.org>" in log(generated)
    generated.refresh_from_db()
    assert generated.items_count == 4


def test_a_merge_keeps_the_commits_of_the_branch(
    generated: Directory, git_root: Path
) -> None:
    proposal = propose(generated, CHANGED)
    proposed = branches(generated)
    commit_by_hand(git_root, {"pages/about.md": "# About"})
    before = heads(git_root)

    proposals.accept(proposal, user=generated.owner, merge=True)

    for (kind, repository), main in zip(
        repositories_of(generated).items(), before, strict=True
    ):
        parents = (
            run_git(repository.path, "rev-parse", "main^1", "main^2").decode().split()
        )
        assert parents == [main, proposed[kind]]
    assert files(git_root).keys() >= {CANDLE_PATH, "pages/about.md"}
    assert branches(generated) == {}
    assert proposal.commits == [heads(git_root)[0]]


def test_a_merge_takes_all_or_nothing(generated: Directory) -> None:
    with pytest.raises(NotPossible, match="takes all"):
        proposals.accept(
            propose(generated), user=generated.owner, items=["candle"], merge=True
        )


@pytest.mark.parametrize("merge", [False, True])
def test_an_accepted_run_is_one_that_was_made_directly(
    generated: Directory, git_root: Path, merge: bool
) -> None:
    proposals.accept(propose(generated, CHANGED), user=generated.owner, merge=merge)
    before = heads(git_root)

    run = run_with(generated, CHANGED)

    assert run.counts["unchanged"] == 4
    assert heads(git_root) == before


def test_some_items_are_accepted_and_the_rest_stays_open(
    generated: Directory, git_root: Path
) -> None:
    proposal = propose(generated, CHANGED)

    proposals.accept(proposal, user=generated.owner, items=["candle"])

    now = files(git_root)
    assert CANDLE_PATH in now
    assert "Lies flat" in now[HORIZONTAL]
    assert "[Candle](" in files(git_root, "list")["README.md"]
    assert log(generated).startswith("ada|Accept 1 item of proposal 1")
    assert proposal.state == "open"
    assert (proposal.summary["added"], proposal.summary["changed"]) == (0, 1)
    assert proposal.base == heads(git_root)[0]

    proposals.accept(proposal, user=generated.owner, items=["horizontal"])

    assert "Lies on a stone" in files(git_root)[HORIZONTAL]
    assert (proposal.state, branches(generated)) == ("accepted", {})


def test_a_part_of_a_run_stays_the_runs(generated: Directory, git_root: Path) -> None:
    proposal = propose(generated, CHANGED)
    proposals.accept(proposal, user=generated.owner, items=["horizontal"])

    run_with(generated, CHANGED.replace("Lies on a stone.", "Lies on marble."))

    # Nobody edited it by hand, so it goes on following its source.
    assert "Lies on marble" in files(git_root)[HORIZONTAL]


@pytest.mark.parametrize("items", [[], ["vertical"], ["no-such"]])
def test_what_is_not_proposed_is_not_accepted(
    generated: Directory, items: list[str]
) -> None:
    with pytest.raises(NotPossible):
        proposals.accept(propose(generated), user=generated.owner, items=items)


def test_what_main_says_meanwhile_stays(generated: Directory, git_root: Path) -> None:
    proposal = propose(generated, CHANGED)
    text = files(git_root)[HORIZONTAL]
    mine = text.replace("Lies flat in the garden.", "Mine.", 1) + "# my note\n"
    commit_by_hand(git_root, {HORIZONTAL: mine, "pages/about.md": "# About"})

    proposals.accept(proposal, user=generated.owner)

    now = files(git_root)
    assert parse(now[HORIZONTAL].encode())["description"] == "Mine."
    assert "# my note" in now[HORIZONTAL]
    assert now["pages/about.md"] == "# About"
    assert CANDLE_PATH in now
    assert proposal.conflicts == [
        {
            "item": "horizontal",
            "field": "description",
            "ours": "Mine.",
            "theirs": "Lies on a stone.",
        }
    ]


def test_refreshing_brings_the_branch_onto_main(
    generated: Directory, git_root: Path
) -> None:
    proposal = propose(generated)
    old = branches(generated)
    revise(generated, rename, user=generated.owner, as_proposal=False)
    main = heads(git_root)
    assert proposals.is_behind(proposal)

    proposals.refresh(proposal, user=generated.owner)

    assert heads(git_root) == main
    assert not proposals.is_behind(proposal)
    assert proposal.heads == branches(generated)
    assert proposal.summary["changed"] == 0
    data = repositories_of(generated)["data"]
    assert data.contains(main[0] or "", branch=FIRST)
    assert data.contains(old["data"], branch=FIRST)
    [content] = data.read([data.tree(FIRST)[HORIZONTAL]])
    assert parse(content)["name"] == "Flat dial"


def test_a_proposal_that_main_has_anyway_is_closed(generated: Directory) -> None:
    revised = revise(generated, rename, user=generated.owner, as_proposal=True)
    revise(generated, rename, user=generated.owner, as_proposal=False)
    assert revised.proposal is not None

    proposals.refresh(revised.proposal, user=generated.owner)

    assert revised.proposal.state == "superseded"
    assert branches(generated) == {}


def test_a_rejected_proposal_leaves_no_branch(
    generated: Directory, git_root: Path
) -> None:
    proposal = propose(generated)
    before = heads(git_root)

    proposals.reject(proposal, user=generated.owner, reason="Not a clock.")

    assert (proposal.state, proposal.note) == ("rejected", "Not a clock.")
    assert branches(generated) == {}
    assert heads(git_root) == before
    assert proposals.difference_of(proposal).items[0].slug == "candle"


def test_a_decision_is_made_once(generated: Directory) -> None:
    proposal = propose(generated)
    proposals.reject(proposal, user=generated.owner)

    for decide in (proposals.accept, proposals.reject, proposals.refresh):
        with pytest.raises(NotNow, match="rejected already"):
            decide(proposal, user=generated.owner)


def test_accepting_loses_against_a_rejection_at_the_same_moment(
    generated: Directory, git_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = propose(generated)
    before = heads(git_root)
    move = Repository.move

    def late(self: Repository, ref: str, **options: Any) -> None:
        monkeypatch.setattr(Repository, "move", move)
        # Somebody removes the branch when everything is staged.
        for repository in repositories_of(generated).values():
            repository.move(FIRST, new=None, old=repository.head(FIRST))
        move(self, ref, **options)

    monkeypatch.setattr(Repository, "move", late)
    with pytest.raises(NotNow, match="gone"):
        proposals.accept(proposal, user=generated.owner)

    assert heads(git_root) == before
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_what_somebody_pushed_to_the_branch_is_accepted(
    generated: Directory, git_root: Path
) -> None:
    proposal = propose(generated)
    data = repositories_of(generated)["data"]
    commit_by_hand(git_root, {"pages/about.md": "# About"})
    theirs = data.head("refs/heads/eve")
    main = data.head()
    data.move(FIRST, new=theirs, old=data.head(FIRST))
    data.move("refs/heads/main", new=proposal.base, old=main)

    proposals.accept(proposal, user=generated.owner)

    assert "pages/about.md" in files(git_root)
    assert branches(generated) == {}


def test_an_edit_that_was_accepted_is_an_edit_by_hand(
    generated: Directory, git_root: Path
) -> None:
    revised = revise(generated, rename, user=generated.owner, as_proposal=True)
    assert revised.proposal is not None
    proposals.accept(revised.proposal, user=generated.owner)

    run_with(generated, CLOCKS.replace("[Horizontal]", "[Level]"))

    assert parse(files(git_root)[HORIZONTAL].encode())["name"] == "Flat dial"


def test_the_first_run_can_be_accepted(directory: Directory, git_root: Path) -> None:
    proposals.accept(propose(directory, CLOCKS + CANDLE), user=directory.owner)

    assert CANDLE_PATH in files(git_root)
    assert list(repositories_of(directory)["data"].refs()) == ["refs/heads/main"]
