"""A directory goes, and its repositories as its owner says."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from directories.exceptions import NotPossible, RunActive
from directories.models import Directory, GenerationRun
from directories.services import deleting
from directories.services.adopting import Wanted, adopt
from directories.services.deleting import Repositories, delete_directory
from generation.sources.fetch import Fetcher
from tests.directories.api.conftest import client_of
from tests.directories.makers import start
from tests.generation.test_orchestrator import heads

pytestmark = pytest.mark.django_db(transaction=True)


def bare(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*.git")}


NAMES = {"clocks-data.git", "clocks.git", "clocks-website.git"}


@pytest.mark.parametrize("choice", list(Repositories))
def test_the_choice_is_obeyed(
    generated: Directory, git_root: Path, choice: Repositories
) -> None:
    before = heads(git_root)

    deleted = delete_directory(generated, choice)

    assert not Directory.objects.exists()
    assert not GenerationRun.objects.exists()
    kept = set() if choice is Repositories.DELETE else NAMES
    assert {path.name for path in deleted.paths} == kept == bare(git_root)
    is_in_place = choice is Repositories.KEEP
    assert heads(git_root) == (before if is_in_place else [None] * 3)
    assert (git_root / ".deleted").exists() == (choice is not Repositories.KEEP)


def test_never_while_a_run_is_active(generated: Directory, git_root: Path) -> None:
    start(generated)
    before = heads(git_root)

    with pytest.raises(RunActive):
        delete_directory(generated, Repositories.DELETE)

    assert Directory.objects.exists()
    assert heads(git_root) == before


def test_what_fails_half_way_is_put_back(
    generated: Directory, git_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = heads(git_root)
    place = git_root / ".deleted" / "full"
    place.mkdir(parents=True)
    (place / "clocks.git").mkdir()
    (place / "clocks.git" / "file").write_text("in the way")
    monkeypatch.setattr(deleting, "_place", lambda directory: place)

    with pytest.raises(NotPossible, match="nothing was deleted"):
        delete_directory(generated, Repositories.ASIDE)

    assert Directory.objects.exists()
    assert heads(git_root) == before


def test_what_was_kept_can_be_adopted_again(
    generated: Directory, git_root: Path, owner: User
) -> None:
    before = heads(git_root)
    delete_directory(generated, Repositories.KEEP)

    source = str(git_root / "ada" / "clocks-data.git")
    found = adopt(Wanted(source, owner), fetcher=Fetcher())

    assert found.directory is not None
    assert (found.directory.slug, found.directory.items_count) == ("clocks", 3)
    assert heads(git_root) == before


def test_the_api_deletes_ones_own(generated: Directory, stranger: User) -> None:
    url = f"/api/directories/{generated.pk}/"

    refused = client_of(stranger).delete(f"{url}?repositories=delete")
    unclear = client_of(generated.owner).delete(url)
    done = client_of(generated.owner).delete(f"{url}?repositories=aside")

    assert (refused.status_code, unclear.status_code, done.status_code) == (
        404,
        400,
        200,
    )
    assert set(done.json()["repositories"]) == NAMES
