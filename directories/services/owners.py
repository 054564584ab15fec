"""Whose directory it is, on a machine that may have no users yet."""

from __future__ import annotations

from django.contrib.auth.models import User

from directories.exceptions import NotPossible

FIRST_OWNER = "admin"


def find_owner(username: str = "") -> User | None:
    """Find a user by name, or the only one there is. None where there is no user at all.

    Raises NotPossible when the name is unknown, or when there is more than one to choose.
    """
    users = User.objects.order_by("pk")
    names = list(users.values_list("username", flat=True)[:20])
    if not names:
        return None
    if username:
        if user := users.filter(username=username).first():
            return user
        raise NotPossible(
            f"there is no user {username!r}; there are {', '.join(names)}"
        )
    if len(names) > 1:
        raise NotPossible(f"name one user with --owner: {', '.join(names)}")
    return users.get()


def create_first_owner(username: str = "") -> User:
    """Make the first user, who may do everything and cannot log in before a password."""
    return User.objects.create_superuser(username or FIRST_OWNER)
