"""Directories, with the action "Generate directory"."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from pydantic import ValidationError

from directories.admin.curating import Curating
from directories.admin.readonly import ReadOnly
from directories.downloads import download
from directories.exceptions import DirectoryError
from directories.forms import DETAILS, DirectoryForm
from directories.models import Directory, GenerationRun, RunState, SourceDocument
from directories.services import queueing, runs
from directories.services.directories import namespace_of, store_documents
from directories.services.documents import remove_document
from directories.services.files import explain
from directories.services.oversize import oversize_of
from directories.services.proposing import repositories_of
from directories.services.requests import build_request, edit_request, is_empty
from directories.wording import count_of

# Each runs in this request, one after another, while the browser waits.
MOST_AT_ONCE = 5


class SourceDocumentInline(ReadOnly, admin.TabularInline):
    model = SourceDocument
    fields = ("file", "url", "media_type", "size", "created_at")
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceDocument]:
        return super().get_queryset(request).defer("content")

    @admin.display(description="name")
    def file(self, document: SourceDocument) -> SafeString:
        url = reverse(
            "admin:directories_directory_document",
            args=(document.directory_id, document.sha256),
        )
        return format_html('<a href="{}" download>{}</a>', url, document.name)


@admin.register(Directory)
class DirectoryAdmin(Curating):
    form = DirectoryForm
    actions = ("generate_directory",)
    list_display = (
        "__str__",
        "name",
        "generate_status",
        "items_count",
        "last_run",
        "history",
        "website",
    )
    list_filter = ("generate_status",)
    # For each of them git is asked whether there is a website.
    list_per_page = 50
    list_select_related = ("owner",)
    search_fields = ("slug", "name")
    inlines = (SourceDocumentInline,)
    fieldsets = (
        (None, {"fields": ("owner", "slug", "name", "description", "review")}),
        (
            "What to generate",
            {
                "fields": (
                    "prompt",
                    "source_urls",
                    "source_document",
                    "remove_documents",
                    "categories",
                    "generation_method",
                )
            },
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        document = path(
            "<uuid:pk>/documents/<str:sha256>/",
            self.admin_site.admin_view(self.document_view),
            name="directories_directory_document",
        )
        return [document, *super().get_urls()]

    def document_view(
        self, request: HttpRequest, pk: UUID, sha256: str
    ) -> HttpResponse:
        """Serve a document to anyone who may see its directory."""
        directory = get_object_or_404(Directory, pk=pk)
        if not self.has_view_or_change_permission(request, directory):
            raise PermissionDenied
        return download(get_object_or_404(directory.documents, sha256=sha256))

    def get_fieldsets(self, request: HttpRequest, obj: Directory | None = None) -> Any:
        """Ask which documents are to go only where there are some."""
        has_documents = obj is not None and obj.documents.exists()
        return [
            (
                title,
                {
                    **options,
                    "fields": tuple(
                        name
                        for name in options["fields"]
                        if has_documents or name != "remove_documents"
                    ),
                },
            )
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Directory | None = None
    ) -> tuple[str, ...]:
        # The repositories lie under the owner's namespace and the slug.
        return ("owner", "slug") if obj else ()

    def save_model(
        self,
        request: HttpRequest,
        obj: Directory,
        form: ModelForm,
        change: bool,
    ) -> None:
        if change:
            # And nothing else: a run or a person may have written that since.
            changed = DETAILS & set(form.changed_data)
            obj.save(update_fields=[*sorted(changed), "updated_at"])
            if "request" in form.cleaned_data:
                edit_request(obj, form.cleaned_data["request"])
        else:
            obj.request = form.cleaned_data["request"]
            obj.namespace = namespace_of(obj.owner.get_username())
            obj.save()
        if document := form.cleaned_data["source_document"]:
            store_documents(obj, [document])
        for sha256 in form.cleaned_data["remove_documents"]:
            remove_document(obj, sha256)

    def has_delete_permission(
        self, request: HttpRequest, obj: Directory | None = None
    ) -> bool:
        # What becomes of its repositories is asked on a page of its own.
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say first what keeps runs and edits from reading the repositories."""
        directory = self.get_object(request, object_id)
        if request.method == "GET" and directory is not None:
            for reason in oversize_of(directory):
                text = (
                    f"The repository {reason}. Until then runs and edits fail, and what was published "
                    "last stays as it is."
                )
                self.message_user(request, text, messages.WARNING)
        return super().change_view(request, object_id, form_url, extra_context)

    class Media:
        css = {"all": ("directories/admin.css",)}

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what has happened to a directory: its runs, which Django's log knows not."""
        directory = self.get_object(request, object_id)
        if directory is None:
            raise Http404("there is no such directory")
        url = reverse("admin:directories_generationrun_changelist")
        return redirect(f"{url}?directory__id__exact={directory.pk}")

    @admin.display(description="last run", ordering="generation_finished_at")
    def last_run(self, directory: Directory) -> datetime | None:
        return directory.generation_finished_at

    @admin.display(description="website")
    def website(self, directory: Directory) -> SafeString | str:
        if repositories_of(directory)["website"].head() is None:
            return ""
        url = reverse("preview", args=(directory.namespace, directory.slug))
        return format_html('<a href="{}">preview</a>', url)

    @admin.display(description="history")
    def history(self, directory: Directory) -> SafeString:
        url = reverse("admin:directories_generationrun_changelist")
        waiting = reverse("admin:directories_proposal_changelist")
        return format_html(
            '<a href="{}?directory__id__exact={}">runs</a>, '
            '<a href="{}?directory__id__exact={}">proposals</a>',
            *(url, directory.pk, waiting, directory.pk),
        )

    def has_generate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("directories.generate_directory")

    @admin.action(description="Generate directory", permissions=["generate"])
    def generate_directory(
        self, request: HttpRequest, queryset: QuerySet[Directory]
    ) -> HttpResponse | None:
        """Ask first, then run one directory after another and say how each one ended."""
        reason = queueing.why_in_process()
        if reason and queryset.count() > MOST_AT_ONCE:
            self.message_user(
                request,
                f"Choose at most {MOST_AT_ONCE} directories, because each is generated "
                f"while this page waits ({reason}), or start a worker. "
                "`manage.py generate_directory` has no such limit.",
                messages.ERROR,
            )
            return None
        if "confirmed" not in request.POST:
            return self._confirm(request, queryset)
        for directory in queryset.select_related("owner"):
            level, text = self._generate(request, directory)
            self.message_user(request, text, level)
        return None

    def _confirm(
        self, request: HttpRequest, queryset: QuerySet[Directory]
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/directories/directory/confirm_generate.html",
            {
                **self.admin_site.each_context(request),
                "title": "Generate directory",
                "opts": self.opts,
                "directories": queryset,
                "in_process_because": queueing.why_in_process(),
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            },
        )

    def _generate(
        self, request: HttpRequest, directory: Directory
    ) -> tuple[int, str | SafeString]:
        try:
            run = runs.launch(
                directory,
                build_request(directory, {}),
                trigger=GenerationRun.Trigger.ADMIN,
                user=request.user if request.user.is_authenticated else None,
            )
        except DirectoryError as exc:
            return messages.ERROR, f"{directory}: {exc}."
        except ValidationError as exc:
            reason = explain(exc)
            if is_empty(exc):
                reason = "it has nothing to read: give it source URLs or a document"
            return messages.ERROR, f"{directory} was not started: {reason}."
        return _message(directory, run)


def _message(directory: Directory, run: GenerationRun) -> tuple[int, SafeString]:
    """Say how a run ended, with the way to its history."""
    level, outcome = messages.ERROR, run.error
    if run.state == RunState.QUEUED:
        level, outcome = messages.SUCCESS, "a worker will make it"
    if run.state == RunState.SUCCEEDED:
        items = run.counts
        warnings = len((run.report or {}).get("warnings", ()))
        level = messages.WARNING if warnings else messages.SUCCESS
        proposal = (run.report or {}).get("proposal")
        waits = f", proposal {proposal} waits for review" if proposal else ""
        outcome = (
            f"{count_of(items['total'], 'item')} ({items['new']} new, {items['updated']} updated, "
            f"{items['removed']} removed){waits}"
            + (f", {count_of(warnings, 'warning')}" if warnings else "")
        )
    url = reverse("admin:directories_generationrun_change", args=[run.pk])
    return level, format_html(
        '{} {}: {}. <a href="{}">See the run</a>', directory, run.state, outcome, url
    )
