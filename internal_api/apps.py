from __future__ import annotations

from django.apps import AppConfig


class InternalAPIConfig(AppConfig):
    name = "internal_api"
