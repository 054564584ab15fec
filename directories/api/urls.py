"""The addresses of the public API."""

from __future__ import annotations

from django.urls import path

from directories.api import views

urlpatterns = [
    path("directories/", views.DirectoryList.as_view(), name="directories"),
    path("directories/<uuid:pk>/", views.DirectoryDetail.as_view(), name="directory"),
    path("directories/<uuid:pk>/generate/", views.Generate.as_view(), name="generate"),
    path("runs/<uuid:pk>/", views.RunDetail.as_view(), name="run"),
]
