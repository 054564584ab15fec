"""The addresses of the public API."""

from __future__ import annotations

from django.urls import path

from directories.api import edits, views

urlpatterns = [
    path("directories/", views.DirectoryList.as_view(), name="directories"),
    path("directories/adopt/", edits.Adopt.as_view(), name="adopt"),
    path("directories/<uuid:pk>/", views.DirectoryDetail.as_view(), name="directory"),
    path("directories/<uuid:pk>/generate/", views.Generate.as_view(), name="generate"),
    path(
        "directories/<uuid:pk>/documents/",
        views.DocumentList.as_view(),
        name="documents",
    ),
    path(
        "directories/<uuid:pk>/documents/<str:document>/",
        views.DocumentDetail.as_view(),
        name="document",
    ),
    path(
        "directories/<uuid:pk>/proposals/",
        views.ProposalList.as_view(),
        name="proposals",
    ),
    path(
        "directories/<uuid:pk>/proposals/<int:number>/",
        views.ProposalDetail.as_view(),
        name="proposal",
    ),
    path(
        "directories/<uuid:pk>/proposals/<int:number>/accept/",
        views.AcceptProposal.as_view(),
        name="accept-proposal",
    ),
    path(
        "directories/<uuid:pk>/proposals/<int:number>/reject/",
        views.RejectProposal.as_view(),
        name="reject-proposal",
    ),
    path(
        "directories/<uuid:pk>/proposals/<int:number>/refresh/",
        views.RefreshProposal.as_view(),
        name="refresh-proposal",
    ),
    path("directories/<uuid:pk>/items/", edits.Items.as_view(), name="items"),
    path(
        "directories/<uuid:pk>/items/bulk/",
        edits.BulkItems.as_view(),
        name="bulk-items",
    ),
    path(
        "directories/<uuid:pk>/items/inspect/",
        edits.InspectPage.as_view(),
        name="inspect-page",
    ),
    path(
        "directories/<uuid:pk>/items/<str:slug>/",
        edits.ItemDetail.as_view(),
        name="item",
    ),
    path("directories/<uuid:pk>/import/", edits.ImportItems.as_view(), name="import"),
    path("directories/<uuid:pk>/export/", edits.ExportItems.as_view(), name="export"),
    path("directories/<uuid:pk>/taxonomy/", edits.Labels.as_view(), name="taxonomy"),
    path("runs/", views.RunList.as_view(), name="runs"),
    path("runs/<uuid:pk>/", views.RunDetail.as_view(), name="run"),
    path("runs/<uuid:pk>/log/", views.RunLog.as_view(), name="run-log"),
    path("runs/<uuid:pk>/cancel/", views.CancelRun.as_view(), name="cancel-run"),
    path("runs/<uuid:pk>/retry/", views.RetryRun.as_view(), name="retry-run"),
    path("runs/<uuid:pk>/undo/", edits.UndoRun.as_view(), name="undo-run"),
    path("runs/<uuid:pk>/again/", views.RunAgain.as_view(), name="run-again"),
]
