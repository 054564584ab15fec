"""Look at the items of a directory, and add, change and remove some."""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from directories.edit_console import (
    add_edit_options,
    add_json_option,
    how_of,
    print_edit,
    told_refusals,
)
from directories.exceptions import NotPossible
from directories.services import editing
from directories.services.intake import named_directory
from directories.wording import COMMAND_LINE, FILE, count_of, with_advice
from generation.editing.inspecting import Details
from generation.editing.operations import (
    AddItem,
    ItemOperation,
    ItemOperations,
    RemoveItem,
    UpdateItem,
)
from generation.items import Item
from generation.repositories.data import Stored
from generation.repositories.documents import item_document
from generation.sources.fetch import Fetcher
from generation.sources.urls import clean_url
from generation.tasks.directory_generation import host
from generation.yaml import InvalidYAML, parse

LARGEST_FILE = 20
# What an item cannot be without.
NEEDED = ("name", "category")


class Command(BaseCommand):
    help = (
        "List the items of a directory, show one, add, edit or remove one, or do many "
        "things at once. What you do is a commit in your name, which runs keep."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="all items, a line each")
        listing.add_argument("directory", metavar="SLUG")
        listing.add_argument("--category", metavar="ID", help="of this category")
        listing.add_argument("--tag", metavar="ID", help="with this tag")
        listing.add_argument("--search", metavar="TEXT", help="with this in it")
        add_json_option(listing)
        show = actions.add_parser("show", help="all fields of an item")
        show.add_argument("directory", metavar="SLUG")
        show.add_argument("item", metavar="ITEM")
        add_json_option(show)
        adding = actions.add_parser("add", help="add an item")
        adding.add_argument("directory", metavar="SLUG")
        adding.add_argument("source_url", metavar="URL", help="where the item leads")
        adding.add_argument(
            "--slug", dest="item_slug", help="instead of one made of the name"
        )
        _add_fields(adding)
        adding.add_argument(
            "--tag", dest="tags", action="append", metavar="TAG", help="may be repeated"
        )
        editing_ = actions.add_parser("edit", help="change fields of an item")
        editing_.add_argument("directory", metavar="SLUG")
        editing_.add_argument("item", metavar="ITEM")
        editing_.add_argument("--url", dest="source_url", help="where the item leads")
        _add_fields(editing_)
        editing_.add_argument("--tag", dest="add_tags", action="append", metavar="TAG")
        editing_.add_argument(
            "--no-tag", dest="remove_tags", action="append", metavar="TAG"
        )
        editing_.add_argument("--not-featured", action="store_true")
        inspecting = actions.add_parser(
            "inspect", help="say what a page says of itself, without adding it"
        )
        inspecting.add_argument("url", metavar="URL")
        add_json_option(inspecting)
        adding.add_argument(
            "--inspect",
            action="store_true",
            help="take what is not given from the page: name, description, licence, …",
        )
        removing = actions.add_parser("remove", help="remove an item for good")
        removing.add_argument("directory", metavar="SLUG")
        removing.add_argument("item", metavar="ITEM")
        removing.add_argument("--reason", required=True, help="it is written down")
        bulk = actions.add_parser("bulk", help="do up to 500 things, all or none")
        bulk.add_argument("directory", metavar="SLUG")
        bulk.add_argument(
            "file", metavar="FILE", type=Path, help="a YAML or JSON list of operations"
        )
        for action in (adding, editing_, removing, bulk):
            add_edit_options(action)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        work: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['do']}")
        with told_refusals():
            work(options)

    def _list(self, options: dict[str, Any]) -> None:
        stored = editing.read(named_directory(options["directory"]))
        text = (options["search"] or "").casefold()
        items = [
            found.item
            for found in stored.items
            if options["category"] in (None, found.item.category)
            and (options["tag"] is None or options["tag"] in found.item.tags)
            and text in f"{found.item.name}\n{found.item.description}".casefold()
        ]
        if options["json"]:
            self._json([_document(item, stored) for item in items])
            return
        for item in items:
            self.stdout.write(
                f"{item.slug}  {item.name}  {item.category}  {item.source_url}"
            )
        self.stdout.write(count_of(len(items), "item"))

    def _show(self, options: dict[str, Any]) -> None:
        stored = editing.read(named_directory(options["directory"]))
        found = next((f for f in stored.items if f.item.slug == options["item"]), None)
        if found is None:
            raise NotPossible(f"there is no item {options['item']}")
        document = {"slug": found.item.slug, **item_document(found.item)}
        if options["json"]:
            sources = [source.model_dump() for source in found.record.sources]
            document = _document(found.item, stored)
            self._json({**document, "edited": found.edited, "sources": sources})
            return
        for key, value in document.items():
            self.stdout.write(f"{key}: {value}")

    def _inspect(self, options: dict[str, Any]) -> None:
        details = self._details(options["url"])
        if options["json"]:
            self._json(details.model_dump(mode="json"))
            return
        for key, value in details.model_dump(exclude={"sources"}).items():
            if value:
                where = details.sources.get(key)
                text = ", ".join(value) if isinstance(value, tuple) else value
                self.stdout.write(f"{key}: {text}" + (f"  ({where})" if where else ""))

    def _details(self, url: str) -> Details:
        fetcher = host().fetch
        assert isinstance(fetcher, Fetcher), "this machine fetches for itself"
        return editing.look_up(url, fetcher=fetcher)

    def _add(self, options: dict[str, Any]) -> None:
        _check_url(options["source_url"])
        given = _given(options, "name", "description", "category", "markdown")
        facts = _facts(options)
        if options["inspect"]:
            details = self._details(options["source_url"])
            found = {"name": details.name, "description": details.description}
            given = {key: value for key, value in found.items() if value} | given
            facts = {**details.facts(), **facts}
        if missing := [f"--{name}" for name in NEEDED if not given.get(name)]:
            raise NotPossible(f"{' and '.join(missing)} must be given")
        self._do(
            options,
            AddItem.model_validate(
                {
                    **given,
                    "source_url": options["source_url"],
                    "slug": options["item_slug"],
                    "tags": options["tags"] or (),
                    "featured": options["featured"],
                    "meta": facts,
                    "allow_duplicate": options["allow_duplicate"],
                    **_given(options, "order"),
                }
            ),
        )

    def _edit(self, options: dict[str, Any]) -> None:
        fields = ("name", "description", "category", "markdown", "source_url", "order")
        given = _given(options, *fields, "add_tags", "remove_tags")
        if options["featured"] or options["not_featured"]:
            given["featured"] = options["featured"]
        if facts := _facts(options):
            given["meta"] = facts
        if not given:
            raise NotPossible(
                "name at least one field to change, such as --description"
            )
        given["allow_duplicate"] = options["allow_duplicate"]
        self._do(options, UpdateItem.model_validate({"slug": options["item"], **given}))

    def _remove(self, options: dict[str, Any]) -> None:
        self._do(options, RemoveItem(slug=options["item"], reason=options["reason"]))

    def _bulk(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        try:
            document = parse(path.read_bytes(), times=LARGEST_FILE)
        except OSError as exc:
            raise NotPossible(f"{path} cannot be read: {exc.strerror}") from exc
        except InvalidYAML as exc:
            raise NotPossible(f"{path}: {exc}") from exc
        if isinstance(document, dict):
            document = document.get("operations")
        several = ItemOperations.model_validate({"operations": document})
        self._do(options, *several.operations)

    def _do(self, options: dict[str, Any], *operations: ItemOperation) -> None:
        directory = named_directory(options["directory"])
        how = how_of(directory, options)
        try:
            edited = editing.change_items(directory, operations, how)
        except NotPossible as exc:
            door = FILE if options["do"] == "bulk" else COMMAND_LINE
            raise NotPossible(with_advice(exc, door), **exc.extensions) from exc
        print_edit(self.stdout, directory, edited, as_json=options["json"])

    def _json(self, document: Any) -> None:
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))


def _add_fields(parser: ArgumentParser) -> None:
    parser.add_argument("--name", metavar="TEXT")
    parser.add_argument("--description", metavar="TEXT", help="one sentence")
    parser.add_argument("--category", metavar="TEXT", help="an id or a name")
    parser.add_argument("--markdown", metavar="TEXT", help="the text of its page")
    parser.add_argument("--order", type=int, metavar="N")
    parser.add_argument("--featured", action="store_true", help="it stands first")
    parser.add_argument(
        "--fact",
        dest="facts",
        action="append",
        metavar="KEY=VALUE",
        help="a fact such as license=MIT; without a value it goes; may be repeated",
    )
    parser.add_argument(
        "--allow-duplicate",
        action="store_true",
        help="although it looks like an item that is there",
    )


def _check_url(url: str) -> None:
    """Refuse what is no link before anything is asked for: it is the first thing typed."""
    if not clean_url(url):
        raise NotPossible(
            f"{url[:200]!r} is no http or https link; give a whole one, such as "
            "https://example.org/"
        )


def _document(item: Item, stored: Stored) -> dict[str, Any]:
    version = stored.version_of(item.slug)
    assert version is not None, "an item was read from its file"
    return {"slug": item.slug, **item_document(item), "version": version.tag}


def _given(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options[name] is not None}


def _facts(options: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for text in options["facts"] or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise NotPossible(f"--fact takes KEY=VALUE, not {text!r}")
        facts[key.strip()] = value.strip() or None
    return facts
