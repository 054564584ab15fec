"""Every address of the application."""

from __future__ import annotations

from axes.models import AccessFailureLog, AccessLog
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import health, metrics

admin.site.site_header = admin.site.site_title = "Gazetteer"
admin.site.index_title = "Directories"
# Nothing is written into these: our own log tells who logged in.
admin.site.unregister([AccessLog, AccessFailureLog])

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("admin/", admin.site.urls),
    path("api/", include("directories.api.urls")),
    path("sites/", include("directories.pages.urls")),
    path("internal/trigger/", include("internal_api.urls")),
]

handler400 = "config.problems.bad_request"
handler403 = "config.problems.permission_denied"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"
