"""What the commands for people's edits share: their options, and how they show an edit."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from pydantic import ValidationError

from directories import services
from directories.exceptions import DirectoryError, NotNow, NotPossible
from directories.models import Directory
from directories.services.owners import find_owner

if TYPE_CHECKING:
    from directories.services.adopting import Adoption
    from directories.services.editing import Edited, How
    from generation.editing import Effect

FAILED, WRONG_INPUT = 1, 2
SHOWN_EFFECTS = 50
SIGNS = {"add": "+", "restore": "+", "create": "+", "remove": "-", "delete": "-"}


def add_edit_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="say what it would do, and write nothing"
    )
    review = parser.add_mutually_exclusive_group()
    review.add_argument(
        "--proposal",
        dest="as_proposal",
        action="store_true",
        default=None,
        help="put it up for review, whatever the directory says",
    )
    review.add_argument(
        "--direct",
        dest="as_proposal",
        action="store_false",
        help="do it at once, whatever the directory says",
    )
    parser.add_argument(
        "--user",
        metavar="NAME",
        help="in whose name; the directory's owner if nobody is named",
    )
    add_json_option(parser)


def add_json_option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print JSON and nothing else"
    )


def how_of(directory: Directory, options: Mapping[str, Any]) -> How:
    """Read in whose name an edit is made. Raises NotPossible."""
    user = directory.owner
    if name := options.get("user"):
        found = find_owner(name)
        assert found is not None, "a directory has an owner, so there is a user"
        user = found
    return services.editing.How(
        user=user,
        dry_run=options["dry_run"],
        clock=clock(),
        as_proposal=options["as_proposal"],
    )


def clock() -> datetime | None:
    """The time that a build asks to be written, if it asks for one."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal() and len(seconds) <= 11:
        return datetime.fromtimestamp(int(seconds), UTC)
    return None


def edit_document(directory: Directory, edited: Edited) -> dict[str, Any]:
    """Tell an edit as JSON does. What waits, or was not done, makes no version."""
    proposal = edited.revised.proposal if edited.revised else None
    effects = [effect.model_dump(mode="json") for effect in edited.edit.effects]
    if edited.is_dry_run or proposal:
        effects = [{**effect, "version": None} for effect in effects]
    return {
        "directory": str(directory.pk),
        "title": edited.edit.title,
        "dry_run": edited.is_dry_run,
        "changed": bool(edited.edit),
        "effects": effects,
        "commits": dict(edited.revised.commits) if edited.revised else {},
        "proposal": proposal.number if proposal else None,
    }


def print_edit(
    stream: Any, directory: Directory, edited: Edited, *, as_json: bool
) -> None:
    if as_json:
        document = edit_document(directory, edited)
        stream.write(json.dumps(document, ensure_ascii=False, indent=2))
        return
    effects = edited.edit.effects
    for effect in effects[:SHOWN_EFFECTS]:
        for line in _lines(effect):
            stream.write(line)
    if (more := len(effects) - SHOWN_EFFECTS) > 0:
        stream.write(f"  and {more} more")
    if edited.is_dry_run:
        stream.write(f"{edited.edit.title}. Nothing was written: this was a dry run.")
    elif not edited.edit:
        stream.write("Nothing has changed.")
    elif edited.revised and (proposal := edited.revised.proposal):
        stream.write(
            f"{edited.edit.title}: waits as proposal {proposal.number} of {directory}"
        )
    else:
        assert edited.revised is not None
        where = ", ".join(
            f"{kind} {commit[:10]}" for kind, commit in edited.revised.commits.items()
        )
        stream.write(f"{edited.edit.title}: {directory}, {where}")


def _lines(effect: Effect) -> list[str]:
    notes = f"  ({'; '.join(effect.notes)})" if effect.notes else ""
    sign = SIGNS.get(effect.action, "=" if effect.action == "unchanged" else "~")
    lines = [f"{sign} {effect.id}  {effect.name}{notes}"]
    if effect.action == "left out":
        lines = [f"left out: {effect.name}{notes}"]
    lines += (
        f"    {change.field}: {change.before!r} → {change.after!r}"
        for change in effect.fields
    )
    return lines


@contextmanager
def told_refusals() -> Iterator[None]:
    """End a command with a message and a status where somebody's input or the moment is at
    fault: 2 for what was typed, 1 for what may be possible later."""
    try:
        yield
    except ValidationError as exc:
        raise CommandError(f"{explain_invalid(exc)}.", returncode=WRONG_INPUT) from exc
    except NotPossible as exc:
        raise CommandError(f"{why(exc)}.", returncode=WRONG_INPUT) from exc
    except DirectoryError as exc:
        status = FAILED if isinstance(exc, NotNow) else WRONG_INPUT
        raise CommandError(f"{exc}.", returncode=status) from exc
    except DatabaseError as exc:
        raise CommandError(f"the database does not answer: {exc}") from exc


def why(exc: NotPossible) -> str:
    """Tell a refusal with every place that is wrong."""
    errors = exc.extensions.get("errors") or []
    if len(errors) < 2:
        return str(exc)
    return "\n".join(
        [f"{exc}", *(f"  {e.get('pointer', '')}: {e['detail']}" for e in errors[:20])]
    )


def explain_invalid(exc: ValidationError) -> str:
    """Tell what is wrong with what was typed, each field on a line."""
    lines = []
    for error in exc.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in error["loc"] if part != "function-after")
        lines.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)


def adoption_document(found: Adoption) -> dict[str, Any]:
    return {
        "directory": str(found.directory.pk) if found.directory else None,
        "slug": found.slug,
        "name": found.name,
        "items": found.items,
        "categories": found.categories,
        "tags": found.tags,
        "problems": [problem._asdict() for problem in found.problems],
        "warnings": list(found.warnings),
        "doubts": list(found.doubts),
    }
