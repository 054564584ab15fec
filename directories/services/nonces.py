"""Signatures that were used, until they are too old to be used again anyway."""

from __future__ import annotations

from django.db.models.functions import Now

from directories.models import UsedNonce


def forget_expired() -> None:
    UsedNonce.objects.filter(expires_at__lt=Now()).delete()
