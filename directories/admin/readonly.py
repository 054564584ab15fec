"""Tables that people look at and do not write."""

from __future__ import annotations

from typing import Any


class ReadOnly:
    """What is written by runs alone."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False
