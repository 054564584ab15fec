"""Three repositories, one result: all of them move, or none.

A run writes its commits beside `main` (`stage`), says what it is about to do, and then moves
the three branches, each by compare-and-swap (`publish`). When one has been moved by somebody
else, those that were moved already are moved back. When the process dies in between, the
next attempt takes up what was planned (`take_up`). What is reviewed first goes to the branch of
a proposal instead of `main`, under the same promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from generation.contract.commands import PlannedCommit, RepositoryKind
from generation.contract.context import Identity
from generation.exceptions import (
    HalfPublished,
    RepositoryError,
    RepositoryMoved,
    RunRefused,
)
from generation.git import Commit, Move, Repository
from generation.interrupts import uninterrupted

log = structlog.get_logger(__name__)

KINDS: tuple[RepositoryKind, ...] = ("data", "list", "website")
# Where people's commits are staged, and where proposals wait.
HANDS = "refs/gazetteer/hand/"
_PROPOSALS = "refs/heads/gazetteer/proposal-"
_SUFFIXES: dict[RepositoryKind, str] = {
    "data": "-data",
    "list": "",
    "website": "-website",
}


class Signed(Protocol):
    """Whose commits they are, and under which ref of its own they are staged."""

    @property
    def identity(self) -> Identity: ...
    @property
    def clock(self) -> datetime: ...
    @property
    def folder(self) -> str: ...
    @property
    def ref(self) -> str: ...
    @property
    def trailers(self) -> str: ...


class Signature(NamedTuple):
    """Whose commit it is, of which attempt, at which time."""

    identity: Identity
    run_id: UUID
    attempt: int
    clock: datetime

    @property
    def folder(self) -> str:
        return staged_refs(self.run_id)

    @property
    def ref(self) -> str:
        """What the attempt writes to. It moves `main` only while it holds this."""
        return f"{self.folder}{self.attempt}"

    @property
    def trailers(self) -> str:
        return f"Run-Id: {self.run_id}\nAttempt: {self.attempt}\n"


class Hand(NamedTuple):
    """A person's commit, made through us. `key` is of this one revision alone."""

    identity: Identity
    key: UUID
    clock: datetime
    trailers: str = ""

    @property
    def folder(self) -> str:
        return f"{HANDS}{self.key}/"

    @property
    def ref(self) -> str:
        return f"{self.folder}1"


class Change(NamedTuple):
    """What shall change in one repository, seen from the commit `old` on its `main`.

    `also` are refs that move together with the branch that is published to, and `merged`
    further parents of the commit, whose files do not count.
    """

    repository: Repository
    old: str | None
    message: str
    files: Mapping[str, bytes]
    removals: tuple[str, ...]
    also: tuple[Move, ...] = ()
    merged: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.files and not self.removals


class Target(NamedTuple):
    """The branch of a proposal, and where it is at in those repositories that have it."""

    branch: str
    heads: Mapping[RepositoryKind, str]


def repository_path(
    git_root: Path, *, namespace: str, slug: str, kind: RepositoryKind
) -> Path:
    """Say where a repository of a directory lies. Both names are checked slugs."""
    return git_root / namespace / f"{slug}{_SUFFIXES[kind]}.git"


def proposal_branch(number: int) -> str:
    """Name the branch of a proposal, the same in all three repositories."""
    return f"{_PROPOSALS}{number}"


def staged_refs(run_id: UUID) -> str:
    """Name the folder of refs that the attempts of a run write to."""
    return f"refs/gazetteer/{run_id}/"


def take_over(
    planned: Mapping[RepositoryKind, PlannedCommit],
    repositories: Mapping[RepositoryKind, Repository],
    signature: Signature,
) -> None:
    """Hold what an earlier attempt had planned, in its stead.

    That attempt may be alive and only late: after this it cannot move anything any more.
    """
    for kind, commit in planned.items():
        repositories[kind].take_ref(
            signature.ref, commit=commit.new, others=staged_refs(signature.run_id)
        )


def has_begun(
    planned: Mapping[RepositoryKind, PlannedCommit],
    repositories: Mapping[RepositoryKind, Repository],
) -> bool:
    """Tell whether anything of what was planned is published."""
    return any(
        commit.new and repositories[kind].contains(commit.new, branch=commit.branch)
        for kind, commit in planned.items()
    )


def take_up(
    planned: Mapping[RepositoryKind, PlannedCommit],
    repositories: Mapping[RepositoryKind, Repository],
    signature: Signature,
) -> bool:
    """Finish what another attempt was about to publish, where that is still possible.

    True when all of it is on its branch now. False, with nothing changed, when a branch has
    gone elsewhere in the meantime: what is missing has to be made anew, on top of that.
    """
    missing = {
        kind: commit
        for kind, commit in planned.items()
        if commit.new
        and not repositories[kind].contains(commit.new, branch=commit.branch)
    }
    movable = all(
        repositories[kind].head(commit.branch) == commit.old
        and repositories[kind].has(commit.new)
        for kind, commit in missing.items()
        if commit.new
    )
    if not movable:
        return False
    for kind, commit in missing.items():
        try:
            repositories[kind].move(
                commit.branch, new=commit.new, old=commit.old, holding=signature.ref
            )
        except RepositoryMoved:
            log.warning("somebody was quicker", repository=repositories[kind].path)
            return False
    for repository in repositories.values():
        forget_staged(repository, signature.run_id)
    return True


def put_back(
    planned: Mapping[RepositoryKind, PlannedCommit],
    repositories: Mapping[RepositoryKind, Repository],
) -> None:
    """Undo what another attempt has published, where nobody has built on it since."""
    for kind in reversed(list(planned)):
        commit = planned[kind]
        if commit.new and repositories[kind].head(commit.branch) == commit.new:
            repositories[kind].move(commit.branch, new=commit.old, old=commit.new)


def put_back_half(
    planned: Mapping[RepositoryKind, PlannedCommit],
    repositories: Mapping[RepositoryKind, Repository],
) -> bool:
    """Undo what was published of a result that never became whole, as `put_back` does.

    False, with nothing changed, when all of it was published or none, or when somebody has
    been in any of the repositories since: what they did there may build on it.
    """
    wanted = {kind: commit for kind, commit in planned.items() if commit.new}
    there = [
        kind
        for kind, commit in wanted.items()
        if commit.new and repositories[kind].contains(commit.new, branch=commit.branch)
    ]
    if len(there) in (0, len(wanted)):
        return False
    for kind, commit in wanted.items():
        left = commit.new if kind in there else commit.old
        if repositories[kind].head(commit.branch) != left:
            return False
    put_back(planned, repositories)
    for kind in there:
        if not repositories[kind].refs():
            repositories[kind].remove()
    return True


def forget_staged(repository: Repository, run_id: UUID) -> None:
    """Drop what the attempts of a run have staged, and the repository if that was all."""
    forget_refs(repository, staged_refs(run_id))


def forget_refs(repository: Repository, folder: str) -> None:
    """Drop all refs below a folder. Whoever holds one of them moves nothing any more."""
    with suppress(RepositoryError):
        staged = repository.refs(folder)
        for ref, commit in staged.items():
            repository.move(ref, new=None, old=commit)
        if staged and not repository.refs():
            repository.remove()


class Publication:
    """The commits of one attempt or of one person, from the first written byte to a branch.

    That is `main`, or, with a target, the branch of a proposal. There the new commit has
    both `main` and what the branch held as its parents, so that no branch is ever forced.
    """

    def __init__(
        self,
        changes: Mapping[RepositoryKind, Change],
        signature: Signed,
        *,
        target: Target | None = None,
    ) -> None:
        self._changes = dict(changes)
        self._signature = signature
        self._target = target
        self._created: list[Repository] = []
        self.planned: dict[RepositoryKind, PlannedCommit] = {}

    def add(self, changes: Mapping[RepositoryKind, Change]) -> None:
        """Stage further changes, such as follow from what is staged already."""
        self._changes |= changes
        self.stage()

    def stage(self) -> None:
        """Write the commits where nobody reads them yet. On failure nothing stays."""
        try:
            for kind, change in self._changes.items():
                if kind not in self.planned:
                    self.planned[kind] = self._plan(kind, change)
        except BaseException:
            self.discard()
            raise

    def publish(self) -> None:
        """Move the branch of all repositories to the staged commits, or of none.

        Raises RunRefused, with nothing moved from then on, when another attempt has taken
        the run over: what is half done is that one's to finish.
        """
        moved: list[RepositoryKind] = []
        try:
            for kind in self.planned:
                if moves := self._moves(kind):
                    moved.append(kind)
                    self._move(kind, moves)
        except RunRefused:
            raise
        except BaseException:
            with uninterrupted():
                self._move_back(moved)
                self.discard()
            raise
        for change in self._changes.values():
            forget_refs(change.repository, self._signature.folder)

    def withdraw(self) -> None:
        """Forget what was staged. Another attempt may be at work in the repositories."""
        ref = self._signature.ref
        with uninterrupted():
            for change in self._changes.values():
                with suppress(RepositoryError):
                    if staged := change.repository.head(ref):
                        change.repository.move(ref, new=None, old=staged)

    def discard(self) -> None:
        """Forget what was staged, and the repositories that were made for it."""
        with uninterrupted():
            self.withdraw()
            for repository in self._created:
                if repository.exists() and not repository.refs():
                    repository.remove()

    def _plan(self, kind: RepositoryKind, change: Change) -> PlannedCommit:
        if self._target is None:
            new = None if change.is_empty else self._write(change)
            return PlannedCommit(old=change.old, new=new)
        head = self._target.heads.get(kind)
        # The data branch is what a proposal is known by, whatever changes.
        is_wanted = kind == "data" or head or not change.is_empty
        merged = (head,) if head else ()
        return PlannedCommit(
            old=head,
            new=self._write(change, merged=merged) if is_wanted else None,
            branch=self._target.branch,
            base=change.old,
        )

    def _moves(self, kind: RepositoryKind) -> list[Move]:
        commit = self.planned[kind]
        also = self._changes[kind].also
        if commit.new is None:
            return list(also)
        return [Move(commit.branch, new=commit.new, old=commit.old), *also]

    def _move_back(self, moved: list[RepositoryKind]) -> None:
        left = []
        for kind in reversed(moved):
            repository, moves = self._repository(kind), self._moves(kind)
            # The last of them may not have moved, and is where it was.
            if all(repository.head(move.ref) == move.new for move in moves):
                try:
                    self._move(kind, [move.back for move in moves])
                except RepositoryError:
                    log.exception("could not move back", repository=repository.path)
                    left.append(kind)
        if left:
            raise HalfPublished(
                f"only a part could be published ({', '.join(left)}), and not be taken back"
            )

    def _move(self, kind: RepositoryKind, moves: list[Move]) -> None:
        first, *also = moves
        is_staged = self.planned[kind].new is not None
        self._repository(kind).move(
            first.ref,
            new=first.new,
            old=first.old,
            holding=self._signature.ref if is_staged else None,
            also=also,
        )

    def _write(self, change: Change, *, merged: tuple[str, ...] = ()) -> str:
        if change.repository.create():
            self._created.append(change.repository)
        signature = self._signature
        trailers = f"\n\n{signature.trailers}" if signature.trailers else "\n"
        commit = Commit(
            parent=change.old,
            message=f"{change.message}{trailers}",
            author=signature.identity.name,
            email=signature.identity.email,
            at=signature.clock,
            files=change.files,
            removals=change.removals,
            merged=(*change.merged, *merged),
        )
        return change.repository.write(commit, ref=signature.ref)

    def _repository(self, kind: RepositoryKind) -> Repository:
        return self._changes[kind].repository
