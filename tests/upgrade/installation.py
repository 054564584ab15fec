"""An installation as a release left it, brought back and upgraded by the present code."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.apps.registry import Apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.core.serializers.jsonl import Deserializer
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.test import override_settings

from directories.models import Directory, GenerationRun
from directories.services import execution, runs
from directories.services.directories import GivenDocument
from directories.services.intake import named_directory
from directories.services.proposing import repositories_of
from directories.services.requests import build_request
from generation.git import MAIN, Commit, Repository
from generation.git.command import run_git
from generation.report import Report
from generation.repositories.data import Stored, StoredItem, read_data
from generation.yaml import parse

RELEASES = Path(__file__).parent / "releases"
# The word of every description in a stored source that a test changes.
OLD, NEW = b"today", b"by now"


class Release(NamedTuple):
    """What `make_release.py` has stored of one release."""

    folder: Path
    expected: dict[str, Any]
    manifest: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Release:
        names = ("expected.json", "manifest.json")
        return cls(folder, *(json.loads((folder / n).read_text()) for n in names))

    def bring_back(self, state: Path) -> None:
        """Fill a state folder with all that the release had written there."""
        for name in self.manifest["repositories"]:
            repository = Repository(state / "repositories" / name)
            repository.create()
            for part in ("repositories", "staged"):
                bundle = self.folder / part / f"{name}.bundle"
                if bundle.exists():
                    run_git(repository.path, "bundle", "unbundle", str(bundle))
        for name, directory in self.expected["directories"].items():
            for kind, refs in directory["refs"].items():
                path = repository_named(state / "repositories", name, kind)
                for ref, commit in refs.items():
                    Repository(path).move(ref, new=commit, old=None)
        (state / "checkpoints").mkdir()
        for checkpoint in (self.folder / "checkpoints").iterdir():
            # Written again: those of last week are cleared away.
            content = checkpoint.read_bytes()
            (state / "checkpoints" / checkpoint.name).write_bytes(content)
        with database_at(state / "gazetteer.sqlite3"):
            self.load_rows()
            call_command("migrate", verbosity=0)

    def load_rows(self) -> None:
        """Make the tables as the release had them, and fill them."""
        executor = MigrationExecutor(connection)
        there = set(executor.loader.graph.nodes)
        targets = [m for m in self.manifest["migrations"].items() if m in there]
        then = executor.migrate(targets)
        then.clear_delayed_apps_cache()
        emit_post_migrate_signal(0, False, "default", apps=then.apps)
        for row in Rows(then.apps, (self.folder / "database.jsonl").read_text()):
            row.save()

    def has_our_scheme(self) -> bool:
        """Whether no migration has come since."""
        leaves = dict(MigrationExecutor(connection).loader.graph.leaf_nodes())
        return all(
            leaves.get(app, name) == name
            for app, name in self.manifest["migrations"].items()
        )

    def backup(self, path: Path) -> Path:
        """Put together the file that `manage.py backup` of the release has made."""
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for name in (*self.manifest["sha256"], "manifest.json"):
                archive.add(self.folder / name, name)
        return path


class Rows(Deserializer):
    """Reads rows of a backup as those of the models of that time."""

    def __init__(self, then: Apps, text: str) -> None:
        super().__init__(text)
        self._then = then
        # Rows name users by their names; a model of a migration does not know how.
        then.get_model("auth.User").USERNAME_FIELD = "username"

    def _get_model_from_node(self, model_identifier: str) -> type[Model]:
        # Django's own managers look names up among the models of today.
        is_django = model_identifier.startswith("auth.")
        return (apps if is_django else self._then).get_model(model_identifier)


class Installation(NamedTuple):
    """A copy of an upgraded installation, for one test to change."""

    release: Release
    state: Path

    @property
    def expected(self) -> dict[str, Any]:
        return self.release.expected

    @property
    def clock(self) -> datetime:
        """When the release itself went on, to see what it would make."""
        return datetime.fromtimestamp(self.expected["clock"], UTC)

    @property
    def root(self) -> Path:
        return self.state / "repositories"

    def directory(self, name: str) -> Directory:
        return named_directory(name)

    def data(self, name: str) -> Repository:
        return repositories_of(self.directory(name))["data"]

    def files(self, name: str) -> dict[str, dict[str, str]]:
        """What is on each `main`: kind of repository to path to blob."""
        return {
            kind: repository.tree(head) if (head := repository.head(MAIN)) else {}
            for kind, repository in repositories_of(self.directory(name)).items()
        }

    def heads(self, name: str) -> list[str | None]:
        found = repositories_of(self.directory(name)).values()
        return [repository.head(MAIN) for repository in found]

    def refs(self, name: str) -> dict[str, dict[str, str]]:
        found = repositories_of(self.directory(name))
        return {kind: it.refs() for kind, it in found.items() if it.exists()}

    def stored(self, name: str) -> Stored:
        return read_data(self.data(name))

    def items(self, name: str) -> dict[str, StoredItem]:
        return {found.item.slug: found for found in self.stored(name).items}

    def edited(self, name: str) -> set[str]:
        """The items that are taken for edited by a person."""
        return {slug for slug, found in self.items(name).items() if found.edited}

    def lost_edits(self, name: str, *, but: str = "") -> list[str]:
        """What people wrote with the release, and stands there no more."""
        documents, texts = self.documents(name), self.texts(name)
        lost = [
            f"{slug}.{field}"
            for slug, fields in self.expected["edits"].get(name, {}).items()
            for field, value in fields.items()
            if slug != but and documents.get(slug, {}).get(field) != value
        ]
        lost += [
            f"{slug}.md"
            for slug, text in self.expected["texts"].get(name, {}).items()
            if slug != but and plain(texts.get(slug, b"")) != text
        ]
        gone = self.expected["gone"].get(name, [])
        return lost + [f"{slug} is back" for slug in gone if slug in documents]

    def descriptions(self, name: str) -> dict[str, str]:
        found = self.documents(name).items()
        return {slug: document.get("description", "") for slug, document in found}

    def dates(self, name: str) -> dict[str, str]:
        found = self.documents(name).items()
        return {slug: document["updated_at"] for slug, document in found}

    def commit(self, name: str, files: Mapping[str, bytes]) -> None:
        """Let a person push something to the data repository."""
        repository = self.data(name)
        head = repository.head()
        made = Commit(
            head, "By hand", "Cleo", "cleo@example.org", self.clock, files, ()
        )
        new = repository.write(made, ref="refs/heads/by-hand")
        repository.move(MAIN, new=new, old=head)
        repository.move("refs/heads/by-hand", new=None, old=new)

    def documents(self, name: str) -> dict[str, dict[str, Any]]:
        """The items' files as they lie there, whatever is remembered of them."""
        repository = self.data(name)
        files = files_of(repository)
        return {
            path.split("/")[1]: parse(content)
            for path, content in files.items()
            if path.startswith("data/") and path.endswith(".yml")
        }

    def texts(self, name: str) -> dict[str, bytes]:
        files = files_of(self.data(name))
        return {
            path.split("/")[1]: content
            for path, content in files.items()
            if path.startswith("data/") and path.endswith(".md")
        }

    def generate(
        self,
        name: str,
        *,
        changed: bool = False,
        documents: list[GivenDocument] | None = None,
        **fields: Any,
    ) -> GenerationRun:
        """Make a run in this process: of the request that is kept, or over other sources."""
        directory = self.directory(name)
        if changed:
            documents = changed_documents(directory)
        run = runs.start(
            directory,
            build_request(directory, fields, documents=documents),
            trigger=GenerationRun.Trigger.COMMAND,
            user=directory.owner,
            documents=documents or (),
            clock=self.clock,
        )
        execution.execute(run)
        run.refresh_from_db()
        return run


def changed_documents(directory: Directory) -> list[GivenDocument]:
    """The documents of the request that is kept, with another word in each description."""
    assert directory.request is not None
    asked = directory.request["source_documents"]
    names = {document["sha256"]: document["name"] for document in asked}
    kept = directory.documents.filter(sha256__in=names)
    return [
        GivenDocument(
            names[document.sha256],
            bytes(document.content).replace(OLD, NEW),
            document.media_type,
            document.url,
        )
        for document in kept
    ]


def report_of(run: GenerationRun) -> Report:
    return Report.model_validate(run.report)


def files_of(repository: Repository) -> dict[str, bytes]:
    """All files on `main`."""
    head = repository.head(MAIN)
    tree = repository.tree(head) if head else {}
    return dict(zip(tree, repository.read(tree.values()), strict=True))


def plain(text: bytes) -> str:
    """A text without what is at its ends, whichever way its lines end."""
    return text.decode("utf-8-sig").replace("\r\n", "\n").strip()


def repository_named(root: Path, directory: str, kind: str) -> Path:
    suffix = "" if kind == "list" else f"-{kind}"
    return root / f"{directory}{suffix}.git"


@contextmanager
def opened(state: Path) -> Iterator[None]:
    """Let this process be an installation whose files lie in the state folder."""
    folders = {
        "GIT_ROOT": state / "repositories",
        "CHECKPOINT_ROOT": state / "checkpoints",
    }
    with override_settings(**folders), database_at(state / "gazetteer.sqlite3"):
        yield


@contextmanager
def database_at(path: Path) -> Iterator[None]:
    """Let all threads of this process use the SQLite file at `path`."""
    settings = connection.settings_dict
    usual = settings["NAME"]
    connection.close()
    settings["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = usual
