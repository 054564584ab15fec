"""Directories, with the action "Generate directory"."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from pydantic import ValidationError

from directories.admin.curating import Curating
from directories.admin.readonly import ReadOnly
from directories.exceptions import DirectoryError
from directories.forms import DirectoryForm
from directories.models import Directory, GenerationRun, RunState, SourceDocument
from directories.services import queueing, runs
from directories.services.directories import namespace_of, store_documents
from directories.services.files import explain
from directories.services.requests import build_request

# The columns that the form of a directory that is there may change.
EDITED = ("name", "description", "review", "request", "updated_at")
# Each runs in this request, one after another, while the browser waits.
MOST_AT_ONCE = 5


class SourceDocumentInline(ReadOnly, admin.TabularInline):
    model = SourceDocument
    fields = ("name", "url", "media_type", "size", "created_at")
    readonly_fields = fields
    extra = 0


@admin.register(Directory)
class DirectoryAdmin(Curating):
    form = DirectoryForm
    actions = ("generate_directory",)
    list_display = (
        "__str__",
        "name",
        "owner",
        "generate_status",
        "items_count",
        "generation_finished_at",
        "history",
        "website",
    )
    list_filter = ("generate_status",)
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
                    "categories",
                    "generation_method",
                )
            },
        ),
    )

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
        obj.request = form.cleaned_data["request"]
        if change:
            # And no other column: a run may have written those since the form was read.
            obj.save(update_fields=EDITED)
        else:
            obj.namespace = namespace_of(obj.owner.get_username())
            obj.save()
        if document := form.cleaned_data["source_document"]:
            store_documents(obj, [document])

    def has_delete_permission(
        self, request: HttpRequest, obj: Directory | None = None
    ) -> bool:
        # What becomes of its repositories is asked on a page of its own.
        return False

    @admin.display(description="website")
    def website(self, directory: Directory) -> SafeString | str:
        if directory.generation_finished_at is None:
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
            return messages.ERROR, f"{directory} was not started: {explain(exc)}."
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
            f"{items['total']} items ({items['new']} new, {items['updated']} updated, "
            f"{items['removed']} removed){waits}"
            + (f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else "")
        )
    url = reverse("admin:directories_generationrun_change", args=[run.pk])
    return level, format_html(
        '{} {}: {}. <a href="{}">See the run</a>', directory, run.state, outcome, url
    )
