"""The addresses of pages for people."""

from __future__ import annotations

from django.urls import path

from directories.pages.preview import enter_preview, show_preview

urlpatterns = [
    path("<slug:namespace>/<slug:slug>/", enter_preview, name="preview"),
    path(
        "<slug:namespace>/<slug:slug>/proposals/<int:number>/",
        enter_preview,
        name="preview-proposal",
    ),
    path(
        "<slug:namespace>/<slug:slug>/proposals/<int:number>/~<str:ticket>/<path:path>",
        show_preview,
        name="preview-proposal-page",
    ),
    path(
        "<slug:namespace>/<slug:slug>/~<str:ticket>/<path:path>",
        show_preview,
        name="preview-page",
    ),
]
