"""Every command inside image, compose files and units, read from these files.

What cannot be run without being an image is named in `OF_THE_IMAGE`, with its reason; all else
has to be run by a test, and one that changes without being run fails it.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import yaml

from config.env import CHECKOUT

Command = tuple[str, ...]

COMPOSE = ("compose.yaml", "deploy/compose.worker.yaml")
# Of the images that are not ours.
SERVERS = {"postgres", "redis"}
# They set up a container as root, or are what a clean virtual environment is made with.
OF_THE_IMAGE = {
    ("python", "-m", "venv", ".venv"),
    (
        *(".venv/bin/pip", "install", "--no-cache-dir", "--disable-pip-version-check"),
        *("--require-hashes", "-r", "deploy/requirements.lock"),
    ),
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "git"),
    ("rm", "-rf", "/var/lib/apt/lists/*"),
    (
        *("useradd", "--uid", "10001", "--user-group"),
        *("--home-dir", "/srv/gazetteer", "--no-create-home", "gazetteer"),
    ),
    (
        *("install", "-d", "-o", "gazetteer", "-g", "gazetteer", "/srv/gazetteer"),
        *("/srv/gazetteer/state", "/srv/gazetteer/repositories"),
    ),
    ("rm", "-rf", "/tmp/build"),
    # Writes beside the code, which all tests share.
    (
        *("python", "-m", "compileall", "-q"),
        *("config", "directories", "generation", "internal_api"),
    ),
}


def document(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CHECKOUT / name).read_text())
    return read


def instructions(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, each in one line."""
    text = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", text, re.MULTILINE)


def copied() -> list[tuple[str, str]]:
    """What the image has of this checkout: where from, and where to below its folder."""
    found = []
    for words in map(str.split, instructions("COPY")):
        if not words[0].startswith("--"):
            *sources, target = words
            found += [
                (source, f"{target}{source}" if target == "./" else target)
                for source in sources
            ]
    return found


def commands_of_the_image() -> set[Command]:
    ran = [
        shlex.split(command)
        for line in instructions("RUN")
        for command in line.split("&&")
    ]
    [check] = re.findall(
        r"^HEALTHCHECK.+?CMD +(\[.+?\])$",
        (CHECKOUT / "Dockerfile").read_text(),
        re.M | re.S,
    )
    [entry], [first] = instructions("ENTRYPOINT"), instructions("CMD")
    return {
        *(tuple(word for word in words if "=" not in word) for words in ran),
        tuple(json.loads(check)),
        tuple(json.loads(entry) + json.loads(first)),
    }


def commands_of_the_units() -> set[Command]:
    return {
        tuple(line.replace("/srv/gazetteer/checkout/", "").split())
        for path in (CHECKOUT / "deploy" / "systemd").glob("*.service")
        for line in re.findall(r"^Exec\w+=(.+)$", path.read_text(), re.MULTILINE)
    }


def commands_of_the_services() -> set[Command]:
    found: set[Command] = set()
    for name in COMPOSE:
        for key, service in document(name)["services"].items():
            check = service.get("healthcheck", {}).get("test")
            if check:
                found.add(tuple(check[1:]))
            if "command" in service:
                before = () if key in SERVERS else ("deploy/run",)
                found.add((*before, *service["command"]))
    return found


def shipped() -> set[Command]:
    return (
        commands_of_the_image() | commands_of_the_units() | commands_of_the_services()
    ) - OF_THE_IMAGE


def interpolated(text: str, variables: dict[str, str]) -> str:
    """Do as compose does: `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?why}`."""

    def value(found: re.Match[str]) -> str:
        name, how, rest = found["name"], found["how"] or "", found["rest"] or ""
        if name in variables and (variables[name] or ":" not in how):
            return variables[name]
        assert "?" not in how, f"{name} is not set: {rest}"
        return rest

    pattern = r"\$\{(?P<name>\w+)(?P<how>:?[-?])?(?P<rest>[^}]*)\}"
    return re.sub(pattern, value, text).replace("$$", "$")


def environment(service: str, variables: dict[str, str]) -> dict[str, str]:
    """What compose gives to a service."""
    given: dict[str, str] = document("compose.yaml")["services"][service]["environment"]
    return {name: interpolated(str(value), variables) for name, value in given.items()}
