"""How much of the API one caller may have. Workers and their internal API are not counted.

The counts lie in the cache: files below STATE_ROOT, which all processes of a host share. To
read a count and write it again is one act under a lock: without it, eight threads got 200
requests through where 50 were to pass. Where that fails, callers are let in: a full disk
shall not close the door.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.core.files import locks
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle, UserRateThrottle

from config.addresses import client_address

if TYPE_CHECKING:
    # It reads the settings that name this module.
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)


# Callers who share a lock wait for each other, a fraction of a millisecond.
LOCKS = 16


class _Counted(SimpleRateThrottle):
    def get_rate(self) -> str:
        return str(settings.API_RATES[str(self.scope)])

    def get_ident(self, request: Request) -> str:
        return client_address(request)

    def allow_request(self, request: Request, view: APIView | None) -> bool:
        key = self.get_cache_key(request, view)  # type: ignore[arg-type]
        if key is None:
            return True
        try:
            with _locked(key):
                allowed = super().allow_request(request, view)  # type: ignore[arg-type]
        except Exception:
            log.warning("requests not counted", scope=self.scope, exc_info=True)
            return True
        if not allowed:
            log.warning("too many requests", scope=self.scope, path=request.path)
        return bool(allowed)


class OfAUser(_Counted, UserRateThrottle):
    """All requests of one user."""


class Generating(_Counted, UserRateThrottle):
    """Those of one user to views that start a run."""

    scope = "generate"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if getattr(view, "throttle_scope", "") != self.scope:
            return None
        return super().get_cache_key(request, view)


class _WrongTokens(_Counted):
    scope = "wrong-tokens"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"{self.scope}_{self.get_ident(request)}"


@contextmanager
def _locked(key: str) -> Iterator[None]:
    """Keep other threads and processes of this host from the count meanwhile."""
    folder: Path = settings.COUNTS_ROOT
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"lock-{zlib.crc32(key.encode()) % LOCKS}").open("w") as file:
        locks.lock(file, locks.LOCK_EX)
        yield


class CountingTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """Send those away for a while who try one wrong token after another.

    A right token is let in meanwhile: no number of tries finds one of 256 bits, and behind
    one address there may be many people, of whom one has a script with an old token.
    """

    def authenticate(self, request: Request) -> object:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            tried = _WrongTokens()
            if not tried.allow_request(request, None):
                raise Throttled(tried.wait()) from None
            raise
