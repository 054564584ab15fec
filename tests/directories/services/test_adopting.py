"""A data repository of somebody else becomes a directory: mended, and nothing lost."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from directories.exceptions import NotNow, NotPossible, SlugTaken
from directories.models import Directory
from directories.services import adopting
from directories.services.adopting import Adoption, Wanted, adopt, look_at
from directories.services.proposing import repositories_of
from generation.exceptions import RepositoryError
from generation.git import MAIN, Commit, Repository
from generation.repositories.checking import check
from generation.repositories.data import read_data
from generation.sources.fetch import Fetcher, FetchLimits
from tests.directories.api.conftest import client_of
from tests.fakes import NOON
from tests.generation.isolated_work import know_munich
from tests.generation.test_git_limits import git, tree_bomb

pytestmark = pytest.mark.django_db(transaction=True)

FETCHER = Fetcher(FetchLimits(allowed_networks=("127.0.0.0/8",)))
WHOLE = """\
name: Kimai
description: Tracks hours.
source_url: https://www.kimai.org/
category: web
tags: [php]
updated_at: '2026-11-22 14:40'
markdown: Tracks hours.
"""
# Every kind of damage that repositories of this format were seen with.
DAMAGED = {
    ".works/works.yml": "company_name: Hours\ndescription: Counted.\n",
    "LICENSE.md": "CC BY-SA 4.0\n",
    "categories.yml": (
        "# Ours\n- id: web\n  name: Web &amp; more\n- id: 2026\n  name: on\n"
        "- id: empty\n  name: Empty\n"
    ),
    "tags.yml": "- id: php\n  name: PHP\n",
    "data/kimai/kimai.yml": WHOLE,
    "data/kimai/kimai.md": "Tracks hours.\n",
    "data/tail/tail.yml": WHOLE.replace("Kimai", "Tail") + "rest: of\n- [an older\n",
    "data/tail/tail.md": "Tail text.\n",
    "data/twice/twice.yml": f"name: Old name\n{WHOLE}colour: red  # kept\n",
    "data/nulls/nulls.yml": WHOLE.replace("Kimai", "Nulls")
    + "brand: null\nimages: null\nfeatured: null\n",
    "data/named/named.yml": WHOLE.replace("Kimai", "Named").replace(
        "category: web", "category: [Desktop Tools, web]"
    ),
    "data/tagged/tagged.yml": WHOLE.replace("Kimai", "Tagged").replace(
        "[php]", "[{id: go, name: Go}, Not Defined]"
    ),
    "data/dated/dated.yml": WHOLE.replace("Kimai", "Dated").replace(
        "'2026-11-22 14:40'", "2026-11-22T14:40:00Z"
    ),
    "data/keyed/keyed.yml": WHOLE.replace("Kimai", "Keyed").replace(
        "Tracks hours.\n", "Only here.\n"
    ),
    "data/filed/filed.yml": WHOLE.replace("Kimai", "Filed").replace(
        "markdown: Tracks hours.\n", ""
    ),
    "data/filed/filed.md": "#Filed\n\nOnly in the file <b>here</b>.\n",
    "data/none/none.yml": "name: None of it\nsource_url: https://none.example.net/\n",
    "data/elsewhere/other.yml": WHOLE.replace("Kimai", "Elsewhere"),
    "data/broken/broken.yml": "name: [\n",
}


# Optional keys without a value mean nothing, and go; a date gets the form of the others.
EMPTY = {"null", "brand:", "images:", "featured:", "2026-11-22T14:40:00Z"}


def commit(path: Path, files: dict[str, str], message: str = "By others") -> Repository:
    repository = Repository(path)
    repository.create()
    old = repository.head()
    contents = {name: text.encode() for name, text in files.items()}
    made = Commit(old, message, "Eve", "eve@example.org", NOON, contents, ())
    repository.move(MAIN, new=repository.write(made, ref="refs/heads/eve"), old=old)
    return repository


def history(repository: Repository) -> list[str]:
    command = ["git", f"--git-dir={repository.path}", "log", "--format=%an: %s", "main"]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()


def contents(repository: Repository) -> dict[str, str]:
    tree = repository.tree(repository.head() or "")
    return {
        path: content.decode()
        for path, content in zip(tree, repository.read(tree.values()), strict=True)
    }


@pytest.fixture
def wanted(tmp_path: Path, owner: User, git_root: Path) -> Wanted:
    source = tmp_path / "elsewhere" / "hours-data.git"
    commit(source, {"data/kimai/kimai.yml": WHOLE}, "First")
    commit(source, DAMAGED, "Damaged")
    return Wanted(str(source), owner, clock=NOON)


def data_of(adoption: Adoption) -> Repository:
    assert adoption.directory is not None
    return repositories_of(adoption.directory)["data"]


def test_a_damaged_repository_is_mended_and_reads_without_loss(wanted: Wanted) -> None:
    found = adopt(wanted, fetcher=FETCHER)

    data = data_of(found)
    stored = read_data(data)
    items = {item.item.slug: item.item for item in stored.items}
    assert items.keys() == {
        *("kimai", "tail", "twice", "nulls", "named", "tagged", "dated", "keyed"),
        *("filed", "none", "elsewhere"),
    }
    assert [(p.path, p.mended) for p in found.left] == [
        ("data/broken/broken.yml", False),
        ("data/dated/dated.yml", False),
    ]
    again = check(data, ref=MAIN, now="2026-11-22 12:00")
    assert [p for p in again.problems if p.mended] == []
    ids = {category.id for category in stored.categories}
    tags = {tag.id for tag in stored.tags}
    assert {item.category for item in items.values()} - ids <= {"Desktop Tools"}
    assert "Desktop Tools" in {category.name for category in stored.categories}
    assert "go" in tags
    assert items["dated"].updated_at == "2026-11-22 14:40"
    assert items["keyed"].markdown == "Only here."
    assert "Only in the file" in items["filed"].markdown


def test_nothing_that_was_written_is_thrown_away(wanted: Wanted) -> None:
    found = adopt(wanted, fetcher=FETCHER)

    files = contents(data_of(found))
    text = "".join(files.values())
    for words in ("# Ours", "colour: red  # kept", "older", "Old name", "CC BY-SA"):
        assert words in text
    assert files["data/broken/broken.yml"] == DAMAGED["data/broken/broken.yml"]
    for name, before in DAMAGED.items():
        for word in set(before.replace("&amp;", "&").split()) - EMPTY:
            assert word.strip("'[],{}") in text, (name, word)


def test_history_is_kept_and_readers_follow(wanted: Wanted) -> None:
    found = adopt(wanted, fetcher=FETCHER)

    assert found.directory is not None
    assert history(data_of(found))[1:] == ["Eve: Damaged", "Eve: First"]
    assert history(data_of(found))[0].startswith("ada: Repair ")
    assert (found.directory.name, found.directory.slug) == ("Hours", "hours")
    assert found.directory.description == "Counted."
    assert found.directory.items_count == 11
    readme = contents(repositories_of(found.directory)["list"])["README.md"]
    assert "Elsewhere" in readme


def test_a_look_writes_nothing(wanted: Wanted, git_root: Path) -> None:
    found = look_at(wanted, fetcher=FETCHER)

    assert (found.items, found.directory) == (11, None)
    assert len(found.problems) > 10
    assert not Directory.objects.exists()
    assert list(git_root.rglob("*.git")) == []


def test_a_plain_folder_is_adopted(tmp_path: Path, owner: User, git_root: Path) -> None:
    folder = tmp_path / "plain"
    for name, text in {"data/kimai/kimai.yml": WHOLE, "categories.yml": ""}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    found = adopt(Wanted(str(folder), owner, slug="hours"), fetcher=FETCHER)

    assert found.directory is not None
    assert found.directory.items_count == 1


@pytest.fixture
def host(wanted: Wanted) -> Iterator[str]:
    """The address at which the repository is served, as files."""
    source = Path(wanted.source)
    handler = partial(SimpleHTTPRequestHandler, directory=str(source.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{source.name}"
        server.shutdown()


def make_servable(repository: Path) -> None:
    subprocess.run(["git", f"--git-dir={repository}", "update-server-info"], check=True)


def test_a_repository_is_adopted_from_a_url(
    wanted: Wanted, host: str, git_root: Path
) -> None:
    make_servable(Path(wanted.source))

    with pytest.raises(NotPossible, match="private or reserved"):
        adopt(wanted._replace(source=host), fetcher=Fetcher())
    found = adopt(wanted._replace(source=host), fetcher=FETCHER)

    assert history(data_of(found))[-1] == "Eve: First"


def test_a_repository_that_is_too_large_is_refused(
    wanted: Wanted, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(wanted.source)
    noise = random.Random(1).randbytes(3 << 20).decode("latin-1")
    commit(source, {"data/noise.bin": noise})
    subprocess.run(["git", f"--git-dir={source}", "gc", "--quiet"], check=True)
    make_servable(source)
    monkeypatch.setattr("generation.git.repository.LARGEST_FETCH", 1 << 20)
    target = Repository(tmp_path / "target.git")
    target.create()

    with pytest.raises(RepositoryError, match="is larger than 1 MiB"):
        target.fetch_all(host, addresses=["127.0.0.1"])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/nowhere/at/all", "there is no folder"),
        ("ssh://example.org/x.git", "only addresses that begin with http"),
        ("ext::sh -c id", "there is no folder"),
        ("file:///etc", "only addresses that begin with http"),
        ("https://me:secret@example.org/x.git", "user name or a password"),
    ],
)
def test_what_cannot_be_adopted_is_refused(
    owner: User, git_root: Path, source: str, reason: str
) -> None:
    with pytest.raises(NotPossible, match=reason):
        adopt(Wanted(source, owner, slug="hours"), fetcher=FETCHER)

    assert not Directory.objects.exists()
    assert not list(git_root.glob(".adopting-*"))


def test_what_is_no_data_repository_leaves_nothing(
    tmp_path: Path, owner: User, git_root: Path
) -> None:
    commit(tmp_path / "list.git", {"README.md": "# A list\n"})

    with pytest.raises(NotPossible, match="there is no folder data/"):
        adopt(Wanted(str(tmp_path / "list.git"), owner), fetcher=FETCHER)

    assert not Directory.objects.exists()
    assert list(git_root.rglob("*.git")) == []


@pytest.fixture
def in_place(owner: User, git_root: Path) -> Repository:
    """A damaged data repository that lies where a directory would have it."""
    return commit(git_root / owner.username / "hours-data.git", DAMAGED)


@pytest.mark.parametrize("is_pushed_to", [False, True])
def test_a_repair_in_place_is_taken_back_unless_somebody_built_on_it(
    owner: User,
    in_place: Repository,
    monkeypatch: pytest.MonkeyPatch,
    is_pushed_to: bool,
) -> None:
    before, theirs = in_place.head(), {"notes.md": "Mine.\n"}

    def fail(*given: object, **wanted: object) -> None:
        if is_pushed_to:
            commit(in_place.path, theirs, "By hand")
        raise NotPossible("no")

    monkeypatch.setattr(adopting, "revise", fail)

    with pytest.raises(NotPossible):
        adopt(Wanted(str(in_place.path), owner, clock=NOON), fetcher=FETCHER)

    assert not Directory.objects.exists()
    assert ("notes.md" in contents(in_place)) is is_pushed_to
    assert (in_place.head() == before) is not is_pushed_to


def test_a_repair_does_not_overwrite_who_was_quicker(
    owner: User, in_place: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = adopting._look
    edited = WHOLE.replace("Tracks hours.", "Counts hours.")

    def look_and_be_late(*given: Any) -> Any:
        found = look(*given)
        commit(in_place.path, {"data/twice/twice.yml": edited}, "By hand")
        return found

    monkeypatch.setattr(adopting, "_look", look_and_be_late)

    with pytest.raises(NotNow, match="try again"):
        adopt(Wanted(str(in_place.path), owner, clock=NOON), fetcher=FETCHER)

    assert contents(in_place)["data/twice/twice.yml"] == edited
    assert "refs/repaired" not in in_place.refs()
    assert not Directory.objects.exists()


def test_repository_that_is_mostly_unreadable_is_adopted_only_if_confirmed(
    tmp_path: Path, owner: User, git_root: Path
) -> None:
    source = tmp_path / "elsewhere" / "broken-data.git"
    broken = {f"data/b{n}/b{n}.yml": "name: [never\nclosed: {\n" for n in range(6)}
    commit(source, {"data/kimai/kimai.yml": WHOLE, **broken}, "First")
    wanted = Wanted(str(source), owner, clock=NOON)

    with pytest.raises(NotPossible, match="6 of 7 entries are left out"):
        adopt(wanted, fetcher=FETCHER)
    assert not Directory.objects.exists()
    assert look_at(wanted, fetcher=FETCHER).doubts

    found = adopt(wanted._replace(confirm=lambda doubts: None), fetcher=FETCHER)
    assert found.directory is not None


def test_the_api_takes_accept_losses_as_a_boolean(owner: User) -> None:
    api = client_of(owner)

    wrong = api.post(
        "/api/directories/adopt/",
        {"url": "https://example.org/x.git", "accept_losses": "perhaps"},
        format="json",
    )

    assert wrong.json()["errors"][0]["pointer"] == "/accept_losses"


def test_a_slug_is_adopted_once(wanted: Wanted) -> None:
    adopt(wanted, fetcher=FETCHER)

    with pytest.raises(SlugTaken):
        adopt(wanted, fetcher=FETCHER)


def test_the_api_adopts_urls_and_no_paths(wanted: Wanted) -> None:
    api = client_of(wanted.owner)

    path = api.post("/api/directories/adopt/", {"url": wanted.source}, format="json")
    private = {"url": "https://127.0.0.1/x.git"}
    refused = api.post("/api/directories/adopt/", private, format="json")

    assert path.status_code == 400
    assert path.json()["errors"][0]["pointer"] == "/url"
    assert refused.status_code == 422
    assert "private" in refused.json()["detail"]


@pytest.mark.parametrize(
    "name", ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example"]
)
def test_a_host_with_a_name_beyond_ascii_is_visited(
    wanted: Wanted, host: str, git_root: Path, name: str
) -> None:
    make_servable(Path(wanted.source))
    source = host.replace("127.0.0.1", name)
    fetcher = Fetcher(FETCHER.limits, resolve=know_munich)
    found = adopt(wanted._replace(source=source), fetcher=fetcher)

    assert history(data_of(found))[-1] == "Eve: First"


@pytest.mark.parametrize(
    "source", ["https://a..b.example/x.git", f"https://{'ü' * 80}.example/x.git"]
)
def test_a_host_that_cannot_be_spelled_is_refused(
    owner: User, git_root: Path, source: str
) -> None:
    with pytest.raises(NotPossible, match="Could not fetch"):
        adopt(Wanted(source, owner, slug="hours"), fetcher=FETCHER)


@pytest.fixture
def sources(tmp_path: Path, wanted: Wanted, host: str) -> dict[str, str]:
    """Addresses that cannot be adopted, by what is wrong with them."""
    folder, base = Path(wanted.source).parent, host.rpartition("/")[0]
    bomb = Repository(folder / "bomb.git")
    bomb.create()
    made = tree_bomb(bomb, levels=6, leaf=git(bomb, "mktree"))
    bomb.move(MAIN, new=made, old=None)
    torn = commit(folder / "torn.git", {"data/kimai/kimai.yml": WHOLE})
    plain = commit(folder / "plain.git", {"README.md": "# No data\n"})
    for repository in (bomb, torn, plain):
        make_servable(repository.path)
    for path in (torn.path / "objects").glob("??/*"):
        path.unlink()
    for path in (torn.path / "objects").glob("pack/*.pack"):
        path.unlink()
    (folder / "empty.git").mkdir()
    return {
        "nothing there": f"{base}/nothing.git",
        "nobody listens": "http://127.0.0.1:9/x.git",
        "no repository": f"{base}/empty.git",
        "a bomb": f"{base}/bomb.git",
        "torn": f"{base}/torn.git",
        "no data": f"{base}/plain.git",
        "taken": host,
    }


@pytest.mark.parametrize(
    "what",
    [
        *("nothing there", "nobody listens", "no repository", "a bomb", "torn"),
        *("no data", "taken"),
    ],
)
@pytest.mark.parametrize("is_dry", [False, True])
def test_the_api_names_no_place_on_the_server(
    owner: User,
    git_root: Path,
    sources: dict[str, str],
    settings: Settings,
    what: str,
    is_dry: bool,
) -> None:
    settings.FETCH_ALLOWED_NETWORKS = ("127.0.0.0/8",)
    if what == "taken":
        (git_root / owner.username / "hours-data.git").mkdir(parents=True)
    api = client_of(owner)

    answer = api.post(
        f"/api/directories/adopt/{'?dry_run=true' if is_dry else ''}",
        {"url": sources[what], "slug": "hours"},
        format="json",
    )

    is_fine = what == "taken" and is_dry
    if not is_fine:
        assert answer.status_code == 422
        # What the caller knows it by.
        assert (
            "ada/hours-data.git" if what == "taken" else sources[what]
        ) in answer.json()["detail"]
    text = answer.content.decode()
    assert str(git_root) not in text
    assert str(git_root.parent) not in text
    assert ".adopting" not in text
    assert not list(git_root.glob(".adopting-*"))
