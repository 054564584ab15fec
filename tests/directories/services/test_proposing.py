"""What is reviewed waits on a branch of its own: runs and edits by proposal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from directories.models import Directory, GenerationRun, Proposal, RunState
from directories.operations import DatabaseDirectoryOperations
from directories.services import execution, runs
from directories.services.editing import How, change_items
from directories.services.proposing import repositories_of
from directories.services.requests import build_request
from directories.services.revisions import revise
from generation.contract.commands import Command, PublishBegin, Reply
from generation.editing.operations import AddItem, RemoveItem
from generation.exceptions import RunRefused
from generation.git import MAIN
from generation.orchestrator import generate
from generation.report import Report
from generation.repositories.revision import Revision
from generation.tasks.directory_generation import host
from tests.directories.makers import document
from tests.directories.services.test_revisions import HORIZONTAL, rename
from tests.fakes import CLOCKS
from tests.generation.test_orchestrator import commit_by_hand, files, heads

CANDLE = "- [Candle](https://example.org/candle) - Burns down.\n"
LONGER = CLOCKS + CANDLE
FIRST = "refs/heads/gazetteer/proposal-1"


def start_with(
    directory: Directory, text: str = LONGER, **fields: Any
) -> GenerationRun:
    directory.refresh_from_db()
    return runs.start(
        directory,
        build_request(directory, fields, documents=[document(text)]),
        trigger=GenerationRun.Trigger.COMMAND,
        user=directory.owner,
        documents=[document(text)],
    )


def run_with(directory: Directory, text: str = LONGER, **fields: Any) -> GenerationRun:
    run = start_with(directory, text, **fields)
    execution.execute(run)
    run.refresh_from_db()
    return run


def propose(directory: Directory, text: str = LONGER) -> Proposal:
    return run_with(directory, text, update_with_pull_request=True).proposals.get()


def branches(directory: Directory, ref: str = FIRST) -> dict[str, str]:
    found = {kind: r.head(ref) for kind, r in repositories_of(directory).items()}
    return {kind: head for kind, head in found.items() if head}


def on_branch(directory: Directory, kind: str = "data", ref: str = FIRST) -> set[str]:
    repository = {str(k): r for k, r in repositories_of(directory).items()}[kind]
    return set(repository.tree(repository.head(ref) or ""))


def test_a_reviewed_run_moves_no_main(generated: Directory, git_root: Path) -> None:
    before = heads(git_root)

    proposal = propose(generated)

    assert heads(git_root) == before
    assert proposal.heads == branches(generated)
    assert set(proposal.heads) == {"data", "list", "website"}
    assert "data/candle/candle.yml" in on_branch(generated)


def test_a_proposal_tells_what_it_is(generated: Directory, git_root: Path) -> None:
    proposal = propose(generated)

    assert (proposal.number, proposal.origin, proposal.state) == (1, "run", "open")
    assert proposal.title == "Add 1 item"
    assert proposal.branch == "gazetteer/proposal-1"
    assert proposal.base == heads(git_root)[0]
    assert proposal.summary | {"files": 0} == {
        "added": 1,
        "changed": 0,
        "removed": 0,
        "files": 0,
    }
    generated.refresh_from_db()
    assert generated.last_pull_request == {
        "branch": "gazetteer/proposal-1",
        "title": "Add 1 item",
        "number": 1,
        "url": "",
    }


def test_a_directory_counts_only_what_was_accepted(generated: Directory) -> None:
    propose(generated)

    generated.refresh_from_db()
    assert generated.items_count == 3


@pytest.mark.parametrize(
    ("switch", "wish", "is_proposed"),
    [
        (False, None, False),
        (True, None, True),
        (True, False, False),
        (False, True, True),
    ],
)
def test_the_wish_of_a_run_overrules_the_switch(
    generated: Directory, switch: bool, wish: bool | None, is_proposed: bool
) -> None:
    generated.review = switch
    generated.save()

    run = run_with(generated, update_with_pull_request=wish)

    assert run.proposals.exists() is is_proposed


def test_a_wish_is_of_one_run(generated: Directory) -> None:
    propose(generated)

    later = run_with(generated, LONGER + CANDLE.replace("andle", "ompass"))

    assert not later.proposals.exists()


def test_what_only_a_run_wants_to_remember_is_not_proposed(
    generated: Directory, git_root: Path
) -> None:
    url = "https://example.org/candle"
    candle = AddItem(name="Candle", source_url=url, category="sundials")
    gone = RemoveItem(slug="vertical", reason="Fell off the wall.")
    change_items(generated, [candle, gone], How(generated.owner))
    before = heads(git_root)

    run = run_with(generated, CLOCKS, update_with_pull_request=True)
    held = heads(git_root)
    direct = run_with(generated, CLOCKS)

    assert run.state == "succeeded"
    assert not Proposal.objects.exists()
    assert held == before
    # Where nobody has to look, it is written at once.
    assert direct.report is not None
    assert heads(git_root)[0] != before[0]
    assert heads(git_root)[1:] == before[1:]


def test_a_run_that_finds_nothing_new_proposes_nothing(generated: Directory) -> None:
    run = run_with(generated, CLOCKS, update_with_pull_request=True)

    assert not Proposal.objects.exists()
    assert branches(generated) == {}
    assert Report.model_validate(run.report).proposal is None


def test_a_later_run_brings_the_open_proposal_up_to_date(generated: Directory) -> None:
    first = propose(generated)
    before = branches(generated)

    second = propose(generated, LONGER + CANDLE.replace("andle", "ompass"))

    assert second.pk == first.pk
    assert second.title == "Add 2 items"
    assert on_branch(generated) >= {
        "data/candle/candle.yml",
        "data/compass/compass.yml",
    }
    # No branch is ever forced, not even one of ours.
    assert all(
        repository.contains(before[kind], branch=FIRST)
        for kind, repository in repositories_of(generated).items()
    )


def test_what_a_person_put_on_the_branch_is_left_to_them(generated: Directory) -> None:
    propose(generated)
    data = repositories_of(generated)["data"]
    head = data.head(FIRST)
    data.move(FIRST, new=data.head(), old=head)

    second = propose(generated)

    assert second.number == 2
    assert data.head(FIRST) == data.head()


def test_a_proposal_that_has_become_pointless_is_closed(
    generated: Directory, django_capture_on_commit_callbacks: Any
) -> None:
    proposal = propose(generated)

    with django_capture_on_commit_callbacks(execute=True):
        run_with(generated, CLOCKS, update_with_pull_request=True)

    proposal.refresh_from_db()
    assert (proposal.state, branches(generated)) == ("superseded", {})


def test_the_first_run_of_a_directory_may_be_reviewed(directory: Directory) -> None:
    proposal = propose(directory)

    data = repositories_of(directory)["data"]
    assert (data.head(), proposal.base) == (None, "")
    assert list(data.refs()) == [FIRST]


class Dying(DatabaseDirectoryOperations):
    """Is not heard of again after it has said what it is about to publish."""

    def send(self, *batch: Command) -> Reply:
        reply = super().send(*batch)
        if any(isinstance(command, PublishBegin) for command in batch):
            raise RunRefused("gone")
        return reply


@pytest.mark.parametrize("moved", [(), ("data",), ("data", "list")])
def test_a_half_published_proposal_is_finished(
    generated: Directory, git_root: Path, moved: tuple[str, ...]
) -> None:
    before = heads(git_root)
    run = start_with(generated, update_with_pull_request=True)
    with pytest.raises(RunRefused):
        generate(Dying(run), host())
    run.refresh_from_db()
    assert run.planned_commits is not None
    for kind, repository in repositories_of(generated).items():
        if kind in moved:
            repository.move(FIRST, new=run.planned_commits[kind]["new"], old=None)
    GenerationRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)

    execution.execute(run)

    run.refresh_from_db()
    proposal = run.proposals.get()
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 2)
    assert (proposal.number, proposal.heads) == (1, branches(generated))
    assert set(proposal.heads) == {"data", "list", "website"}
    assert heads(git_root) == before


def test_an_edit_may_wait_for_review(generated: Directory, git_root: Path) -> None:
    before = heads(git_root)

    revised = revise(generated, rename, user=generated.owner, as_proposal=True)

    proposal = revised.proposal
    assert proposal is not None
    assert (proposal.origin, proposal.title) == ("edit", "Rename an item")
    assert proposal.heads == branches(generated) == revised.commits
    assert heads(git_root) == before
    assert "Flat dial" not in files(git_root)[HORIZONTAL]


def test_the_switch_decides_about_an_edit_without_a_wish(generated: Directory) -> None:
    generated.review = True

    waits = revise(generated, rename, user=generated.owner)
    direct = revise(generated, rename, user=generated.owner, as_proposal=False)

    assert waits.proposal is not None
    assert direct.proposal is None


def test_an_edit_of_nothing_proposes_nothing(generated: Directory) -> None:
    revised = revise(
        generated, lambda _: Revision("Nothing"), user=generated.owner, as_proposal=True
    )

    assert not revised.is_changed
    assert not Proposal.objects.exists()


def test_a_number_whose_branch_is_taken_is_passed_over(generated: Directory) -> None:
    data = repositories_of(generated)["data"]
    data.move(FIRST, new=data.head(), old=None)

    revised = revise(generated, rename, user=generated.owner, as_proposal=True)

    assert revised.proposal is not None
    assert revised.proposal.number == 2


def test_main_may_move_under_a_proposal(generated: Directory, git_root: Path) -> None:
    propose(generated)
    commit_by_hand(git_root, {HORIZONTAL: "name: Mine\n"})

    second = propose(generated, LONGER + CANDLE.replace("andle", "ompass"))

    data = repositories_of(generated)["data"]
    assert second.base == data.head(MAIN)
    assert data.contains(data.head(MAIN) or "", branch=FIRST)
