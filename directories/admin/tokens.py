"""Tokens for the API: made here and shown once, because only their hash is kept."""

from __future__ import annotations

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS

# Knox's own page says nothing of the token that it has made.
admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class TokenAdmin(admin.ModelAdmin):
    """A token is made and taken back, and never changed."""

    list_display = ("token_key", "user", "created", "expiry")
    list_select_related = ("user",)
    search_fields = ("token_key", "user__username")
    fields = ("user", "expiry")

    def has_change_permission(
        self, request: HttpRequest, obj: AuthToken | None = None
    ) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: AuthToken, form: ModelForm, change: bool
    ) -> None:
        obj.digest, token = get_digest_token()
        obj.token_key = token[: CONSTANTS.TOKEN_KEY_LENGTH]
        obj.save(force_insert=True)
        # For the answer of this request, and kept nowhere.
        request.made_token = token  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: AuthToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token in the answer itself: a message or a redirect would keep it."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The token is made",
            "opts": self.opts,
            "token": request.made_token,  # type: ignore[attr-defined]
            "made": obj,
        }
        response = TemplateResponse(request, "admin/knox/authtoken/made.html", context)
        response["Cache-Control"] = "no-store"
        return response
