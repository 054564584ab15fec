"""The addresses of the internal API. Ids are UUIDs, so that no proxy re-encodes a path."""

from __future__ import annotations

from django.urls import path

from internal_api import views

urlpatterns = [
    path("runs/<uuid:run_id>", views.RunView.as_view()),
    path("runs/<uuid:run_id>/claim", views.ClaimView.as_view()),
    path("directories/<uuid:directory_id>/context", views.ContextView.as_view()),
    path(
        "directories/<uuid:directory_id>/documents/<slug:sha256>",
        views.DocumentView.as_view(),
    ),
    path("directories/<uuid:directory_id>/commands", views.CommandsView.as_view()),
    path(
        "directories/<uuid:directory_id>/checkpoints/<uuid:run_id>",
        views.CheckpointView.as_view(),
    ),
    path("workers/hello", views.HelloView.as_view()),
    path("about", views.AboutView.as_view()),
]
