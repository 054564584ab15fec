"""Look at the categories and tags of a directory, and put them in order."""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from pydantic import TypeAdapter

from directories.edit_console import (
    add_edit_options,
    add_json_option,
    how_of,
    print_edit,
    told_refusals,
)
from directories.services import editing
from directories.services.intake import named_directory
from generation.editing.operations import LabelOperation
from generation.repositories.labels import label_entry

KINDS = {"category": "categories", "tag": "tags"}
_operation: TypeAdapter[LabelOperation] = TypeAdapter(LabelOperation)


class Command(BaseCommand):
    help = (
        "List categories or tags, create, rename, merge, delete or reorder them. Items "
        "follow in the same commit, and the old ids and names go on leading there. A "
        "label is called by its id or its name."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
        listing = actions.add_parser(
            "list", help="the labels, with their items' number"
        )
        create = actions.add_parser("create", help="make a label")
        rename = actions.add_parser("rename", help="give a label another name or id")
        merge = actions.add_parser("merge", help="make one of several labels")
        delete = actions.add_parser("delete", help="remove a label for good")
        reorder = actions.add_parser("reorder", help="say which labels come first")
        for action in (listing, create, rename, merge, delete, reorder):
            action.add_argument("directory", metavar="SLUG")
            action.add_argument("kind", choices=[*KINDS, *KINDS.values()])
        create.add_argument("name", metavar="NAME")
        create.add_argument("--id")
        create.add_argument(
            "--priority", type=int, metavar="N", help="small ones first"
        )
        rename.add_argument("id", metavar="LABEL")
        rename.add_argument("name", metavar="NAME", nargs="?")
        rename.add_argument("--new-id", metavar="ID", help="the items follow")
        for action in (create, rename):
            action.add_argument("--description", metavar="TEXT")
        merge.add_argument("ids", metavar="LABEL", nargs="+")
        merge.add_argument("--into", metavar="LABEL", required=True)
        delete.add_argument("id", metavar="LABEL")
        delete.add_argument("--into", metavar="LABEL", help="where its items go")
        reorder.add_argument("ids", metavar="LABEL", nargs="+")
        add_json_option(listing)
        for action in (create, rename, merge, delete, reorder):
            add_edit_options(action)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        options["kind"] = KINDS.get(options["kind"], options["kind"])
        work: Callable[[dict[str, Any]], None] = (
            self._list if options["do"] == "list" else self._do
        )
        with told_refusals():
            work(options)

    def _list(self, options: dict[str, Any]) -> None:
        stored = editing.read(named_directory(options["directory"]))
        is_tags = options["kind"] == "tags"
        uses = Counter(
            label
            for found in stored.items
            for label in (found.item.tags if is_tags else [found.item.category])
        )
        labels = stored.tags if is_tags else stored.categories
        rows = [{**label_entry(label), "items": uses[label.id]} for label in labels]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        for row in rows:
            aliases = ", ".join(row.get("aliases", ()))
            also = f"  (also {aliases})" if aliases else ""
            self.stdout.write(f"{row['items']:>6}  {row['id']}  {row['name']}{also}")
        self.stdout.write(f"{len(rows)} {options['kind']}")

    def _do(self, options: dict[str, Any]) -> None:
        directory = named_directory(options["directory"])
        names = (
            "kind",
            "id",
            "name",
            "new_id",
            "description",
            "priority",
            "ids",
            "into",
        )
        given = {n: options[n] for n in names if options.get(n) is not None}
        operation = _operation.validate_python({"action": options["do"], **given})
        how = how_of(directory, options)
        edited = editing.change_labels(directory, operation, how)
        print_edit(self.stdout, directory, edited, as_json=options["json"])
