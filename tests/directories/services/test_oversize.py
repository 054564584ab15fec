"""A person pushes what nobody can read: it is named, and what was published stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from directories.exceptions import NotPossible
from directories.models import Directory, RunState
from directories.services import descriptions, editing, execution, oversize
from directories.services.editing import How
from directories.services.proposing import repositories_of
from directories.services.sites import export_site
from generation.contract.commands import RepositoryKind
from generation.editing.operations import CreateLabel, RemoveItem
from generation.exceptions import RepositoryTooLarge
from generation.git import MAIN, Repository
from tests.directories.api.conftest import client_of
from tests.directories.makers import start
from tests.generation.test_git_limits import blob_bomb, commit_of, git, tree_bomb
from tests.generation.test_orchestrator import heads

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "holds more than 200,000 files and folders. Remove those"


def push_bomb(directory: Directory, kind: RepositoryKind) -> Repository:
    """Put a million folders on `main`, as git takes them from anybody who may push."""
    repository = repositories_of(directory)[kind]
    old = repository.head()
    assert old is not None
    bomb = tree_bomb(repository, levels=6, leaf=git(repository, "mktree"))
    tree = git(repository, "rev-parse", f"{bomb}^{{tree}}")
    identity = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    pushed = git(repository, *identity, "commit-tree", tree, "-p", old, "-m", "Bomb")
    repository.move(MAIN, new=pushed, old=old)
    return repository


def test_run_fails_and_names_what_is_too_large(
    generated: Directory, git_root: Path
) -> None:
    push_bomb(generated, "data")
    before = heads(git_root)

    run = start(generated)
    with pytest.raises(RepositoryTooLarge):
        execution.execute(run)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert REASON in run.error
    assert str(git_root) not in run.error
    assert heads(git_root) == before


def test_edit_fails_and_names_what_is_too_large(
    generated: Directory, git_root: Path
) -> None:
    push_bomb(generated, "data")
    before = heads(git_root)

    with pytest.raises(NotPossible, match=REASON):
        editing.change_items(
            generated,
            [RemoveItem(slug="horizontal", reason="Gone")],
            How(generated.owner),
        )

    assert heads(git_root) == before


@pytest.mark.parametrize("kind", ["data", "list", "website"])
def test_what_is_too_large_is_named_where_the_directory_is_shown(
    generated: Directory, owner: User, kind: RepositoryKind
) -> None:
    User.objects.filter(pk=owner.pk).update(is_staff=True, is_superuser=True)
    browser, page = Client(), f"/admin/directories/directory/{generated.pk}/change/"
    browser.force_login(owner)
    api, address = client_of(owner), f"/api/directories/{generated.pk}/"
    assert api.get(address).json()["problems"] == []
    assert REASON not in browser.get(page).content.decode()

    repository = push_bomb(generated, kind)

    [problem] = api.get(address).json()["problems"]
    assert problem.startswith(f"ada/{repository.path.name} {REASON}")
    assert problem in browser.get(page).content.decode()
    assert "problems" not in api.get("/api/directories/").json()["results"][0]


def test_large_file_is_named_as_well(generated: Directory) -> None:
    repository = repositories_of(generated)["data"]
    old = repository.head()
    blob_bomb(repository, mebibytes=65)

    [problem] = oversize.oversize_of(generated)

    assert repository.head() != old
    assert "holds a file of 65 MiB" in problem


def test_preview_goes_on_showing_what_was_published(
    generated: Directory, owner: User, tmp_path: Path
) -> None:
    browser = Client()
    browser.force_login(owner)
    ticket = browser.get(f"/sites/{generated.namespace}/{generated.slug}/")["Location"]
    before = browser.get(ticket).content

    push_bomb(generated, "website")

    shown = browser.get(ticket)
    assert shown.status_code == 200
    assert shown.content == before
    assert export_site(generated, tmp_path / "site", index=False).files > 3


def test_website_that_was_always_too_large_is_not_shown(
    generated: Directory, tmp_path: Path
) -> None:
    repository = repositories_of(generated)["website"]
    bomb = tree_bomb(repository, levels=6, leaf=git(repository, "mktree"))
    repository.move(MAIN, new=bomb, old=repository.head())

    with pytest.raises(NotPossible, match=REASON):
        export_site(generated, tmp_path / "site", index=False)


def test_proposal_that_is_too_large_is_described_without_its_changes(
    generated: Directory,
) -> None:
    generated.review = True
    generated.save()
    edited = editing.change_items(
        generated, [RemoveItem(slug="horizontal", reason="Gone")], How(generated.owner)
    )
    assert edited.revised is not None
    proposal = edited.revised.proposal
    assert proposal is not None
    data = repositories_of(generated)["data"]
    bomb = tree_bomb(data, levels=6, leaf=git(data, "mktree"))
    data.move(proposal.ref, new=bomb, old=data.head(proposal.ref))

    described = descriptions.describe(proposal)
    answer = client_of(generated.owner).post(
        f"/api/directories/{generated.pk}/proposals/{proposal.number}/accept/"
    )

    assert REASON in described["gone"]
    assert answer.status_code == 422
    assert REASON in answer.json()["detail"]


def test_patches_end_when_they_take_too_long(
    generated: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptions, "COMPARING", -1.0)
    generated.review = True
    generated.save()
    created = CreateLabel(kind="categories", name="Sand")
    edited = editing.change_labels(generated, created, How(generated.owner))
    assert edited.revised is not None
    assert edited.revised.proposal is not None

    described = descriptions.describe(edited.revised.proposal)

    assert described["files"]
    assert {file["patch"] for file in described["files"]} == {
        "It takes too long to compare all files.\n"
    }


def test_commit_of_a_bomb_is_small(generated: Directory) -> None:
    """Else these tests would show nothing that a limit on packs does not show."""
    data = repositories_of(generated)["data"]
    before = sum(path.stat().st_size for path in data.path.rglob("*"))

    commit_of(data, git(data, "mktree"))
    tree_bomb(data, levels=6, leaf=git(data, "mktree"))

    assert sum(path.stat().st_size for path in data.path.rglob("*")) - before < 100_000
