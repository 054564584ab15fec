"""Proposals: to read item by item, and to accept, reject and bring up to date."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from directories import services
from directories.admin.readonly import DirectoryFilter, ReadOnly
from directories.exceptions import DirectoryError
from directories.models import Proposal, ProposalState

DECISIONS = ("accept", "accept-items", "reject", "refresh")


@admin.register(Proposal)
class ProposalAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "__str__",
        "title",
        "state",
        "items",
        "author",
        "created_at",
        "decided_by",
    )
    list_filter = ("state", "origin", ("directory", DirectoryFilter))
    list_select_related = ("directory", "author", "decided_by")
    search_fields = ("directory__slug", "title", "branch")
    change_form_template = "admin/directories/proposal/difference.html"

    class Media:
        css = {"all": ("directories/admin.css",)}

    fields = (
        "directory",
        "title",
        "body",
        "state",
        "note",
        "items",
        "origin",
        "author",
        "run",
        "branch",
        "url",
        "created_at",
        "updated_at",
        "decided_at",
        "decided_by",
    )

    def get_urls(self) -> list[URLPattern]:
        """Add what the buttons of a proposal's page post to."""
        own = [
            path(
                f"<uuid:pk>/{decision}/",
                self.admin_site.admin_view(self.decide_view),
                {"decision": decision},
                name=f"directories_proposal_{decision.replace('-', '_')}",
            )
            for decision in DECISIONS
        ]
        return own + super().get_urls()

    def decide_view(
        self, request: HttpRequest, pk: UUID, decision: str
    ) -> HttpResponse:
        """Do what a button says, and show the proposal as it stands then."""
        proposal = get_object_or_404(
            Proposal.objects.select_related("directory__owner", "author"), pk=pk
        )
        if not self.has_decide_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        user = request.user
        assert isinstance(user, User), "the admin is for people who have logged in"
        head = request.POST.get("head")
        try:
            match decision:
                case "accept":
                    merge = "merge" in request.POST
                    proposal = services.proposals.accept(
                        proposal, user=user, merge=merge, head=head
                    )
                case "accept-items":
                    items = request.POST.getlist("item")
                    proposal = services.proposals.accept(
                        proposal, user=user, items=items, head=head
                    )
                case "reject":
                    reason = request.POST.get("reason", "")[:2000]
                    proposal = services.proposals.reject(
                        proposal, user=user, reason=reason, head=head
                    )
                case _:
                    proposal = services.proposals.refresh(proposal, user=user)
        except DirectoryError as exc:
            self.message_user(request, f"{exc}.", messages.ERROR)
        else:
            self.message_user(request, capfirst(f"{proposal} is {proposal.state}."))
        return redirect("admin:directories_proposal_change", proposal.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        proposal = self.get_object(request, object_id or "")
        is_open = proposal is not None and proposal.state == ProposalState.OPEN
        context = {
            "difference": services.descriptions.describe(proposal)
            if proposal
            else None,
            "conflicts": proposal.conflicts if proposal else (),
            "is_open": is_open,
            "preview": _preview_of(proposal) if proposal and is_open else "",
            "can_decide": is_open and self.has_decide_permission(request),
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("directories.decide_proposal")

    @admin.display(description="items")
    def items(self, proposal: Proposal) -> str:
        counts = proposal.summary
        kinds = [
            f"{counts[kind]} {kind}"
            for kind in ("added", "changed", "removed")
            if counts.get(kind)
        ]
        return ", ".join(kinds) or "-"


def _preview_of(proposal: Proposal) -> str:
    """Name the page that leads to the website as the proposal would have it."""
    directory = proposal.directory
    place = (directory.namespace, directory.slug, proposal.number)
    return reverse("preview-proposal", args=place)
