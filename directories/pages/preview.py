"""A look at a website before it is published, kept apart from the application around it.

Its pages are made of strangers' words and, with templates and scripts of an owner, of
strangers' code. So they come with a policy that puts them in a sandbox: an origin of their
own, without our cookies, which may neither read the application nor ask it for anything
in the visitor's name. Because cookies do not reach in there either, who may look is
decided once, and a signed ticket in the address says so.
"""

from __future__ import annotations

import mimetypes

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.http import require_safe

from directories.exceptions import DirectoryError
from directories.models import Directory
from directories.services.sites import POLICY, read_page

HOURS = 12
SANDBOX = f"{POLICY}; sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox"

_signer = TimestampSigner(salt="directories.preview")


@require_safe
@login_required(login_url="admin:login")
def enter_preview(
    request: HttpRequest, namespace: str, slug: str, number: int | None = None
) -> HttpResponse:
    """Let in the owner and whoever may see all directories: others are told that there is no such directory."""
    user = request.user
    assert isinstance(user, User)
    sees_all = user.has_perm("directories.view_directory")
    seen = Directory.objects.all() if sees_all else Directory.objects.owned_by(user)
    directory = get_object_or_404(seen, namespace=namespace, slug=slug)
    ticket = _signer.sign(_subject(directory, number)).partition(":")[2]
    return redirect(f"{request.path}~{ticket}/index.html")


@require_safe
@xframe_options_deny
def show_preview(
    request: HttpRequest,
    namespace: str,
    slug: str,
    ticket: str,
    path: str,
    number: int | None = None,
) -> HttpResponse:
    """Show one file of the website to whoever holds a ticket.

    With a number it is the website as it would be with that proposal.
    """
    directory = get_object_or_404(Directory, namespace=namespace, slug=slug)
    try:
        _signer.unsign(f"{_subject(directory, number)}:{ticket}", max_age=HOURS * 3600)
    except BadSignature as exc:
        raise Http404("the ticket of this preview is over; open it anew") from exc
    try:
        page = read_page(directory, path, number)
    except DirectoryError as exc:
        raise Http404(str(exc)) from exc
    if page is None:
        raise Http404("there is no such page")
    name, content = page
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = HttpResponse(content, content_type=kind)
    response["Content-Security-Policy"] = SANDBOX
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "private, no-store"
    return response


def _subject(directory: Directory, number: int | None) -> str:
    """Name what a ticket opens."""
    return str(directory.pk) if number is None else f"{directory.pk}/{number}"
