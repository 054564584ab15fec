from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from directories.checks import check_databases


class DirectoriesConfig(AppConfig):
    name = "directories"
    verbose_name = "Directories"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(check_databases)
