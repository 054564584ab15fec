"""Who may speak for a worker: signatures after RFC 9421, and nonces that are used once.

What is demanded here is what `generation/signing.py` sends. The simple scheme, the secret
itself in `x-trigger-secret`, is for clients that cannot sign; it never stands in for a bad
signature.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils.crypto import constant_time_compare
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    VerifyResult,
    algorithms,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from directories.models import UsedNonce
from directories.services.statements import insert_first
from generation.signing import (
    COVERED,
    COVERED_IN_POST,
    TAG,
    VALID_FOR,
    is_long_enough,
    key_id,
)

log = structlog.get_logger(__name__)

CLOCK_SKEW = timedelta(seconds=30)
LONGEST_NONCE = 64
# 32 bytes as RFC 8941 writes them. The last letter has two bits that decoders overlook, so
# that four spellings mean the same: only the one with zeros there is a signature.
ONE_SPELLING = re.compile(r"[a-z*][a-z0-9_.*-]*=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:")
NOT_SIGNED = "The request is not signed as it should be."
PLAIN_REFUSED = "plain secret refused"
PLAIN_SECRET = "x-trigger-secret"  # noqa: S105 - the name of a header
# What proxies say of themselves.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_VIA")


class Unconfigured(exceptions.APIException):
    """There is no secret to compare with."""

    status_code = 503
    default_detail = "TRIGGER_INTERNAL_SECRET is not set."


class Worker:
    """Whoever holds the secret. It has no account and no permissions but this door."""

    is_authenticated = True

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme


class SignatureAuthentication(BaseAuthentication):
    """Let in who signed this very request, lately, for the first time."""

    def authenticate(self, request: Request) -> tuple[Worker, None]:
        secrets = accepted_secrets()
        if not secrets:
            raise Unconfigured
        if "Signature-Input" in request.headers or "Signature" in request.headers:
            if not _claim_nonce(_verified(request, secrets)):
                raise _refusal("replayed", request)
            return Worker("signature"), None
        given = request.headers.get(PLAIN_SECRET)
        if given is None:
            raise exceptions.AuthenticationFailed(NOT_SIGNED)
        if reason := _why_not_plain(request):
            raise _refusal(reason, request, PLAIN_REFUSED)
        # Every secret is compared, so that the time taken tells nothing.
        matches = [constant_time_compare(given, s) for s in secrets.values()]
        if not any(matches):
            raise _refusal("wrong secret", request, PLAIN_REFUSED)
        return Worker("plain secret"), None

    def authenticate_header(self, request: Request) -> str:
        return "Signature"


def accepted_secrets() -> dict[str, str]:
    """The secrets in force, by their names. One that is too short is none."""
    candidates = (
        settings.TRIGGER_INTERNAL_SECRET,
        settings.TRIGGER_INTERNAL_SECRET_PREVIOUS,
    )
    return {key_id(secret): secret for secret in candidates if is_long_enough(secret)}


def _why_not_plain(request: Request) -> str:
    """Say why somebody may have read along; "" over https, or within this machine.

    What a proxy brings comes from this machine, too, and may have come far before.
    """
    if not settings.TRIGGER_ALLOW_PLAIN_SECRET:
        return "TRIGGER_ALLOW_PLAIN_SECRET is off"
    if request.is_secure():
        return ""
    if any(name.startswith(FORWARDED) for name in request.META):
        return "through a proxy without https"
    if not _is_loopback(request.META.get("REMOTE_ADDR", "")):
        return "from another machine without https"
    return ""


def _is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def resolve_public_key(self, key_id: str) -> bytes:
        return self._secrets[key_id].encode()

    def resolve_private_key(self, key_id: str) -> bytes:
        raise KeyError(key_id)


class _Verifier(HTTPMessageVerifier):
    max_clock_skew = CLOCK_SKEW


class _Message:
    """What the verifier reads of a request: the path as it came over the wire."""

    def __init__(self, request: Request) -> None:
        path = (
            request.META.get("RAW_URI")
            or request.META.get("REQUEST_URI")
            or request.get_full_path()
        )
        self.method = request.method
        self.headers = request.headers
        # The host is not covered: a proxy may have replaced it.
        self.url = "http://signed.invalid" + re.sub(r"^https?://[^/]*", "", path)


def _verified(request: Request, secrets: Mapping[str, str]) -> VerifyResult:
    """Check the signature.

    Raises:
        AuthenticationFailed: There is none, or not one as it should be.
    """
    body = request._request.body
    covered = COVERED_IN_POST if request.method == "POST" else COVERED
    verifier = _Verifier(
        signature_algorithm=algorithms.HMAC_SHA256, key_resolver=_Keys(secrets)
    )
    try:
        [result] = verifier.verify(
            _Message(request),
            max_age=VALID_FOR,
            expect_tag=TAG,
            require_components=covered,
            body=body,
        )
    except (HTTPMessageSignaturesException, ValueError, KeyError, TypeError) as exc:
        raise _refusal(type(exc).__name__, request) from exc
    if not ONE_SPELLING.fullmatch(request.headers["Signature"]):
        raise _refusal("spelling", request)
    nonce = str(result.parameters.get("nonce", ""))
    if not nonce or len(nonce) > LONGEST_NONCE or "expires" not in result.parameters:
        raise _refusal("no nonce or end", request)
    return result


def _claim_nonce(result: VerifyResult) -> bool:
    """Remember the signature. Of two that say the same, one is told False."""
    parameters: Mapping[str, Any] = result.parameters
    return insert_first(
        UsedNonce,
        key_id=parameters["keyid"],
        nonce=parameters["nonce"],
        expires_at=datetime.now(UTC) + VALID_FOR + 2 * CLOCK_SKEW,
    )


def _refusal(
    reason: str, request: Request, event: str = "signature refused"
) -> exceptions.AuthenticationFailed:
    """Tell the log why. One text for all causes: a stranger learns nothing."""
    log.warning(event, reason=reason, path=request.path)
    return exceptions.AuthenticationFailed(NOT_SIGNED)
