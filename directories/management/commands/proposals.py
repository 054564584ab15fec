"""Look at what is proposed, and decide about it."""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from directories.api.serializers import ProposalDetailSerializer, ProposalSerializer
from directories.edit_console import told_refusals
from directories.exceptions import NotPossible
from directories.models import Proposal, ProposalState
from directories.services import directories as keeping
from directories.services import proposals
from directories.services.descriptions import describe
from directories.services.intake import named_directory

SIGNS = {"added": "+", "changed": "~", "removed": "-"}
LONGEST_SHOWN = 160


class Command(BaseCommand):
    help = (
        "List proposals, show what one changes, accept it whole or some items of it, reject "
        "it, or bring it onto the main of now. DIRECTORY is a slug; without a NUMBER the "
        "newest open proposal is meant."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="proposals, a line each")
        listing.add_argument("--directory", metavar="SLUG", help="of this directory")
        listing.add_argument("--state", choices=ProposalState.values)
        listing.add_argument("--limit", type=int, default=20, help="so many at most")
        _jsonable(listing)
        show = _of_one(actions.add_parser("show", help="what it changes, item by item"))
        _jsonable(show)
        accept = _of_one(actions.add_parser("accept", help="put it on main"))
        accept.add_argument(
            "--item",
            action="append",
            metavar="SLUG",
            help="only this item; may be given several times. The rest stays open",
        )
        accept.add_argument(
            "--merge",
            action="store_true",
            help="keep the commits of its branch, instead of making one of them",
        )
        _jsonable(accept)
        reject = _of_one(actions.add_parser("reject", help="drop it, and its branch"))
        reject.add_argument("--reason", default="", help="for those who proposed it")
        _jsonable(reject)
        refresh = _of_one(
            actions.add_parser("refresh", help="bring it onto the main of now")
        )
        _jsonable(refresh)
        review = actions.add_parser(
            "review", help="say whether changes of a directory wait as proposals"
        )
        review.add_argument("directory", metavar="DIRECTORY")
        review.add_argument("switch", choices=["on", "off"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        work: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['do']}")
        with told_refusals():
            work(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = Proposal.objects.select_related("directory", "author")
        if slug := options["directory"]:
            found = found.filter(directory=named_directory(slug))
        if state := options["state"]:
            found = found.filter(state=state)
        found = found[: max(1, options["limit"])]
        if options["json"]:
            self._json(ProposalSerializer(found, many=True).data)
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("directory", "number", "state", "items", "title", "created"):
            table.add_column(heading)
        for proposal in found:
            table.add_row(
                str(proposal.directory),
                str(proposal.number),
                proposal.state,
                _counted(proposal.summary),
                proposal.title,
                f"{proposal.created_at:%Y-%m-%d %H:%M}",
            )
        # As wide as it needs where nobody looks: a pipe has no width.
        width = None if self.stdout.isatty() else 200
        Console(file=self.stdout, width=width).print(table)  # type: ignore[arg-type]

    def _show(self, options: dict[str, Any]) -> None:
        proposal = _found(options)
        if options["json"]:
            self._json(ProposalDetailSerializer(proposal).data)
            return
        for line in _lines(proposal):
            self.stdout.write(line)

    def _accept(self, options: dict[str, Any]) -> None:
        proposal = _found(options)
        user = proposal.directory.owner
        proposal = proposals.accept(
            proposal, user=user, items=options["item"], merge=options["merge"]
        )
        self._decided(proposal, options)

    def _reject(self, options: dict[str, Any]) -> None:
        proposal = _found(options)
        user, reason = proposal.directory.owner, options["reason"]
        self._decided(proposals.reject(proposal, user=user, reason=reason), options)

    def _refresh(self, options: dict[str, Any]) -> None:
        proposal = _found(options)
        user = proposal.directory.owner
        self._decided(proposals.refresh(proposal, user=user), options)

    def _review(self, options: dict[str, Any]) -> None:
        directory = named_directory(options["directory"])
        keeping.set_review(directory, options["switch"] == "on")
        what = "wait as proposals" if directory.review else "go to main at once"
        self.stdout.write(f"{directory}: changes {what}")

    def _decided(self, proposal: Proposal, options: dict[str, Any]) -> None:
        if options["json"]:
            self._json(ProposalSerializer(proposal).data)
            return
        rest = f": {_counted(proposal.summary)}" if proposal.state == "open" else ""
        self.stdout.write(
            f"{proposal.directory}: proposal {proposal.number} is {proposal.state}{rest}"
        )
        for line in _conflicts(proposal):
            self.stdout.write(line)

    def _json(self, document: Any) -> None:
        self.stdout.write(
            json.dumps(document, default=str, ensure_ascii=False, indent=2)
        )

    def _stop(self, status: int, reason: str) -> NoReturn:
        self.stderr.write(self.style.ERROR(f"Error: {reason}"))
        raise SystemExit(status)


def _found(options: dict[str, Any]) -> Proposal:
    directory = named_directory(options["directory"])
    if options["number"] is not None:
        return proposals.find(directory, options["number"])
    newest = directory.proposals.filter(state=ProposalState.OPEN).first()
    if newest is None:
        raise NotPossible(f"{directory} has no open proposal")
    return proposals.find(directory, newest.number)


def _lines(proposal: Proposal) -> Iterator[str]:
    told = describe(proposal)
    author = proposal.author.get_username() if proposal.author else "nobody"
    yield (
        f"proposal {proposal.number} of {proposal.directory}, {proposal.state}: "
        f"{proposal.title}"
    )
    yield (
        f"from {proposal.origin} by {author}, {proposal.created_at:%Y-%m-%d %H:%M}, "
        f"branch {proposal.branch}"
    )
    if proposal.note:
        yield f"note: {proposal.note}"
    yield _counted(told["counts"])
    if told["gone"]:
        yield told["gone"]
    if told["is_behind"]:
        yield "main has moved since; accepting it, or `refresh`, brings it up to date"
    yield from _conflicts(proposal)
    for item in told["items"]:
        yield f"{SIGNS[item['kind']]} {item['slug']}  {item['name']}"
        for field in item["fields"]:
            before, after = _shortened(field["before"], field["after"])
            is_new = item["kind"] == "added"
            change = after if is_new else f"{before} → {after}"
            yield f"    {field['field']}: {change}"
    if (more := _items(told["counts"]) - len(told["items"])) > 0:
        yield f"and {more} more items"
    for file in told["files"]:
        yield f"{SIGNS[file['kind']]} {file['path']}"
        for line in file["patch"].splitlines():
            if not line.startswith(("diff ", "index ", "--- ", "+++ ")):
                yield f"    {line}"


def _conflicts(proposal: Proposal) -> Iterator[str]:
    for conflict in proposal.conflicts:
        where = ", ".join(filter(None, (conflict["item"], conflict["field"])))
        yield (
            f"Conflict: {where}: {conflict['ours']!r} stays, the proposal says "
            f"{conflict['theirs']!r}"
        )


def _items(counts: dict[str, int]) -> int:
    return sum(counts.get(kind, 0) for kind in SIGNS)


def _counted(counts: dict[str, int]) -> str:
    parts = [f"{counts.get(kind, 0)} {kind}" for kind in SIGNS if counts.get(kind)]
    if files := counts.get("files"):
        parts.append(f"{files} other file{'' if files == 1 else 's'}")
    return ", ".join(parts) or "nothing"


def _shortened(before: Any, after: Any) -> tuple[str, str]:
    """Show two values; of long ones what is around the place where they part."""
    texts = ["nothing" if v is None else _json_of(v) for v in (before, after)]
    pairs = enumerate(zip(*texts, strict=False))
    common = next((n for n, (one, other) in pairs if one != other), 0)
    start = max(0, common - LONGEST_SHOWN // 4) if common > LONGEST_SHOWN // 2 else 0
    one, other = (_cut(text, start) for text in texts)
    return one, other


def _cut(text: str, start: int) -> str:
    shown = text[start : start + LONGEST_SHOWN]
    head = "…" if start else ""
    return f"{head}{shown}{'…' if start + LONGEST_SHOWN < len(text) else ''}"


def _json_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _of_one(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument("number", metavar="NUMBER", nargs="?", type=int)
    return parser


def _jsonable(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print JSON and nothing else"
    )
