"""The lock is current, hashed and names no registry; each direct dependency has its reason."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from config.env import CHECKOUT

LOCK = CHECKOUT / "requirements.lock"
PROJECT, DEVELOPMENT = "gazetteer (pyproject.toml)", "gazetteer (pyproject.toml:dev)"


class Pin(NamedTuple):
    """One locked package. `via` names what asked for it."""

    version: Version
    hashes: tuple[str, ...]
    via: frozenset[str]


def read_lock(text: str) -> dict[str, Pin]:
    """Read every pin. A name that is locked for several platforms has several versions."""
    pins: dict[str, Pin] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        name, version = re.match(r"([\w.-]+)==([\w.!+-]+)", block).groups()  # type: ignore[union-attr]
        comments = re.findall(r"^    #(?: via|  ) ?(.*)$", block, re.MULTILINE)
        assert name not in pins, f"{name} is locked twice"
        pins[name] = Pin(
            Version(version),
            tuple(re.findall(r"--hash=(\S+)", block)),
            frozenset(comment.strip() for comment in comments if comment.strip()),
        )
    return pins


def asked_for() -> dict[str, tuple[Requirement, str]]:
    """Every direct requirement by its name, and who asks for it."""
    document = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    extras = document["project"]["optional-dependencies"].values()
    groups = {
        PROJECT: [*document["project"]["dependencies"], *chain.from_iterable(extras)],
        DEVELOPMENT: document["dependency-groups"]["dev"],
    }
    return {
        canonicalize_name((requirement := Requirement(line)).name): (requirement, who)
        for who, lines in groups.items()
        for line in lines
    }


PINS = read_lock(LOCK.read_text())
ASKED_FOR = asked_for()


@pytest.mark.parametrize("name", sorted(ASKED_FOR))
def test_requirement_is_pinned_within_its_bounds(name: str) -> None:
    requirement, who = ASKED_FOR[name]

    assert requirement.specifier.contains(PINS[name].version)
    assert who in PINS[name].via


@pytest.mark.parametrize("who", [PROJECT, DEVELOPMENT])
def test_lock_was_made_from_these_requirements_and_no_others(who: str) -> None:
    locked_for = {name for name, pin in PINS.items() if who in pin.via}

    assert locked_for == {
        name for name, (_, asker) in ASKED_FOR.items() if asker == who
    }


def test_every_pin_was_asked_for_by_something_in_the_lock() -> None:
    known = {*PINS, PROJECT, DEVELOPMENT}

    assert {
        n: pin.via for n, pin in PINS.items() if not pin.via or pin.via - known
    } == {}


def test_every_pin_has_hashes_and_nothing_weaker() -> None:
    weak = [
        name
        for name, pin in PINS.items()
        if not pin.hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in pin.hashes)
    ]

    assert weak == []


def test_lock_names_no_registry_and_no_address() -> None:
    text = LOCK.read_text()

    assert re.findall(r"https?:|//|index-url|find-links|\bpypi\b|@ ", text) == []
    assert re.findall(r"\b[a-z0-9-]+\.(?:org|com|io|net|dev)\b", text) == []


def test_every_line_of_the_lock_is_understood() -> None:
    pattern = (
        r"[a-z0-9._-]+==[\w.!+]+(?: ; [\w .<>=!'()]+)? \\"
        r"|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
        r"|    # via(?: [\w.-]+(?: \(pyproject\.toml(?::dev)?\))?)?"
        r"|    #   [\w.-]+(?: \(pyproject\.toml(?::dev)?\))?"
    )

    strange = [
        line
        for line in LOCK.read_text().splitlines()
        if not re.fullmatch(pattern, line)
    ]

    assert strange == []


@pytest.mark.parametrize("name", sorted(ASKED_FOR))
def test_every_direct_dependency_has_its_line(name: str) -> None:
    lines = (CHECKOUT / "docs" / "dependencies.md").read_text().splitlines()

    about = [
        line
        for line in lines
        if re.match(r"\s*[|*+-]", line)
        and name
        in {canonicalize_name(word) for word in re.findall(r"`([\w.-]+)", line)}
    ]

    assert about, f"docs/dependencies.md has no line for `{name}`"


# --- the reader of the lock

SNIPPET = f"""\
one==1.0 \\
    --hash=sha256:{"0" * 64} \\
    --hash=sha256:{"1" * 64}
    # via gazetteer (pyproject.toml)
two==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:{"2" * 64}
    # via
    #   gazetteer (pyproject.toml:dev)
    #   one
"""


def test_pins_are_read_with_their_hashes_and_askers() -> None:
    assert read_lock(SNIPPET) == {
        "one": Pin(
            Version("1.0"),
            (f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"),
            frozenset({PROJECT}),
        ),
        "two": Pin(
            Version("2.0"), (f"sha256:{'2' * 64}",), frozenset({DEVELOPMENT, "one"})
        ),
    }


def test_package_that_is_locked_twice_is_seen() -> None:
    with pytest.raises(AssertionError, match="one is locked twice"):
        read_lock(SNIPPET + SNIPPET)
