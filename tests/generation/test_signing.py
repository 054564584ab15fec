"""What a worker's signature covers, and that it never tells the secret."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import http_sf
import pytest
import requests

from generation.signing import (
    COVERED,
    COVERED_IN_POST,
    LEAST_SECRET_BYTES,
    TAG,
    VALID_FOR,
    is_long_enough,
    key_id,
    signature,
)
from tests.internal_api.callers import ANOTHER, SECRET, prepared


def parameters(
    request: requests.PreparedRequest,
) -> tuple[list[str], dict[str, object]]:
    """The components that a signature covers, and what it says of itself."""
    value = request.headers["Signature-Input"].encode()
    parsed: Any = http_sf.parse(value, tltype="dictionary")
    ((components, told),) = parsed.values()
    return [name for name, _ in components], dict(told)


def post(body: bytes = b"{}") -> requests.PreparedRequest:
    request = prepared("POST", "/workers/hello", body)
    return signature(SECRET, covered=COVERED_IN_POST)(request)


def test_post_covers_what_it_does_and_its_key() -> None:
    components, _ = parameters(post())

    assert components[:4] == ["@method", "@path", "@query", "idempotency-key"]
    assert {"content-digest", "date"} == set(components[4:])


def test_get_covers_where_it_goes() -> None:
    request = signature(SECRET)(prepared("GET", "/runs/1?run=2"))

    components, _ = parameters(request)

    assert tuple(components[:3]) == COVERED
    # A proxy may change what else a request says of its way.
    assert not {"@authority", "@target-uri", "host"} & set(components)


def test_digest_is_that_of_the_body() -> None:
    digest = base64.b64encode(hashlib.sha256(b"{}").digest()).decode()

    assert post().headers["Content-Digest"] == f"sha-256=:{digest}:"


def test_signature_has_a_name_a_tag_a_begin_and_an_end() -> None:
    _, told = parameters(post())

    created, expires = told["created"], told["expires"]
    assert isinstance(created, int)
    assert isinstance(expires, int)
    assert abs(created - time.time()) < 20
    assert expires - created == VALID_FOR.total_seconds()
    assert (told["tag"], told["keyid"]) == (TAG, key_id(SECRET))
    assert told["alg"] == "hmac-sha256"


def test_each_signature_has_a_nonce_of_its_own() -> None:
    signs = signature(SECRET)

    nonces = {
        str(parameters(signs(prepared("GET", "/runs/1")))[1]["nonce"])
        for _ in range(100)
    }

    assert len(nonces) == 100
    assert all(16 <= len(nonce) <= 64 for nonce in nonces)


def test_signature_tells_nothing_of_the_secret() -> None:
    told = str(post().headers)

    assert SECRET not in told
    assert base64.b64encode(SECRET.encode()).decode() not in told


def test_names_of_secrets_differ_and_tell_nothing() -> None:
    assert key_id(SECRET) == key_id(SECRET)
    assert key_id(SECRET) != key_id(ANOTHER)
    assert len(key_id(SECRET)) == 8
    assert key_id(SECRET) not in SECRET


@pytest.mark.parametrize(
    ("secret", "enough"),
    [
        ("", False),
        ("x" * (LEAST_SECRET_BYTES - 1), False),
        ("x" * LEAST_SECRET_BYTES, True),
        ("ü" * (LEAST_SECRET_BYTES // 2), True),
    ],
)
def test_secrets_are_measured_in_bytes(secret: str, enough: bool) -> None:
    assert is_long_enough(secret) is enough
