"""A run is taken back in all three repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from directories.exceptions import NotPossible
from directories.models import Directory, GenerationRun
from directories.services import editing, execution, proposals
from directories.services.editing import How, change_items, undo_run
from directories.services.proposing import repositories_of
from generation.editing.operations import UpdateItem
from tests.directories.api.conftest import client_of
from tests.directories.makers import start
from tests.generation.test_orchestrator import commit_by_hand, files

pytestmark = pytest.mark.django_db(transaction=True)

HORIZONTAL = "data/horizontal/horizontal.yml"
LONGER = """\
# Clocks

## Sundials

- [Horizontal](https://example.org/horizontal) - Lies in the grass. `slate`
- [Vertical](https://example.org/vertical) - Hangs on a wall.

## Sand clocks

- [Egg timer](https://example.org/egg) - For eggs.
"""


def trees(directory: Directory) -> list[str]:
    found = repositories_of(directory).values()
    return [repository.tree_id(repository.head() or "") for repository in found]


@pytest.fixture
def twice(generated: Directory) -> tuple[Directory, GenerationRun, list[str]]:
    """A directory that was generated twice, the second run, and the trees before it."""
    before = trees(generated)
    run = start(generated, text=LONGER)
    execution.execute(run)
    run.refresh_from_db()
    generated.refresh_from_db()
    assert trees(generated) != before
    return generated, run, before


def test_all_three_are_as_they_were(
    twice: tuple[Directory, GenerationRun, list[str]],
) -> None:
    directory, run, before = twice

    undo_run(run, How(directory.owner))

    assert trees(directory) == before
    directory.refresh_from_db()
    assert directory.items_count == 3
    assert run.log.filter(message="ada took this run back").exists()


def test_the_first_run_can_be_taken_back(directory: Directory) -> None:
    run = start(directory)
    execution.execute(run)
    run.refresh_from_db()

    undo_run(run, How(directory.owner))

    directory.refresh_from_db()
    assert directory.items_count == 0
    repository = repositories_of(directory)["data"]
    assert repository.tree(repository.head() or "") == {}


def test_a_later_edit_stops_it_or_stays(
    twice: tuple[Directory, GenerationRun, list[str]], git_root: Path
) -> None:
    directory, run, _ = twice
    mine = UpdateItem(slug="horizontal", description="Mine.")
    change_items(directory, [mine], How(directory.owner))

    with pytest.raises(NotPossible, match="would lose that") as refused:
        undo_run(run, How(directory.owner))
    undo_run(run, How(directory.owner), keep_edits=True)

    # The text of its page repeats the description, and so is lost with it.
    pointers = {error["pointer"] for error in refused.value.extensions["errors"]}
    assert pointers == {f"/{HORIZONTAL}", f"/{Path(HORIZONTAL).with_suffix('.md')}"}
    assert "Mine." in files(git_root)[HORIZONTAL]
    assert "data/egg-timer/egg-timer.yml" not in files(git_root)


def test_it_can_be_proposed(
    twice: tuple[Directory, GenerationRun, list[str]],
) -> None:
    directory, run, _ = twice
    before = trees(directory)

    edited = undo_run(run, How(directory.owner, as_proposal=True))

    assert trees(directory) == before
    assert edited.revised is not None
    assert edited.revised.proposal is not None
    assert edited.revised.proposal.origin == "undo"


@pytest.mark.parametrize("merge", [False, True])
def test_an_accepted_proposal_is_taken_back(directory: Directory, merge: bool) -> None:
    run, before = proposed(directory)
    accept(run, merge=merge)
    assert trees(directory) != before

    undo_run(run, How(directory.owner))

    assert trees(directory) == before


def test_what_was_accepted_in_parts_is_taken_back_as_one(directory: Directory) -> None:
    run, before = proposed(directory)
    accept(run, items=["egg-timer"])
    with pytest.raises(NotPossible, match="still open"):
        undo_run(run, How(directory.owner))
    accept(run)

    undo_run(run, How(directory.owner))

    assert trees(directory) == before


def test_parts_with_an_edit_between_are_not_taken_back(directory: Directory) -> None:
    run, _ = proposed(directory)
    accept(run, items=["egg-timer"])
    edit = UpdateItem(slug="vertical", description="Leans.")
    change_items(directory, [edit], How(directory.owner))
    accept(run)

    with pytest.raises(NotPossible, match="in between"):
        undo_run(run, How(directory.owner))


def test_what_was_never_accepted_is_not_undone(directory: Directory) -> None:
    run, _ = proposed(directory)
    proposals.reject(run.proposals.get(), user=directory.owner)

    with pytest.raises(NotPossible, match="not accepted"):
        undo_run(run, How(directory.owner))


def test_a_proposal_of_several_runs_is_undone_by_the_last(directory: Directory) -> None:
    run, before = proposed(directory)
    text = LONGER.replace("For eggs.", "For boiled eggs.")
    later, _ = proposed(directory, text=text, first=False)
    accept(later)

    with pytest.raises(NotPossible, match="later run"):
        undo_run(run, How(directory.owner))
    undo_run(later, How(directory.owner))

    assert trees(directory) == before


def proposed(
    directory: Directory, *, text: str = LONGER, first: bool = True
) -> tuple[GenerationRun, list[str]]:
    """A run that was put up for review, and the trees that it was to change."""
    if first:
        execution.execute(start(directory))
    before = trees(directory)
    run = start(directory, text=text, update_with_pull_request=True)
    execution.execute(run)
    run.refresh_from_db()
    return run, before


def accept(
    run: GenerationRun, *, items: list[str] | None = None, merge: bool = False
) -> None:
    owner = run.directory.owner
    proposals.accept(run.proposals.get(), user=owner, items=items, merge=merge)


def test_what_published_nothing_is_not_undone(generated: Directory) -> None:
    same = start(generated)
    execution.execute(same)
    same.refresh_from_db()
    waiting = start(generated)

    with pytest.raises(NotPossible, match="changed nothing"):
        undo_run(same, How(generated.owner))
    with pytest.raises(NotPossible, match="published nothing"):
        undo_run(waiting, How(generated.owner))


def test_the_api_undoes_only_ones_own(
    twice: tuple[Directory, GenerationRun, list[str]], stranger: User
) -> None:
    directory, run, before = twice
    url = f"/api/runs/{run.pk}/undo/"

    refused = client_of(stranger).post(url, {}, format="json")
    rehearsed = client_of(directory.owner).post(
        f"{url}?dry_run=true", {}, format="json"
    )
    unchanged = trees(directory)
    done = client_of(directory.owner).post(url, {}, format="json")

    assert refused.status_code == 404
    assert rehearsed.json()["dry_run"] is True
    assert unchanged != before
    assert done.status_code == 200
    assert trees(directory) == before


def test_somebody_elses_edit_waits_as_a_proposal(
    generated: Directory, stranger: User
) -> None:
    before = trees(generated)

    edited = change_items(
        generated,
        [UpdateItem(slug="vertical", description="Leans.")],
        How(stranger, as_proposal=False),
    )

    assert trees(generated) == before
    assert edited.revised is not None
    assert edited.revised.proposal is not None


def test_what_cannot_be_read_is_said(generated: Directory, git_root: Path) -> None:
    commit_by_hand(git_root, {"categories.yml": "{"})

    with pytest.raises(NotPossible, match=r"categories.yml .* cannot be read"):
        editing.read(generated)


def test_the_client_is_told_what_the_body_may_hold(
    twice: tuple[Directory, GenerationRun, list[str]],
) -> None:
    directory, run, _ = twice

    answer = client_of(directory.owner).post(
        f"/api/runs/{run.pk}/undo/", {"keep": True}, format="json"
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/keep"
