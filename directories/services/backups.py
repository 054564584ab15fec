"""Everything that cannot be made again, in one file, and back.

The database is written as portable rows, so that SQLite can be restored into PostgreSQL; each
repository as a git bundle of its branches and tags. Runs may go on meanwhile: the rows are
those of one moment, and the three repositories of a directory are read again when a run has
published in between. The rows come first: repositories that are ahead of them are met by the
next run, rows that are ahead of repositories would promise what is not there.

Left out: sessions, the queue, workers, used nonces and answers to batches, checkpoints,
fetched pages. Unfinished runs are taken up again from their start.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Coalesce

from directories.exceptions import NotPossible
from directories.models import Directory, GenerationRun, RunState
from generation.exceptions import RepositoryError
from generation.git import Repository
from generation.publish import KINDS, repository_path
from generation.slugs import is_slug

log = structlog.get_logger(__name__)

FORMAT = 1
MANIFEST, ROWS = "manifest.json", "database.jsonl"
LEFT_OUT = (
    *("contenttypes", "auth.permission", "sessions", "django_q", "axes"),
    *("directories.worker", "directories.usednonce", "directories.appliedbatch"),
)
# How often the repositories of one directory are read anew while runs publish.
TRIES = 5


class Contents(NamedTuple):
    """What a backup holds."""

    made_at: str
    directories: int
    repositories: int
    size: int


def back_up(path: Path, *, now: datetime) -> Contents:
    """Write a backup to `path`, which its owner alone can read. Raises NotPossible.

    It is put in place when it is whole; what was there is replaced.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
            contents = _write(draft, Path(folder), now)
        draft.replace(path)
    except OSError as exc:
        raise NotPossible(f"{path} could not be written: {exc.strerror}") from exc
    finally:
        draft.unlink(missing_ok=True)
    return contents._replace(size=path.stat().st_size)


def restore(path: Path) -> Contents:
    """Fill an empty installation from a backup. Raises NotPossible; then nothing is there.

    The whole file is read and compared with its sums first.
    """
    with tempfile.TemporaryDirectory(prefix="gazetteer-restore-") as folder:
        manifest = _unpack(path, Path(folder))
        _check_code(manifest)
        _check_empty(manifest)
        made: list[Repository] = []
        try:
            # Repositories first: what has no row is found by nobody.
            for name in manifest["repositories"]:
                made.append(_restore_repository(name, Path(folder)))
            _load_rows(Path(folder) / ROWS)
        except BaseException:
            for repository in made:
                repository.remove()
            raise
    return Contents(
        made_at=manifest["made_at"],
        directories=manifest["directories"],
        repositories=len(manifest["repositories"]),
        size=path.stat().st_size,
    )


def _write(draft: Path, folder: Path, now: datetime) -> Contents:
    rows = folder / ROWS
    with _one_moment():
        known = [(d.namespace, d.slug) for d in Directory.objects.all()]
        call_command(
            "dumpdata",
            format="jsonl",
            use_natural_foreign_keys=True,
            exclude=LEFT_OUT,
            output=str(rows),
            verbosity=0,
        )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    sums: dict[str, str] = {}
    names: list[str] = []
    with (
        os.fdopen(descriptor, "wb") as file,
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive,
    ):
        _add(archive, rows, ROWS, sums)
        for namespace, slug in known:
            for name, bundle in _bundles(namespace, slug, folder):
                names.append(name)
                if bundle:
                    _add(archive, bundle, f"repositories/{name}.bundle", sums)
                    bundle.unlink()
        manifest = {
            "format": FORMAT,
            "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "database": connection.vendor,
            "migrations": _newest_migrations(),
            "directories": len(known),
            "repositories": names,
            "sha256": sums,
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        archive.add(folder / MANIFEST, MANIFEST)
        archive.close()
        file.flush()
        os.fsync(file.fileno())
    return Contents(str(manifest["made_at"]), len(known), len(names), 0)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Let all queries of the block see the rows of one moment, without stopping a writer."""
    if connection.vendor == "sqlite":
        # Our own transactions begin with a lock for writing; this one only reads.
        with connection.cursor() as cursor:
            is_outermost = not connection.in_atomic_block
            if is_outermost:
                cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                if is_outermost:
                    cursor.execute("COMMIT")
        return
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                )
        yield


def _bundles(
    namespace: str, slug: str, folder: Path
) -> Iterator[tuple[str, Path | None]]:
    """Bundle the repositories of a directory as they are between two publications."""
    repositories = [
        Repository(
            repository_path(
                Path(settings.GIT_ROOT), namespace=namespace, slug=slug, kind=kind
            )
        )
        for kind in KINDS
    ]
    there = [repository for repository in repositories if repository.exists()]
    try:
        for _ in range(TRIES):
            before = [repository.refs("refs/heads/") for repository in there]
            bundles = [
                repository.bundle(folder / f"{repository.path.name}.bundle")
                for repository in there
            ]
            if before == [repository.refs("refs/heads/") for repository in there]:
                break
        else:
            raise NotPossible(
                f"{namespace}/{slug} is published to again and again; try once more"
            )
    except RepositoryError as exc:
        raise NotPossible(str(exc)) from exc
    for repository, bundle in zip(there, bundles, strict=True):
        yield f"{namespace}/{repository.path.name}", bundle


def _add(archive: tarfile.TarFile, path: Path, name: str, sums: dict[str, str]) -> None:
    with path.open("rb") as file:
        sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
    archive.add(path, name)


def _unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Read the members that we write, by their names, and compare each with its sum."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            sums: dict[str, str] = {}
            for member in archive:
                file = archive.extractfile(member)
                if file is None or not _is_ours(member.name):
                    raise NotPossible(f"{path} is no backup of Gazetteer")
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as copy:
                    sums[member.name] = _copied(file.read, copy.write)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        if manifest["format"] != FORMAT:
            raise NotPossible(
                f"{path} has the format {manifest['format']}, this release reads {FORMAT}"
            )
        sums.pop(MANIFEST)
        if sums != manifest["sha256"]:
            raise NotPossible(f"{path} is damaged: a sum is not what it was")
    except FileNotFoundError as exc:
        raise NotPossible(f"{path} does not exist, or is no backup") from exc
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as exc:
        raise NotPossible(f"{path} cannot be read: it is damaged or no backup") from exc
    return manifest


def _copied(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> str:
    digest = hashlib.sha256()
    while block := read(1 << 20):
        digest.update(block)
        write(block)
    return digest.hexdigest()


def _is_ours(name: str) -> bool:
    match name.split("/"):
        case [only]:
            return only in (MANIFEST, ROWS)
        case ["repositories", namespace, file]:
            return is_slug(namespace) and is_slug(file.removesuffix(".git.bundle"))
        case _:
            return False


def _newest_migrations() -> dict[str, str]:
    """The last migration of each application that the database has been through."""
    newest: dict[str, str] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        newest[app] = name
    return newest


def _check_code(manifest: dict[str, Any]) -> None:
    """Refuse rows of another scheme: they are restored by their release, then upgraded."""
    try:
        call_command("migrate", verbosity=0, interactive=False)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotPossible("the database is behind the code")
        here = _newest_migrations()
    except DatabaseError as exc:
        raise NotPossible(f"the database does not answer: {exc}") from exc
    for app, name in manifest["migrations"].items():
        if app in here and here[app] != name:
            raise NotPossible(
                f"the backup was made at {app}.{name}, this release is at {here[app]}: "
                "restore it with the release that made it, then upgrade"
            )


def _check_empty(manifest: dict[str, Any]) -> None:
    if Directory.objects.exists() or get_user_model()._default_manager.exists():
        raise NotPossible(
            "the database holds directories or users: restore into an empty one"
        )
    for name in manifest["repositories"]:
        if _repository(name).path.exists():
            raise NotPossible(
                f"{_repository(name).path} exists: restore into an empty GIT_ROOT"
            )


def _repository(name: str) -> Repository:
    namespace, _, folder = name.partition("/")
    if not (is_slug(namespace) and is_slug(folder.removesuffix(".git"))):
        raise NotPossible(f"the backup names a repository {name!r}")
    return Repository(Path(settings.GIT_ROOT) / namespace / folder)


def _restore_repository(name: str, folder: Path) -> Repository:
    repository = _repository(name)
    bundle = folder / "repositories" / f"{name}.bundle"
    try:
        repository.create()
        if bundle.exists():
            repository.unbundle(bundle)
    except RepositoryError as exc:
        repository.remove()
        raise NotPossible(str(exc)) from exc
    return repository


def _load_rows(rows: Path) -> None:
    try:
        with transaction.atomic():
            call_command("loaddata", str(rows), verbosity=0)
            # Their messages are in a queue that was left out: the next sweep hands them
            # over, as those that a worker has put back.
            waiting = GenerationRun.objects.filter(state=RunState.QUEUED)
            waiting.update(
                unclaimed=0, dispatched_at=Coalesce("dispatched_at", "created_at")
            )
    except (DeserializationError, DatabaseError, CommandError) as exc:
        raise NotPossible(f"the rows could not be loaded: {exc}") from exc
