"""Deciding about proposals: accept them whole or in part, reject them, bring them up to date.

Decisions take turns with each other and with edits. Git decides who was first: accepting
moves `main` and the proposal's branch in one step, rejecting removes the branch, and the
row follows in the same transaction. A proposal is
never merged as it lies there but as it reads on the `main` of that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from directories.exceptions import NotNow, NotPossible, ProposalNotFound, StaleEdit
from directories.models import Directory, Proposal, ProposalState
from directories.services.contexts import committer_of, describe
from directories.services.locking import locked, turn
from directories.services.proposing import (
    drop_branches,
    repositories_of,
    summary_of,
)
from directories.services.revisions import (
    count,
    published,
    request_of,
    undisturbed,
)
from generation.contract.commands import RepositoryKind
from generation.git import Move, Repository
from generation.publish import Hand, Target
from generation.repositories.difference import Difference, difference
from generation.repositories.revision import Revision, stage_revision
from generation.repositories.state import Snapshot
from generation.repositories.threeway import Merge, merge_trees

LONGEST_PATCH = 20_000
ALL_ON_MAIN = "main holds all of it"


class Lying(NamedTuple):
    """Where a proposal lies: its branch, `main`, and the commit that both come from."""

    repositories: Mapping[RepositoryKind, Repository]
    heads: Mapping[RepositoryKind, str]
    head: str
    main: str | None
    base: str | None

    @property
    def data(self) -> Repository:
        return self.repositories["data"]

    @property
    def is_behind(self) -> bool:
        return self.base != self.main

    def tree(self, commit: str | None) -> dict[str, str]:
        return self.data.tree(commit) if commit else {}

    def merged(self, *, chosen: Collection[str] | None = None) -> Merge:
        return merge_trees(
            self.data,
            self.tree(self.base),
            self.tree(self.main),
            self.tree(self.head),
            chosen=chosen,
        )

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self.data, self.main, self.tree(self.main), {})


def find(directory: Directory, number: int) -> Proposal:
    """Raises ProposalNotFound."""
    found = directory.proposals.select_related("directory__owner", "author")
    proposal = found.filter(number=number).first()
    if proposal is None:
        raise ProposalNotFound(f"{directory} has no proposal {number}")
    return proposal


def difference_of(proposal: Proposal) -> Difference:
    """Compare a proposal with what it is built on. Raises NotNow when both are gone."""
    data, old, new = _ends(proposal)
    return difference(data, data.tree(old) if old else {}, data.tree(new))


def patch_of(proposal: Proposal, path: str) -> str:
    """Show what a proposal changes in one file, line by line. Raises NotNow."""
    data, old, new = _ends(proposal)
    shown = data.patch(old, new, path=path)
    return shown if len(shown) <= LONGEST_PATCH else f"{shown[:LONGEST_PATCH]}\n…\n"


def head_of(proposal: Proposal) -> str:
    """Name the commit that is proposed; empty where its branch is gone."""
    return repositories_of(proposal.directory)["data"].head(proposal.ref) or ""


def _ends(proposal: Proposal) -> tuple[Repository, str | None, str]:
    """The two commits that a proposal lies between, also after it was decided."""
    try:
        lying = _lying(proposal)
    except NotNow:
        data = repositories_of(proposal.directory)["data"]
        known = [commit for commit in (proposal.base, proposal.head) if commit]
        if not proposal.head or not all(map(data.has, known)):
            raise NotNow("what was proposed is no longer there") from None
        return data, proposal.base or None, proposal.head
    return lying.data, lying.base, lying.head


def is_behind(proposal: Proposal) -> bool:
    """Tell whether `main` has moved since an open proposal was brought up to date."""
    try:
        return proposal.state == ProposalState.OPEN and _lying(proposal).is_behind
    except NotNow:
        return False


def accept(
    proposal: Proposal,
    *,
    user: User,
    items: Collection[str] | None = None,
    merge: bool = False,
    head: str | None = None,
    clock: datetime | None = None,
) -> Proposal:
    """Put what is proposed on `main`, as one commit of the proposal's author.

    With `items`, only these, by slug; the rest stays open, on top of the new `main`. With
    `merge`, the commits of its branch stay, as second parents. Where `main` has moved,
    what it says stays. `head` is the commit that was looked at. Raises StaleEdit where the
    branch has moved since, NotNow and NotPossible.
    """
    directory = proposal.directory
    if merge and items is not None:
        raise NotPossible(
            "a merge takes all that is proposed: name no items, or accept them without one"
        )

    def work() -> None:
        lying = _lying(_open(proposal))
        _check_head(proposal, lying.head, head)
        if items is not None:
            _check_items(lying, items)
        merged = lying.merged(chosen=items)
        whole = items is None
        # Whoever decides at the same moment finds the branch elsewhere, and is refused.
        also: dict[RepositoryKind, tuple[Move, ...]] = {
            kind: (Move(proposal.ref, None if whole else head, head),)
            for kind, head in lying.heads.items()
            if whole or kind == "data"
        }
        publication, figures = stage_revision(
            Revision(_message(proposal, items), merged.files, merged.removals),
            lying.snapshot,
            lying.repositories,
            _signature(proposal, clock, accepted_by=user),
            directory=describe(directory),
            request=request_of(directory),
            also=also,
            merged=lying.heads if merge else {},
        )
        with published(publication, directory):
            if new := publication.planned["data"].new:
                # Locked: two may be accepting different items of it.
                known = Proposal.objects.select_for_update().get(pk=proposal.pk)
                known.commits = [*known.commits, new]
                known.save(update_fields=["commits"])
            if whole:
                told = [conflict.model_dump() for conflict in merged.conflicts]
                _decide(proposal, ProposalState.ACCEPTED, user=user, conflicts=told)
            count(directory, figures)

    with turn(directory, user):
        undisturbed(directory, work)
        if items is not None:
            _refresh(proposal, user=user, is_accepted=True, clock=clock)
    proposal.refresh_from_db()
    return proposal


def reject(
    proposal: Proposal, *, user: User, reason: str = "", head: str | None = None
) -> Proposal:
    """Drop what is proposed, and its branch.

    `head` is the commit that was looked at. Raises StaleEdit where the branch has moved
    since, and NotNow.
    """

    def work() -> None:
        _open(proposal)
        data = repositories_of(proposal.directory)["data"]
        found = data.head(proposal.ref)
        if found:
            _check_head(proposal, found, head)
        with transaction.atomic():
            _decide(proposal, ProposalState.REJECTED, user=user, note=reason)
            if found:
                data.move(proposal.ref, new=None, old=found)

    directory = proposal.directory
    with locked(directory.namespace, directory.slug):
        undisturbed(directory, work)
        drop_branches(directory, proposal.ref)
    proposal.refresh_from_db()
    return proposal


def refresh(
    proposal: Proposal, *, user: User, clock: datetime | None = None
) -> Proposal:
    """Bring a proposal onto the `main` of now; what `main` says stays, and it is told.

    One of which nothing is left is closed. Raises NotNow and NotPossible.
    """
    directory = proposal.directory
    with turn(directory, user):
        _refresh(proposal, user=user, is_accepted=False, clock=clock)
    proposal.refresh_from_db()
    return proposal


def _refresh(
    proposal: Proposal, *, user: User, is_accepted: bool, clock: datetime | None
) -> None:
    """Refresh a proposal of a directory whose lock the caller has."""
    directory = proposal.directory

    def work() -> bool:
        lying = _lying(_open(proposal))
        if not lying.is_behind:
            return lying.head != lying.main
        merged = lying.merged()
        publication, _ = stage_revision(
            Revision(_message(proposal), merged.files, merged.removals),
            lying.snapshot,
            lying.repositories,
            _signature(proposal, clock),
            directory=describe(directory),
            request=request_of(directory),
            target=Target(proposal.ref, lying.heads),
        )
        planned = publication.planned
        rest = summary_of(lying.data, planned)
        if not any(rest.values()):
            publication.discard()
            return False
        with published(publication, directory):
            _open(proposal)
            Proposal.objects.filter(pk=proposal.pk).update(
                base=lying.main or "",
                heads={k: p.new or p.old for k, p in planned.items() if p.new or p.old},
                summary=rest,
                conflicts=[conflict.model_dump() for conflict in merged.conflicts],
                updated_at=Now(),
            )
        return True

    if not undisturbed(directory, work):
        state = ProposalState.ACCEPTED if is_accepted else ProposalState.SUPERSEDED
        with transaction.atomic():
            note = "" if is_accepted else ALL_ON_MAIN
            _decide(proposal, state, user=user, note=note)
        drop_branches(directory, proposal.ref)


def _lying(proposal: Proposal) -> Lying:
    repositories = repositories_of(proposal.directory)
    heads = {
        kind: head
        for kind, repository in repositories.items()
        if (head := repository.head(proposal.ref))
    }
    data = repositories["data"]
    if "data" not in heads:
        raise NotNow(f"the branch {proposal.branch} is gone: reject the proposal")
    main = data.head()
    base = data.merge_base(main, heads["data"]) if main else None
    return Lying(repositories, heads, heads["data"], main, base)


def _check_head(proposal: Proposal, found: str, wanted: str | None) -> None:
    """Raises StaleEdit where somebody is about to decide about what they have not seen."""
    if wanted is not None and wanted != found:
        raise StaleEdit(
            f"proposal {proposal.number} has changed since you looked at it, and nothing was "
            "done: look at it again",
            head=found,
        )


def _open(proposal: Proposal) -> Proposal:
    """Raises NotNow for a proposal that was decided."""
    proposal.refresh_from_db(fields=["state", "title", "body"])
    if proposal.state != ProposalState.OPEN:
        raise NotNow(f"the proposal is {proposal.state} already")
    return proposal


def _decide(
    proposal: Proposal, state: ProposalState, *, user: User, **fields: object
) -> None:
    """Close a proposal: of several that try, one changes a row."""
    mine = Proposal.objects.filter(pk=proposal.pk, state=ProposalState.OPEN)
    decided = {"decided_at": Now(), "decided_by": user, "updated_at": Now()}
    if not mine.update(state=state, **decided, **fields):
        raise NotNow("somebody else has just decided about the proposal")


def _check_items(lying: Lying, items: Collection[str]) -> None:
    """Refuse what is not proposed. Raises NotPossible."""
    if not items:
        raise NotPossible("name at least one item to accept")
    found = difference(lying.data, lying.tree(lying.base), lying.tree(lying.head))
    unknown = sorted(set(items) - {item.slug for item in found.items})
    if unknown:
        raise NotPossible(f"the proposal does not change {', '.join(unknown[:5])}")


def _message(proposal: Proposal, items: Collection[str] | None = None) -> str:
    subject, body = proposal.title, proposal.body.strip()
    if items is not None:
        count = f"{len(set(items))} item{'' if len(set(items)) == 1 else 's'}"
        subject, body = f"Accept {count} of proposal {proposal.number}", proposal.title
    return f"{subject}\n\n{body}" if body else subject


def _signature(
    proposal: Proposal, clock: datetime | None, *, accepted_by: User | None = None
) -> Hand:
    trailers = f"Proposal: {proposal.number}\n"
    if proposal.run_id:
        trailers += f"Run-Id: {proposal.run_id}\n"
    if accepted_by is not None:
        by = committer_of(accepted_by)
        trailers += f"Accepted-by: {by.name} <{by.email}>\n"
    author = committer_of(proposal.author or proposal.directory.owner)
    return Hand(author, uuid4(), clock or datetime.now(UTC), trailers)
