"""The history of runs: to read, to compare, to stop and to start again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from directories import services
from directories.admin.readonly import DirectoryFilter, ReadOnly
from directories.exceptions import DirectoryError
from directories.models import GenerationRun, RunAttempt, RunLogLine, RunState
from directories.services import history, runs
from directories.wording import ADMIN, with_advice

# As many as a screen is wide.
MOST_COMPARED = 8


class RunAttemptInline(ReadOnly, admin.TabularInline):
    model = RunAttempt
    fields = ("number", "worker", "started_at", "finished_at", "outcome", "reason")
    readonly_fields = fields
    extra = 0


class RunLogLineInline(ReadOnly, admin.TabularInline):
    model = RunLogLine
    fields = ("at", "level", "message")
    readonly_fields = fields
    extra = 0


@admin.register(GenerationRun)
class GenerationRunAdmin(ReadOnly, admin.ModelAdmin):
    actions = ("compare",)
    list_display = (
        "created_at",
        "directory",
        "state",
        "progress",
        "items",
        "duration",
        "where",
    )
    list_filter = ("state", "trigger", ("directory", DirectoryFilter))
    list_select_related = ("directory",)
    search_fields = ("directory__slug", "ran_on", "error")
    date_hierarchy = "created_at"
    inlines = (RunAttemptInline, RunLogLineInline)
    change_form_template = "admin/directories/generationrun/report.html"
    fields = (
        "directory",
        "state",
        "error",
        "step",
        "progress",
        "items",
        "waited",
        "duration",
        "trigger",
        "triggered_by",
        "retry_of",
        "where",
        "fell_back_because",
        "attempt",
        "cancel_requested",
        "clock",
        "created_at",
        "dispatched_at",
        "not_before",
        "started_at",
        "finished_at",
    )

    class Media:
        js = ("directories/live-run.js",)
        css = {"all": ("directories/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[GenerationRun]:
        return super().get_queryset(request).prefetch_related("attempts")

    def get_urls(self) -> list[URLPattern]:
        """Add what a run's page asks (how far it is) and what its buttons post to."""
        own = [
            path(
                "<uuid:pk>/progress/",
                self.admin_site.admin_view(self.progress_view),
                name="directories_generationrun_progress",
            ),
            *(
                path(
                    f"<uuid:pk>/{steer}/",
                    self.admin_site.admin_view(self.steer_view),
                    {"steer": steer},
                    name=f"directories_generationrun_{steer}",
                )
                for steer in ("cancel", "retry", "again", "undo")
            ),
        ]
        return own + super().get_urls()

    def progress_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        run = get_object_or_404(GenerationRun, pk=pk)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        facts = {"state": run.state, "step": run.step, "percent": run.percent}
        return JsonResponse(facts | {"is_over": run.is_over})

    def steer_view(self, request: HttpRequest, pk: UUID, steer: str) -> HttpResponse:
        """Do what a button of a run's page says, and show the run that it is about now."""
        run = get_object_or_404(
            GenerationRun.objects.select_related("directory__owner"), pk=pk
        )
        if not self.has_generate_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = request.user
        assert isinstance(user, User), "the admin is for people who have logged in"
        trigger = GenerationRun.Trigger.ADMIN
        try:
            match steer:
                case "cancel":
                    run = runs.cancel(run, by=user.get_username())
                case "retry":
                    run = runs.retry(run, trigger=trigger, user=user)
                case "undo":
                    keep = "keep_edits" in request.POST
                    how = services.editing.How(user)
                    edited = services.editing.undo_run(run, how, keep_edits=keep)
                    self.message_user(request, f"{edited.edit.title}.")
                case _:
                    run = runs.again(run, trigger=trigger, user=user)
        except DirectoryError as exc:
            text = with_advice(exc, ADMIN)
            self.message_user(request, f"{text}.", messages.ERROR)
        return redirect("admin:directories_generationrun_change", run.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id or "")
        context = {
            "report": run.report if run else None,
            "steps": history.facts_of(run).steps if run else (),
            "is_over": run.is_over if run else True,
            "can_undo": run is not None and run.state == RunState.SUCCEEDED,
            "can_retry": run is not None and run.state in runs.RETRIED,
            "can_steer": self.has_generate_permission(request),
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def has_generate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("directories.generate_directory")

    @admin.action(description="Compare", permissions=["view"])
    def compare(
        self, request: HttpRequest, queryset: QuerySet[GenerationRun]
    ) -> HttpResponse | None:
        """Show runs side by side, the oldest first."""
        chosen = list(
            queryset.select_related("directory")
            .prefetch_related("attempts", "log")
            .order_by("created_at")[:MOST_COMPARED]
        )
        return TemplateResponse(
            request,
            "admin/directories/generationrun/compare.html",
            {
                **self.admin_site.each_context(request),
                "title": "Compare runs",
                "opts": self.opts,
                "runs": chosen,
                "rows": history.compare(chosen),
            },
        )

    @admin.display(description="where")
    def where(self, run: GenerationRun) -> str:
        return history.where(run)

    @admin.display(description="waited")
    def waited(self, run: GenerationRun) -> str:
        attempts = run.attempts.all()
        if not attempts:
            return "-"
        return f"{(attempts[0].started_at - run.created_at).total_seconds():.1f} s"

    @admin.display(description="progress")
    def progress(self, run: GenerationRun) -> str:
        return f"{run.percent} % {run.step}".strip()

    @admin.display(description="items")
    def items(self, run: GenerationRun) -> str:
        counts = run.counts
        if "total" not in counts:
            return "-"
        parts = [
            f"{counts[kind]} {kind}"
            for kind in ("new", "updated", "unchanged", "removed")
            if counts.get(kind)
        ]
        return f"{counts['total']}: {', '.join(parts)}" if parts else "0"

    @admin.display(description="duration")
    def duration(self, run: GenerationRun) -> str:
        if not run.started_at or not run.finished_at:
            return "-"
        return f"{(run.finished_at - run.started_at).total_seconds():.1f} s"
