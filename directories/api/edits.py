"""The public API of people's edits: items, categories and tags. Only the owner's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from pydantic import TypeAdapter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directories import services
from directories.api.bodies import AdoptedRepository, Import, Inspect, Undo
from directories.api.conditions import etag_of, is_known, versions_asked
from directories.api.views import body_of, caller_of, own_directories, own_runs
from directories.edit_console import adoption_document, edit_document
from directories.exceptions import NotFound, NotPossible
from directories.models import Directory
from directories.services.slow_requests import slow_request
from generation.editing.operations import (
    AddItem,
    ItemOperations,
    LabelOperation,
    RemoveItem,
    UpdateItem,
)

if TYPE_CHECKING:
    from directories.services.editing import Edited, How
    from generation.repositories.data import Stored, StoredItem
    from generation.sources.fetch import Fetcher

MOST_LISTED = 500
_label_operation: TypeAdapter[LabelOperation] = TypeAdapter(LabelOperation)


class Items(APIView):
    """`GET`: the items, by slug; `?search=`, `?category=`, `?tag=`, `?limit=`, `?offset=`."""

    def get(self, request: Request, pk: UUID) -> Response:
        stored = services.editing.read(_own(request, pk))
        asked = request.query_params
        text = asked.get("search", "").casefold()
        found = [
            item
            for item in sorted(stored.items, key=lambda found: found.item.slug)
            if asked.get("category") in (None, item.item.category)
            and (asked.get("tag") is None or asked["tag"] in item.item.tags)
            and text in f"{item.item.name}\n{item.item.description}".casefold()
        ]
        limit, offset = _number(asked, "limit", 100), _number(asked, "offset", 0)
        shown = found[offset : offset + min(limit, MOST_LISTED)]
        results = [_item(stored, item) for item in shown]
        return Response({"count": len(found), "results": results})

    def post(self, request: Request, pk: UUID) -> Response:
        """Add an item: 201 and what it did; in a dry run 200."""
        directory = _own(request, pk)
        operation = AddItem.model_validate(body_of(request))
        edited = services.editing.change_items(directory, [operation], how_of(request))
        if edited.revised is None or edited.revised.proposal:
            return answer(directory, edited)
        slug = edited.edit.effects[0].id
        location = reverse("item", args=[directory.pk, slug])
        return answer(directory, edited, status=201, headers={"Location": location})


class ItemDetail(APIView):
    """One item. `If-Match` names the version that is to be changed or removed."""

    def get(self, request: Request, pk: UUID, slug: str) -> Response:
        stored = services.editing.read(_own(request, pk))
        for found in stored.items:
            if found.item.slug == slug:
                document = _item(stored, found)
                headers = {"ETag": etag_of(document["version"])}
                if is_known(request, document["version"]):
                    return Response(status=304, headers=headers)
                return Response(document, headers=headers)
        raise NotFound(f"there is no item {slug}")

    def patch(self, request: Request, pk: UUID, slug: str) -> Response:
        directory = _own(request, pk)
        body = {**body_of(request), "slug": slug}
        return _change_one(request, directory, UpdateItem.model_validate(body))

    def delete(self, request: Request, pk: UUID, slug: str) -> Response:
        """Remove an item for the reason in the body, or in `?reason=`."""
        directory = _own(request, pk)
        body = body_of(request) or {"reason": request.query_params.get("reason", "")}
        operation = RemoveItem.model_validate({**body, "slug": slug})
        return _change_one(request, directory, operation)


class InspectPage(APIView):
    def post(self, request: Request, pk: UUID) -> Response:
        """Read what a page says of itself: fields for an item, ready to be looked over."""
        _own(request, pk)
        body = Inspect.model_validate(body_of(request))
        with slow_request(caller_of(request)):
            details = services.editing.look_up(body.url, fetcher=_fetcher())
        return Response({**details.model_dump(mode="json"), "meta": details.facts()})


class BulkItems(APIView):
    def post(self, request: Request, pk: UUID) -> Response:
        """Up to 500 operations in their order: all of them, or none."""
        directory = _own(request, pk)
        if versions_asked(request) is not None:
            raise ParseError(
                "If-Match is for one item; here each operation may have a version."
            )
        several = ItemOperations.model_validate(body_of(request))
        return answer(
            directory,
            services.editing.change_items(
                directory, several.operations, how_of(request)
            ),
        )


class Labels(APIView):
    """Categories and tags: `GET` lists both, `POST` takes one operation."""

    def get(self, request: Request, pk: UUID) -> Response:
        stored = services.editing.read(_own(request, pk))
        uses = Counter(found.item.category for found in stored.items)
        tags = Counter(tag for found in stored.items for tag in found.item.tags)
        from generation.repositories.labels import label_entry

        return Response(
            {
                "versions": stored.label_versions,
                "categories": [
                    {**label_entry(category), "items": uses[category.id]}
                    for category in stored.categories
                ],
                "tags": [
                    {**label_entry(tag), "items": tags[tag.id]} for tag in stored.tags
                ],
            },
            headers={"ETag": etag_of(stored.taxonomy_version)},
        )

    def post(self, request: Request, pk: UUID) -> Response:
        directory = _own(request, pk)
        operation = _label_operation.validate_python(body_of(request))
        edited = services.editing.change_labels(
            directory, operation, how_of(request), versions=versions_asked(request)
        )
        return answer(directory, edited)


def _change_one(
    request: Request, directory: Directory, operation: UpdateItem | RemoveItem
) -> Response:
    edited = services.editing.change_item(
        directory, operation, how_of(request), versions=versions_asked(request)
    )
    return answer(directory, edited)


def _own(request: Request, pk: UUID) -> Directory:
    return get_object_or_404(own_directories(request), pk=pk)


def how_of(request: Request) -> How:
    """Read `?dry_run=` and `?proposal=`; without the second, the directory decides."""
    return services.editing.How(
        user=caller_of(request),
        dry_run=_flag(request, "dry_run") or False,
        as_proposal=_flag(request, "proposal"),
    )


def _flag(request: Request, name: str) -> bool | None:
    text = request.query_params.get(name)
    if text not in (None, "true", "false"):
        raise ParseError(f"{name} is true or false.")
    return None if text is None else text == "true"


def answer(
    directory: Directory,
    edited: Edited,
    *,
    status: int = 200,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Tell an edit. Where it leaves one thing behind, its version is the `ETag`."""
    document = edit_document(directory, edited)
    versions = [effect["version"] for effect in document["effects"]]
    if len(set(versions)) == 1 and versions[0]:
        headers = {**headers, "ETag": etag_of(versions[0])}
    return Response(document, status, headers=dict(headers))


def _fetcher() -> Fetcher:
    # As the services: what a run needs is imported by the request that needs it.
    from generation.sources.fetch import Fetcher
    from generation.tasks.directory_generation import host

    fetcher = host().fetch
    assert isinstance(fetcher, Fetcher), "this machine fetches for itself"
    return fetcher


def _item(stored: Stored, found: StoredItem) -> dict[str, Any]:
    from generation.repositories.documents import item_document

    version = stored.version_of(found.item.slug)
    assert version is not None, "an item was read from its file"
    return {
        "slug": found.item.slug,
        **item_document(found.item),
        "version": version.tag,
        "edited": found.edited,
        "sources": [source.model_dump() for source in found.record.sources],
    }


def _number(asked: Any, name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdecimal() or len(text) > 9:
        raise ParseError(f"{name} takes a number.")
    return int(text)


class ImportItems(APIView):
    def post(self, request: Request, pk: UUID) -> Response:
        """Add the items of a file that is given by its text."""
        directory = _own(request, pk)
        body = Import.model_validate(body_of(request))
        given = body.given()
        edited = services.editing.take_in(
            directory,
            given.content,
            how_of(request),
            name=given.name,
            media_type=given.media_type,
            duplicates=body.duplicates,
        )
        return answer(directory, edited)


class ExportItems(APIView):
    def get(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """Give all items as a file; `?as=` csv, json, opml or bookmarks."""
        directory = _own(request, pk)
        form = request.query_params.get("as", "csv")
        from generation.editing.exporting import FORMATS

        pieces = services.editing.give_out(directory, form)
        name = f"{directory.slug}.{FORMATS[form].ending}"
        return StreamingHttpResponse(
            pieces,
            content_type=FORMATS[form].media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class UndoRun(APIView):
    def post(self, request: Request, pk: UUID) -> Response:
        """Take a run back: 200 and what it does; 422 where that would lose an edit."""
        run = get_object_or_404(own_runs(request), pk=pk)
        wish = Undo.model_validate(body_of(request))
        edited = services.editing.undo_run(
            run, how_of(request), keep_edits=wish.keep_edits
        )
        return answer(run.directory, edited)


def _accept(doubts: Sequence[str]) -> None:
    """Adopt it: the caller has said so in advance."""


def _refuse(doubts: Sequence[str]) -> None:
    raise NotPossible(
        f"{'; '.join(doubts)}. With accept_losses it is adopted all the same"
    )


class Adopt(APIView):
    throttle_scope = "generate"

    def post(self, request: Request) -> Response:
        """Take over a data repository by its URL: 201, and what was mended in it."""
        body = AdoptedRepository.model_validate(body_of(request))
        wanted = services.adopting.Wanted(
            source=body.url,
            owner=caller_of(request),
            slug=body.slug,
            name=body.name,
            description=body.description,
            confirm=_accept if body.accept_losses else _refuse,
        )
        is_dry_run = how_of(request).dry_run
        work = services.adopting.look_at if is_dry_run else services.adopting.adopt
        with slow_request(caller_of(request)):
            found = work(wanted, fetcher=_fetcher())
        if is_dry_run:
            return Response(adoption_document(found))
        assert found.directory is not None, "it was made"
        location = reverse("directory", args=[found.directory.pk])
        return Response(
            adoption_document(found), status=201, headers={"Location": location}
        )
