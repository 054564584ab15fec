"""Tables that people look at and do not write."""

from __future__ import annotations

from typing import Any

from django.contrib import admin


class DirectoryFilter(admin.RelatedOnlyFieldListFilter):
    """Those of one directory, also where no other has any: Django's then shows all of them."""

    def has_output(self) -> bool:
        return True


class ReadOnly:
    """What is written by runs alone."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False
