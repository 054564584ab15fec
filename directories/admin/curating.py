"""What curators do in the admin: the items of a directory, and deleting a whole one."""

from __future__ import annotations

from collections.abc import Mapping
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
from django.utils.html import format_html
from django.utils.text import capfirst
from pydantic import ValidationError

from directories import services
from directories.edit_console import explain_invalid
from directories.exceptions import DirectoryError, StaleEdit
from directories.models import Directory
from directories.services.deleting import Repositories, delete_directory
from directories.services.proposing import repositories_of
from directories.wording import ADMIN, with_advice
from generation.editing.operations import AddItem, SentForm
from generation.exceptions import FormConflict
from generation.sources.urls import LONGEST_URL

if TYPE_CHECKING:
    from directories.services.editing import Edited, How, ShownItem

PER_PAGE = 100
FIELDS = ("name", "source_url", "description", "category", "featured", "markdown")


class ItemForm(forms.Form):
    """The fields of an item that people change most."""

    name = forms.CharField(max_length=200)
    source_url = forms.CharField(label="Link", max_length=LONGEST_URL)
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
    # The blob ids of the item's files, as they were when this was shown.
    version = forms.CharField(required=False, widget=forms.HiddenInput())

    def fields_of_item(self) -> dict[str, Any]:
        given = self.cleaned_data
        tags = [tag.strip() for tag in given["tags"].split(",") if tag.strip()]
        return {**{key: given[key] for key in FIELDS}, "tags": tags}

    @classmethod
    def with_conflict(
        cls, conflict: FormConflict, *, allow_duplicate: bool
    ) -> ItemForm:
        """Show what was typed once more, and next to it what stands there now."""
        form = cls(
            {
                **_typed(conflict.values),
                "version": conflict.version,
                "allow_duplicate": allow_duplicate,
            }
        )
        theirs = _typed(conflict.theirs)
        # Before the first error, from which on it is fixed what a field shows.
        for key, value in theirs.items():
            now = {True: "yes", False: "no"}.get(value, value) or "(empty)"
            form.fields[key].help_text = format_html("Now: <pre>{}</pre>", now)
        form.add_error(
            None,
            f"{capfirst(str(conflict))}. Nothing was saved. What you typed is still here; "
            "save again to put it in place of what is there now.",
        )
        if conflict.kept:
            names = ", ".join(str(form[key].label) for key in conflict.kept)
            form.add_error(None, f"Changed meanwhile, and shown as it is now: {names}.")
        for key in theirs:
            form.add_error(key, "This is yours. Below it is what is there now.")
        return form


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
        if request.method != "POST":
            shown = self._shown(directory, slug) if slug else None
            if slug and shown is None:
                raise Http404(f"there is no item {slug}")
            form = ItemForm(initial=_initial(shown))
            return self._item_page(request, directory, form, slug, shown)
        if slug and "remove" in request.POST:
            return self._remove(request, directory, slug)
        form = ItemForm(request.POST)
        if form.is_valid():
            try:
                edited = _save(
                    directory, form, slug, services.editing.How(_user_of(request))
                )
            except FormConflict as exc:
                insists = form.cleaned_data["allow_duplicate"]
                form = ItemForm.with_conflict(exc, allow_duplicate=insists)
            except ValidationError as exc:
                form.add_error(None, explain_invalid(exc))
            except DirectoryError as exc:
                form.add_error(None, f"{with_advice(exc, ADMIN)}.")
            else:
                self.message_user(request, _told(edited), messages.SUCCESS)
                return redirect("admin:directories_directory_items", pk)
        shown = self._shown(directory, slug) if slug else None
        return self._item_page(request, directory, form, slug, shown)

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

    def _remove(
        self, request: HttpRequest, directory: Directory, slug: str
    ) -> HttpResponse:
        """Remove an item; where it is not what was shown, show the change and ask again."""
        sent, reason = (request.POST.get(key, "") for key in ("version", "reason"))
        try:
            edited = services.editing.remove_shown(
                directory,
                slug,
                services.editing.How(_user_of(request)),
                reason=reason,
                shown=sent,
            )
        except ValidationError as exc:
            self.message_user(request, f"{explain_invalid(exc)}.", messages.ERROR)
        except StaleEdit as exc:
            if shown := self._shown(directory, slug, since=sent):
                return self._item_page(
                    request,
                    directory,
                    ItemForm(initial=_initial(shown)),
                    slug,
                    shown,
                    is_stale=True,
                    changes=shown.changes,
                    reason=reason,
                )
            self.message_user(request, f"{exc}.", messages.ERROR)
        except DirectoryError as exc:
            self.message_user(request, f"{exc}.", messages.ERROR)
        else:
            self.message_user(request, _told(edited), messages.SUCCESS)
        return redirect("admin:directories_directory_items", directory.pk)

    def _item_page(
        self,
        request: HttpRequest,
        directory: Directory,
        form: ItemForm,
        slug: str | None,
        item: ShownItem | None,
        **facts: Any,
    ) -> HttpResponse:
        title = f"Change {item.name if item else slug}" if slug else "Add an item"
        facts |= {"directory": directory, "form": form, "item": item}
        return self._render(request, "item", title, facts)

    def _directory(self, request: HttpRequest, pk: UUID) -> Directory:
        directory = get_object_or_404(Directory.objects.select_related("owner"), pk=pk)
        if not self.has_change_permission(request, directory):
            raise PermissionDenied
        return directory

    def _shown(
        self, directory: Directory, slug: str, *, since: str = ""
    ) -> ShownItem | None:
        try:
            return services.editing.show_item(directory, slug, since=since)
        except DirectoryError as exc:
            raise Http404(str(exc)) from exc

    def _render(
        self, request: HttpRequest, template: str, title: str, facts: dict[str, Any]
    ) -> HttpResponse:
        context = self.admin_site.each_context(request)
        return TemplateResponse(
            request,
            f"admin/directories/directory/{template}.html",
            {**context, "title": title, "opts": self.opts, **facts},
        )


def _save(directory: Directory, form: ItemForm, slug: str | None, how: How) -> Edited:
    """Add an item, or save what the form changed of one.

    Raises FormConflict, DirectoryError, and ValidationError for what no item can have.
    """
    fields, insists = form.fields_of_item(), form.cleaned_data["allow_duplicate"]
    if slug is None:
        item = AddItem.model_validate({**fields, "allow_duplicate": insists})
        return services.editing.change_items(directory, [item], how)
    shown = form.cleaned_data["version"]
    return services.editing.save_form(
        directory, SentForm(slug, fields, shown, insists), how
    )


def _initial(shown: ShownItem | None) -> dict[str, Any]:
    return {**_typed(shown.values), "version": shown.version} if shown else {}


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values as they are typed: lists in one line."""
    return {
        key: ", ".join(value) if isinstance(value, list) else value
        for key, value in values.items()
    }


def _user_of(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User), "the admin is for people who have logged in"
    return user


def _told(edited: Edited) -> str:
    if edited.revised and (proposal := edited.revised.proposal):
        return f"{edited.edit.title}: waits as proposal {proposal.number}."
    return f"{edited.edit.title}." if edited.edit else "Nothing has changed."
