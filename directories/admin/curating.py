"""What curators do in the admin: the items of a directory, and deleting a whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from pydantic import ValidationError

from directories import services
from directories.edit_console import explain_invalid
from directories.exceptions import DirectoryError
from directories.models import Directory
from directories.services.deleting import Repositories, delete_directory
from directories.services.proposing import repositories_of
from directories.wording import ADMIN, with_advice
from generation.editing.operations import AddItem, ItemOperation, RemoveItem, UpdateItem
from generation.items import Item

if TYPE_CHECKING:
    from directories.services.editing import Edited

PER_PAGE = 100
FIELDS = ("name", "source_url", "description", "category", "featured", "markdown")


class ItemForm(forms.Form):
    """The fields of an item that people change most."""

    name = forms.CharField(max_length=200)
    source_url = forms.URLField(label="Link", max_length=2_000, assume_scheme="https")
    description = forms.CharField(max_length=5_000, required=False)
    category = forms.CharField(max_length=100, help_text="An id, or a name.")
    tags = forms.CharField(required=False, help_text="Divided by commas.")
    featured = forms.BooleanField(required=False)
    markdown = forms.CharField(
        label="Text", widget=forms.Textarea(attrs={"rows": 8}), required=False
    )
    allow_duplicate = forms.BooleanField(
        required=False, label="Although it looks like an item that is there"
    )

    def fields_of_item(self) -> dict[str, Any]:
        given = self.cleaned_data
        tags = [tag.strip() for tag in given["tags"].split(",") if tag.strip()]
        return {**{key: given[key] for key in FIELDS}, "tags": tags}


class Curating(admin.ModelAdmin):
    """Pages below a directory's own page, for whoever may change or delete it."""

    change_form_template = "admin/directories/directory/curated.html"

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "directories_directory"
        own = [
            path("<uuid:pk>/items/", view(self.items_view), name=f"{name}_items"),
            path("<uuid:pk>/items/add/", view(self.item_view), name=f"{name}_item_add"),
            path(
                "<uuid:pk>/items/<str:slug>/", view(self.item_view), name=f"{name}_item"
            ),
            path("<uuid:pk>/take-down/", view(self.delete_view_), name=f"{name}_down"),
        ]
        return own + super().get_urls()

    def items_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        directory = self._directory(request, pk)
        text = request.GET.get("q", "")
        try:
            stored = services.editing.read(directory)
        except DirectoryError as exc:
            self.message_user(request, f"{exc}.", messages.ERROR)
            return redirect("admin:directories_directory_change", pk)
        items = [
            found
            for found in sorted(stored.items, key=lambda f: f.item.name.casefold())
            if text.casefold()
            in f"{found.item.name} {found.item.description}".casefold()
        ]
        page = Paginator(items, PER_PAGE).get_page(request.GET.get("page"))
        facts = {"directory": directory, "page": page, "q": text}
        return self._render(request, "items", f"Items of {directory}", facts)

    def item_view(
        self, request: HttpRequest, pk: UUID, slug: str | None = None
    ) -> HttpResponse:
        """Add an item, or change or remove the one of this slug."""
        directory = self._directory(request, pk)
        item = self._item(directory, slug) if slug else None
        form = ItemForm(request.POST or None, initial=_initial(item))
        if request.method == "POST":
            operation = self._operation(request, form, item)
            if operation is not None and self._do(request, directory, form, operation):
                return redirect("admin:directories_directory_items", pk)
        title = f"Change {item.name}" if item else "Add an item"
        facts = {"directory": directory, "form": form, "item": item}
        return self._render(request, "item", title, facts)

    def delete_view_(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask what becomes of the repositories, and delete."""
        directory = get_object_or_404(Directory, pk=pk)
        if not request.user.has_perm("directories.delete_directory"):
            raise PermissionDenied
        choice = request.POST.get("repositories", "")
        if request.method == "POST" and choice in list(Repositories):
            name = str(directory)
            try:
                deleted = delete_directory(directory, Repositories(choice))
            except DirectoryError as exc:
                self.message_user(request, f"{exc}.", messages.ERROR)
                return redirect("admin:directories_directory_change", pk)
            where = ", ".join(map(str, deleted.paths)) or "none is left"
            self.message_user(request, f"{name} is deleted. Repositories: {where}.")
            return redirect("admin:directories_directory_changelist")
        paths = [r.path for r in repositories_of(directory).values() if r.exists()]
        facts = {"directory": directory, "paths": paths}
        return self._render(request, "take_down", f"Delete {directory}", facts)

    def _operation(
        self, request: HttpRequest, form: ItemForm, item: Item | None
    ) -> ItemOperation | None:
        """Read what was asked for; None, and the form says why, where it is wrong."""
        try:
            if item is not None and "remove" in request.POST:
                reason = request.POST.get("reason", "")
                return RemoveItem(slug=item.slug, reason=reason)
            if not form.is_valid():
                return None
            fields = form.fields_of_item()
            insists = {"allow_duplicate": form.cleaned_data["allow_duplicate"]}
            if item is None:
                return AddItem.model_validate({**fields, **insists})
            before = {**item.model_dump(), "tags": list(item.tags)}
            changed = {key: v for key, v in fields.items() if before[key] != v}
            return UpdateItem.model_validate({"slug": item.slug, **insists, **changed})
        except ValidationError as exc:
            form.add_error(None, explain_invalid(exc))
            return None

    def _do(
        self,
        request: HttpRequest,
        directory: Directory,
        form: ItemForm,
        operation: ItemOperation,
    ) -> bool:
        user = request.user
        assert isinstance(user, User), "the admin is for people who have logged in"
        try:
            edited = services.editing.change_items(
                directory, [operation], services.editing.How(user)
            )
        except DirectoryError as exc:
            form.is_valid()
            form.add_error(None, f"{with_advice(exc, ADMIN)}.")
            return False
        self.message_user(request, _told(edited), messages.SUCCESS)
        return True

    def _directory(self, request: HttpRequest, pk: UUID) -> Directory:
        directory = get_object_or_404(Directory.objects.select_related("owner"), pk=pk)
        if not self.has_change_permission(request, directory):
            raise PermissionDenied
        return directory

    def _item(self, directory: Directory, slug: str) -> Item:
        try:
            stored = services.editing.read(directory)
        except DirectoryError as exc:
            raise Http404(str(exc)) from exc
        for found in stored.items:
            if found.item.slug == slug:
                return found.item
        raise Http404(f"there is no item {slug}")

    def _render(
        self, request: HttpRequest, template: str, title: str, facts: dict[str, Any]
    ) -> HttpResponse:
        context = self.admin_site.each_context(request)
        return TemplateResponse(
            request,
            f"admin/directories/directory/{template}.html",
            {**context, "title": title, "opts": self.opts, **facts},
        )


def _initial(item: Item | None) -> dict[str, Any]:
    if item is None:
        return {}
    return {**{key: getattr(item, key) for key in FIELDS}, "tags": ", ".join(item.tags)}


def _told(edited: Edited) -> str:
    if edited.revised and (proposal := edited.revised.proposal):
        return f"{edited.edit.title}: waits as proposal {proposal.number}."
    return f"{edited.edit.title}." if edited.edit else "Nothing has changed."
