"""How a worker signs what it sends: RFC 9421, HMAC-SHA256.

Method, path, query and body are covered, and the host is not: a proxy may replace it.
Times and a nonce keep a request from being sent twice. What is decided here is demanded in
`internal_api/authentication.py`.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests_http_signature import HTTPSignatureAuth

TAG = "trigger-v1"
COVERED = ("@method", "@path", "@query")
COVERED_IN_POST = (*COVERED, "idempotency-key")
# The header of an answer that says that the internal API has given it.
MARK = "X-Trigger-Api"
VALID_FOR = timedelta(seconds=300)
LEAST_SECRET_BYTES = 32


def key_id(secret: str) -> str:
    """Name a secret without telling it, so that no setting has to."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def is_long_enough(secret: str) -> bool:
    return len(secret.encode()) >= LEAST_SECRET_BYTES


def signature(secret: str, *, covered: tuple[str, ...] = COVERED) -> HTTPSignatureAuth:
    """Make what signs a request when it is sent: each time with a new nonce."""
    # Here, because the checks of each command ask this module for the length of a secret.
    from requests_http_signature import HTTPSignatureAuth, algorithms

    return HTTPSignatureAuth(
        signature_algorithm=algorithms.HMAC_SHA256,
        key=secret.encode(),
        key_id=key_id(secret),
        covered_component_ids=covered,
        tag=TAG,
        use_nonce=True,
        expires_in=VALID_FOR,
    )
