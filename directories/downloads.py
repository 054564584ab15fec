"""Giving people back what somebody has uploaded, as a file and never as a page."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from directories.models import SourceDocument


def download(document: SourceDocument) -> HttpResponse:
    """Serve the bytes of a document so that no browser treats them as a page of this site."""
    disposition = content_disposition_header(True, document.name.rpartition("/")[2])
    return HttpResponse(
        bytes(document.content),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": disposition or "attachment",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
