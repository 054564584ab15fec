"""What must not be possible at the workers' door: threat rows T1 to T9, T12 and T13."""

from __future__ import annotations

import ast
import string
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer
from structlog.testing import capture_logs

from config.env import CHECKOUT
from directories.models import GenerationRun, UsedNonce, Worker
from generation.client import InternalAPI
from generation.signing import COVERED, COVERED_IN_POST, key_id
from tests.directories.makers import claim
from tests.examples import examples, with_more
from tests.internal_api.callers import (
    ANOTHER,
    PREFIX,
    SECRET,
    Signer,
    Wire,
    commands_path,
    context_path,
    deliver,
    hello,
    note,
    prepared,
    signed,
    wire_of,
)
from tests.internal_api.servers import forward, serving

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

PLAIN = "x-trigger-secret"
HELLO = "/workers/hello"
OVER_HTTPS = {"wsgi.url_scheme": "https"}


def refused(answer: Answer) -> bool:
    """Whether this is the one answer to everybody who is not let in."""
    assert answer.status_code == 401, answer.content
    assert answer["WWW-Authenticate"] == "Signature"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The request is not signed as it should be.",
    }
    return True


def plain(secret: str, path: str = HELLO) -> Wire:
    wire = wire_of(prepared("POST", path, hello()))
    return wire.with_header(PLAIN, secret)


def run_path(run: GenerationRun) -> str:
    return f"/runs/{run.pk}"


# --- the way in


def test_signed_get_is_let_in(queued: GenerationRun) -> None:
    answer = deliver(signed("GET", run_path(queued)))

    assert answer.status_code == 200
    assert answer.json()["directory"] == str(queued.directory_id)


@pytest.mark.django_db
def test_signed_post_is_let_in() -> None:
    assert deliver(signed("POST", HELLO, hello())).status_code == 200
    assert Worker.objects.count() == 1


def test_query_is_covered_and_let_in(running: GenerationRun) -> None:
    assert deliver(signed("GET", context_path(running))).status_code == 200


# --- T1: forged


@pytest.mark.django_db
def test_unsigned_request_is_refused() -> None:
    assert refused(deliver(wire_of(prepared("POST", HELLO, hello()))))
    assert not Worker.objects.exists()


@pytest.mark.parametrize("keyid", ["", key_id(SECRET)], ids=["its own", "the real"])
@pytest.mark.parametrize("secret", ["", "short", ANOTHER, SECRET[:-1], SECRET + "x"])
def test_guessed_secret_does_not_sign(
    queued: GenerationRun, secret: str, keyid: str
) -> None:
    assert refused(deliver(signed("GET", run_path(queued), secret=secret, keyid=keyid)))


@pytest.mark.parametrize("keyid", ["unknown", "00000000", SECRET, " "])
def test_secret_under_an_unknown_name_does_not_sign(
    queued: GenerationRun, keyid: str
) -> None:
    assert refused(deliver(signed("GET", run_path(queued), keyid=keyid)))


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", "0123456789012345678901234567890"])
def test_secret_that_is_empty_or_short_lets_nobody_in(
    settings: Settings, secret: str
) -> None:
    settings.TRIGGER_INTERNAL_SECRET = secret

    answers = [
        deliver(signed("POST", HELLO, hello(), secret=secret)),
        deliver(plain(secret)),
        deliver(wire_of(prepared("POST", HELLO, hello()))),
    ]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert answers[0]["Content-Type"] == "application/problem+json"
    assert "TRIGGER_INTERNAL_SECRET" in answers[0].json()["detail"]
    assert not Worker.objects.exists()


@pytest.mark.django_db
def test_short_previous_secret_is_none(settings: Settings) -> None:
    settings.TRIGGER_INTERNAL_SECRET_PREVIOUS = "short"

    assert refused(deliver(signed("POST", HELLO, hello(), secret="short")))
    assert refused(deliver(plain("short")))


# --- T2: altered on the way


@pytest.mark.parametrize(
    "alter",
    [
        lambda wire: wire._replace(method="PUT"),
        lambda wire: wire._replace(target=wire.target.replace("commands", "context")),
        lambda wire: wire._replace(
            target=f"{PREFIX}/directories/{uuid4()}/commands",
        ),
        lambda wire: wire._replace(target=wire.target + "?run=1"),
        lambda wire: wire._replace(body=wire.body.replace(b"ticking", b"tocking")),
        lambda wire: wire._replace(body=wire.body + b" "),
        lambda wire: wire._replace(body=b""),
        lambda wire: wire.with_header("Idempotency-Key", "another"),
        lambda wire: wire.with_header("Idempotency-Key", None),
        lambda wire: wire.with_header("Content-Digest", None),
        lambda wire: wire.with_header("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ],
    ids=[
        "method",
        "path",
        "directory",
        "query",
        "body",
        "body and a space",
        "no body",
        "key",
        "no key",
        "no digest",
        "date",
    ],
)
def test_altered_request_is_refused(
    running: GenerationRun, alter: Callable[[Wire], Wire]
) -> None:
    wire = signed("POST", commands_path(running), note(running))

    assert refused(deliver(alter(wire)))

    assert running.log.count() == 0
    assert deliver(wire).status_code == 200, "it was the change that was refused"


def test_query_that_was_changed_is_refused(running: GenerationRun) -> None:
    wire = signed("GET", context_path(running))

    for target in (wire.target.partition("?")[0], wire.target + "&more=1"):
        assert refused(deliver(wire._replace(target=target)))


def test_signature_of_a_get_is_none_of_a_head(queued: GenerationRun) -> None:
    wire = signed("GET", run_path(queued))

    assert deliver(wire._replace(method="HEAD")).status_code == 401


@with_more
def test_any_changed_byte_is_refused(running: GenerationRun) -> None:
    wire = signed("POST", commands_path(running), note(running))
    parts = ["body", "path", *wire.headers.keys() - IRRELEVANT]

    def flipped(content: bytes, position: int, mask: int) -> bytes:
        at = position % len(content)
        return content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :]

    @examples(250)
    @given(st.sampled_from(sorted(parts)), st.integers(0, 4095), st.integers(1, 255))
    def flip(part: str, position: int, mask: int) -> None:
        match part:
            case "body":
                altered = wire._replace(body=flipped(wire.body, position, mask))
            case "path":
                target = flipped(wire.target.encode(), position, mask)
                altered = wire._replace(target=target.decode("latin-1"))
            case _:
                value = flipped(wire.headers[part].encode("latin-1"), position, mask)
                altered = wire.with_header(part, value.decode("latin-1"))

        status = deliver(altered).status_code

        # Another path may be nobody's: that is found out before a signature is read.
        assert status == 401 or (part == "path" and status == 404)

    flip()

    assert running.log.count() == 0
    assert deliver(wire).status_code == 200


def test_signature_in_another_spelling_is_refused(running: GenerationRun) -> None:
    wire = signed("POST", commands_path(running), note(running))
    signature = wire.headers["Signature"]
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    last = letters.index(signature[-3])

    for spare in (1, 2, 3):  # the bits that base64 leaves over
        other = signature[:-3] + letters[last | spare] + "=:"
        assert b64decode(other[-5:-1]) == b64decode(signature[-5:-1])
        assert refused(deliver(wire.with_header("Signature", other)))
    assert refused(deliver(wire.with_header("Signature", signature + ";more=1")))
    assert refused(deliver(wire.with_header("Signature", signature[:-2] + ":")))

    assert deliver(wire).status_code == 200


# Headers that say nothing of the request, which proxies may change.
IRRELEVANT = {"User-Agent", "Accept", "Accept-Encoding", "Connection"}


# --- T3: signed, but less than is asked for


def without(component: str, of: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in of if name != component)


@pytest.mark.parametrize("component", COVERED_IN_POST)
def test_signature_that_covers_less_is_refused(
    running: GenerationRun, component: str
) -> None:
    covered = without(component, COVERED_IN_POST)

    wire = signed("POST", commands_path(running), note(running), covered=covered)

    assert refused(deliver(wire))


@pytest.mark.parametrize("component", COVERED)
def test_signature_of_a_get_that_covers_less_is_refused(
    queued: GenerationRun, component: str
) -> None:
    covered = without(component, COVERED)

    assert refused(deliver(signed("GET", run_path(queued), covered=covered)))


@pytest.mark.django_db
def test_body_that_is_not_covered_is_refused() -> None:
    assert refused(deliver(signed("POST", HELLO, hello(), has_digest=False)))


@pytest.mark.parametrize(
    "change",
    [
        {"tag": "trigger-v0"},
        {"tag": None},
        {"nonce": None},
        {"nonce": "n" * 65},
        {"lasts": None},
        {"lasts": timedelta(seconds=-31)},
    ],
    ids=str,
)
def test_weaker_signature_is_refused(
    queued: GenerationRun, change: dict[str, Any]
) -> None:
    assert refused(deliver(signed("GET", run_path(queued), **change)))
    assert not UsedNonce.objects.exists()


def test_longest_nonce_is_accepted(queued: GenerationRun) -> None:
    wire = signed("GET", run_path(queued), nonce="n" * 64)

    assert deliver(wire).status_code == 200


@pytest.mark.parametrize("weaker", [COVERED, ("@method",)], ids=["equal", "weaker"])
def test_second_signature_does_not_help(
    queued: GenerationRun, weaker: tuple[str, ...]
) -> None:
    request = Signer(label="one")(prepared("GET", run_path(queued)))
    twice = Signer(covered=weaker, label="two", appended=True)(request)

    assert refused(deliver(wire_of(twice)))


# --- T4: replayed


def test_replay_is_refused(queued: GenerationRun) -> None:
    wire = signed("GET", run_path(queued))

    first, second = deliver(wire), deliver(wire)

    assert first.status_code == 200
    assert refused(second)


def test_replay_does_not_repeat_the_effect(running: GenerationRun) -> None:
    wire = signed("POST", commands_path(running), note(running))

    statuses = [deliver(wire).status_code for _ in range(3)]

    assert statuses == [200, 401, 401]
    assert running.log.count() == 1


def test_command_that_is_refused_uses_up_its_nonce(queued: GenerationRun) -> None:
    too_early = signed("POST", commands_path(queued), note(queued))
    assert deliver(too_early).status_code == 409
    claim(queued)

    assert refused(deliver(too_early))

    assert queued.log.count() == 0


def test_nonce_of_one_request_does_not_serve_another(running: GenerationRun) -> None:
    first = signed("GET", run_path(running), nonce="the same")
    second = signed("GET", context_path(running), nonce="the same")

    assert deliver(first).status_code == 200
    assert refused(deliver(second))


def test_refused_request_does_not_use_up_its_nonce(queued: GenerationRun) -> None:
    wire = signed("GET", run_path(queued))

    assert refused(deliver(wire._replace(target=wire.target + "?more=1")))

    assert deliver(wire).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_equal_requests_at_once_one_is_let_in(queued: GenerationRun) -> None:
    for _ in range(5):
        wire = signed("GET", run_path(queued))
        together = threading.Barrier(2)

        def send(_: int, wire: Wire = wire, gate: threading.Barrier = together) -> int:
            gate.wait(timeout=30)
            try:
                return deliver(wire).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(send, range(2))) == [200, 401]


def test_replay_is_refused_a_thousand_nonces_later(queued: GenerationRun) -> None:
    wire = signed("GET", run_path(queued))
    assert deliver(wire).status_code == 200

    # Nonces are used up before anything is answered, and this is answered soonest.
    for _ in range(1000):
        assert deliver(signed("GET", "/about")).status_code == 200

    assert refused(deliver(wire))
    assert UsedNonce.objects.count() == 1001


def test_nonce_is_remembered_for_as_long_as_its_signature_is_good(
    queued: GenerationRun,
) -> None:
    # The latest that is accepted: created 30 s from now, good for 300 s and 30 s more.
    wire = signed("GET", run_path(queued), shift=28, lasts=timedelta(days=1))
    assert deliver(wire).status_code == 200

    good_until = UsedNonce.objects.get().expires_at

    created = int(wire.headers["Signature-Input"].split("created=")[1].split(";")[0])
    assert good_until.timestamp() >= created + 330


# --- T6: too late, too early


@pytest.mark.parametrize("seconds", [-331, 31])
@pytest.mark.parametrize("lasts", [timedelta(seconds=300), timedelta(days=1)], ids=str)
def test_request_out_of_its_time_is_refused(
    queued: GenerationRun, seconds: int, lasts: timedelta
) -> None:
    wire = signed("GET", run_path(queued), shift=seconds, lasts=lasts)

    assert refused(deliver(wire))


@pytest.mark.parametrize("seconds", [-325, -20, 20])
def test_clocks_may_differ_a_little(queued: GenerationRun, seconds: int) -> None:
    assert deliver(signed("GET", run_path(queued), shift=seconds)).status_code == 200


# --- T7: rotation


@pytest.mark.parametrize("secret", [SECRET, ANOTHER])
def test_old_and_new_secret_are_accepted_while_they_change(
    queued: GenerationRun, settings: Settings, secret: str
) -> None:
    settings.TRIGGER_INTERNAL_SECRET = ANOTHER
    settings.TRIGGER_INTERNAL_SECRET_PREVIOUS = SECRET

    assert deliver(signed("GET", run_path(queued), secret=secret)).status_code == 200
    assert deliver(plain(secret)).status_code == 200


def test_secret_that_was_removed_is_refused(
    queued: GenerationRun, settings: Settings
) -> None:
    settings.TRIGGER_INTERNAL_SECRET = ANOTHER

    assert refused(deliver(signed("GET", run_path(queued), secret=SECRET)))
    assert refused(deliver(plain(SECRET)))


# --- T8: the plain secret


@pytest.mark.django_db
def test_plain_secret_is_accepted() -> None:
    assert deliver(plain(SECRET)).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
)
def test_plain_secret_is_accepted_from_the_same_machine(address: str) -> None:
    assert deliver(plain(SECRET), REMOTE_ADDR=address).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::7", "", "me"])
def test_plain_secret_from_afar_is_accepted_over_https_only(address: str) -> None:
    afar = {"REMOTE_ADDR": address}

    assert refused(deliver(plain(SECRET), **afar))
    assert not Worker.objects.exists()
    assert deliver(plain(SECRET), **afar, **OVER_HTTPS).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"]
)
def test_plain_secret_that_a_proxy_brings_is_not_from_the_same_machine(
    header: str,
) -> None:
    assert refused(deliver(plain(SECRET).with_header(header, "https")))


@pytest.mark.django_db
def test_plain_secret_is_accepted_from_a_proxy_that_ends_tls(
    settings: Settings,
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    brought = plain(SECRET).with_header("X-Forwarded-Proto", "https")

    assert deliver(brought).status_code == 200


@pytest.mark.django_db
def test_plain_secret_can_be_switched_off(settings: Settings) -> None:
    settings.TRIGGER_ALLOW_PLAIN_SECRET = False

    assert refused(deliver(plain(SECRET)))


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", ANOTHER, SECRET[:-1], SECRET + "x"])
def test_wrong_plain_secret_is_refused(secret: str) -> None:
    assert refused(deliver(plain(secret)))


AFAR = {"REMOTE_ADDR": "203.0.113.7"}
PROXIED = {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("secret", "is_allowed", "how", "reason"),
    [
        (ANOTHER, True, {}, "wrong secret"),
        (SECRET, False, {}, "TRIGGER_ALLOW_PLAIN_SECRET is off"),
        (SECRET, True, AFAR, "from another machine without https"),
        (SECRET, True, PROXIED, "through a proxy without https"),
    ],
)
def test_refused_plain_secret_is_logged_with_its_reason(
    settings: Settings, secret: str, is_allowed: bool, how: dict[str, str], reason: str
) -> None:
    settings.TRIGGER_ALLOW_PLAIN_SECRET = is_allowed

    with capture_logs() as logged:
        assert refused(deliver(plain(secret), **how))

    (line,) = [each for each in logged if each["event"] == "plain secret refused"]
    assert (line["log_level"], line["reason"]) == ("warning", reason)
    assert secret not in str(logged)


@pytest.mark.django_db
@pytest.mark.parametrize("removed", ["", "Signature", "Signature-Input"])
def test_plain_secret_does_not_stand_in_for_a_bad_signature(removed: str) -> None:
    wire = signed("POST", HELLO, hello(), secret=ANOTHER).with_header(PLAIN, SECRET)

    assert refused(deliver(wire.with_header(removed, None) if removed else wire))


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["Signature", "Signature-Input"])
def test_empty_signature_is_a_bad_one(header: str) -> None:
    assert refused(deliver(plain(SECRET).with_header(header, "")))


def test_plain_secret_does_not_revive_a_used_signature(queued: GenerationRun) -> None:
    wire = signed("GET", run_path(queued))
    assert deliver(wire).status_code == 200

    assert refused(deliver(wire.with_header(PLAIN, SECRET)))


# --- T9: comparing secrets


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["ÿ" * 40, "\x80", "Ünïcode", SECRET + "\xa0"])
def test_secret_that_is_not_ascii_is_refused_and_no_mistake(secret: str) -> None:
    assert refused(deliver(plain(secret)))


def comparisons_of_secrets(source: str) -> Iterator[int]:
    """The lines on which something that is named a secret is compared with == or !=."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(
            isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops
        ):
            names = {
                getattr(part, "id", getattr(part, "attr", getattr(part, "value", "")))
                for part in ast.walk(node)
            }
            if any("secret" in str(name).lower() for name in names):
                yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "given == secret",
        "x = settings.TRIGGER_INTERNAL_SECRET != given",
        "a == secrets['b']",
        "request.headers['x-trigger-secret'] == b",
    ],
)
def test_comparison_of_a_secret_is_found(source: str) -> None:
    assert list(comparisons_of_secrets(source)) == [1]


@pytest.mark.parametrize("package", ["internal_api", "generation"])
def test_no_secret_is_compared_in_varying_time(package: str) -> None:
    modules = sorted((CHECKOUT / package).rglob("*.py"))

    found = [
        f"{module.relative_to(CHECKOUT)}:{line}"
        for module in modules
        for line in comparisons_of_secrets(Path(module).read_text())
    ]

    assert modules
    assert found == []


# --- T12: malformed

HEADERS = ("Signature", "Signature-Input", "Content-Digest")
PIECES = st.sampled_from(
    [
        *'"()=;,:?*@%& ',
        "pyhms",
        '"@method"',
        '"@path"',
        '"@query"',
        '"@query-param";name="run"',
        '"@signature-params"',
        '"@status"',
        '"set-cookie";bs',
        '"content-digest"',
        '"content-digest";key="sha-256"',
        "sha-256",
        "sha-512",
        ";created=1",
        ";created=99999999999999",
        ";created=-99999999999999",
        ";created=1.5",
        ";created",
        ";expires=999999999999999",
        f';keyid="{key_id(SECRET)}"',
        ";keyid=1",
        ';tag="trigger-v1"',
        ';nonce="n"',
        ";nonce=:bg==:",
        ':AAAA":',
        ":AAAA:",
        ":====:",
        "\x00",
        "\n",
        "\xff",
    ]
)
GIBBERISH = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.lists(PIECES, max_size=12).map("".join),
)


@with_more
@pytest.mark.django_db
def test_malformed_headers_are_refused_and_no_mistake() -> None:
    @examples(250)
    @given(st.dictionaries(st.sampled_from(HEADERS), GIBBERISH, min_size=1))
    def send(headers: dict[str, str]) -> None:
        wire = signed("POST", HELLO, hello())
        altered = wire._replace(headers=wire.headers | headers)

        assert deliver(altered).status_code == 401

    send()


def test_malformed_names_of_components_are_refused_and_no_mistake(
    queued: GenerationRun,
) -> None:
    wire = signed("GET", run_path(queued))
    given_input = wire.headers["Signature-Input"]

    @examples(100)
    @given(GIBBERISH)
    def send(piece: str) -> None:
        for place in ('("@method"', ");created"):
            value = given_input.replace(place, f"{place[0]}{piece}{place[1:]}", 1)
            if value != given_input:
                answer = deliver(wire.with_header("Signature-Input", value))
                assert answer.status_code in (200, 401)

    send()


# --- T13: proxies


@pytest.fixture
def behind_a_proxy(live_server: LiveServer, settings: Settings) -> Iterator[str]:
    """The address of a proxy that gives the web side another Host."""
    settings.ALLOWED_HOSTS = ["upstream.example"]
    port = urlsplit(live_server.url).port
    proxy = forward(f"http://127.0.0.1:{port}", host="upstream.example")
    with serving(proxy) as server:
        yield server.url


@pytest.mark.django_db(transaction=True)
def test_signature_survives_a_proxy_that_replaces_the_host(
    behind_a_proxy: str, running: GenerationRun
) -> None:
    api = InternalAPI(behind_a_proxy + PREFIX, SECRET, sleep=lambda _: None)

    told = api.get(
        f"/directories/{running.directory_id}/context", run=str(running.pk)
    ).json()
    api.post(commands_path(running), note(running).decode(), key="key")
    api.close()

    assert told["run_id"] == str(running.pk)
    assert running.log.count() == 1


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
@pytest.mark.parametrize("host", ["", "http://upstream.example:8000"])
def test_path_is_read_as_it_came_over_the_wire(
    running: GenerationRun, name: str, host: str
) -> None:
    wire = signed("GET", context_path(running))

    assert deliver(wire, **{name: host + wire.target}).status_code == 200


@pytest.mark.parametrize("name", ["RAW_URI", "REQUEST_URI"])
def test_path_on_the_wire_is_the_one_that_is_verified(
    running: GenerationRun, name: str
) -> None:
    wire = signed("GET", context_path(running))

    assert refused(deliver(wire, **{name: wire.target + "&more=1"}))
