"""What is dangerous happens in one module: there it can be read, tested and kept safe.

`generation/sources/fetch/wire.py` opens connections, for the fetcher beside it and nobody
else; `generation/git/command.py` starts processes, `generation/yaml.py` reads YAML,
`generation/markup.py` renders other people's Markdown, and `config/problems.py` makes error
documents.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import CHECKOUT

PACKAGES = ("config", "directories", "generation", "internal_api")
SOURCES = sorted(
    path.relative_to(CHECKOUT)
    for package in PACKAGES
    for path in (CHECKOUT / package).rglob("*.py")
)

# The module that may, and the libraries that it may import, with all below them.
ONE_WAY_IN: dict[str, tuple[str, ...]] = {
    "generation/sources/fetch/wire.py": (
        *(
            "_socket",
            "aiohttp",
            "asyncio",
            "ftplib",
            "http.client",
            "httpcore",
            "httpx",
        ),
        *("imaplib", "nntplib", "poplib", "pycurl", "requests", "smtplib", "socket"),
        *("socketserver", "ssl", "telnetlib", "urllib.request", "urllib3"),
        *("urllib.robotparser", "websockets", "xmlrpc"),
    ),
    # Whoever went past the fetcher would go past robots.txt and the pace.
    "generation/sources/fetch/fetcher.py": ("generation.sources.fetch.wire",),
    "generation/git/command.py": (
        *("git", "multiprocessing", "os.popen", "os.system", "pty", "subprocess"),
    ),
    "generation/yaml.py": ("ruamel", "yaml"),
    "generation/markup.py": ("markdown", "nh3"),
}
ALSO = {
    # What speaks to our own web side, at the address that the operator has set.
    ("generation/client.py", "requests"),
    # A process of our own interpreter, for what a stranger decides the length of.
    ("generation/isolation/__init__.py", "subprocess"),
    # Called when a process of the cluster ends; the cluster's queues. Neither starts one.
    ("generation/tasks/presence.py", "multiprocessing"),
    ("generation/tasks/cluster.py", "multiprocessing"),
    # The web server takes connections from strangers, and opens none.
    ("config/web_server/worker.py", "socket"),
    ("config/web_server/outgoing.py", "socket"),
    # Pagefind is a program, and its own interface ends it before its files are written.
    ("directories/services/search_index.py", "subprocess"),
}
# `import_module("requests")` would pass unseen.
DYNAMIC = ("importlib", "runpy")
# It keeps libraries from being imported, and imports none.
HIDES = "config/optional.py"

PROBLEM = "application/problem+json"
PROBLEMS = "config/problems.py"
FUTURE = "annotations"


def imported(tree: ast.AST) -> Iterator[str]:
    """Name everything that is imported, `from a import b` as `a` and as `a.b`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)


def used(tree: ast.AST) -> Iterator[str]:
    """Name what is taken of a package that was imported whole, and past any import."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(
                value=ast.Name(id="os" | "urllib" | "http" as module), attr=attribute
            ):
                yield f"{module}.{attribute}"
            case (
                ast.Name(id="__import__")
                | ast.Attribute(value=ast.Name(id="sys"), attr="modules")
            ):
                yield "importlib"


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=bytes(raw)):
                yield raw.decode("latin-1")


def has_future_import(tree: ast.Module) -> bool:
    """Tell whether it is there, or there is nothing but a docstring to need it."""
    if all(isinstance(node, ast.Expr) for node in tree.body):
        return True
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and FUTURE in {alias.name for alias in node.names}
        for node in tree.body
    )


def complaints(source: str, *, path: str) -> list[str]:
    """Say what a module does that only another may."""
    tree = ast.parse(source)
    names = {*imported(tree), *used(tree)}

    def is_used(library: str) -> bool:
        return any(n == library or n.startswith(f"{library}.") for n in names)

    found = [
        f"{path} uses {library}; only {module} may"
        for module, libraries in ONE_WAY_IN.items()
        for library in libraries
        if path != module and is_used(library) and (path, library) not in ALSO
    ]
    found += [
        f"{path} imports by {name}"
        for name in DYNAMIC
        if path != HIDES and is_used(name)
    ]
    if path != PROBLEMS and any(PROBLEM in text for text in texts(tree)):
        found.append(f"{path} names {PROBLEM}; only {PROBLEMS} may")
    if not has_future_import(tree):
        found.append(f"{path} does not begin with the import of {FUTURE}")
    return found


# Kept here until they are mended, so that they are neither forgotten nor repeated.
@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_module_keeps_to_the_one_way_in(path: Path) -> None:
    source = (CHECKOUT / path).read_text()

    assert complaints(source, path=path.as_posix()) == []


@pytest.mark.parametrize("path", [*ONE_WAY_IN, PROBLEMS])
def test_the_one_way_in_is_there_and_used(path: str) -> None:
    source = (CHECKOUT / path).read_text()

    assert complaints(source, path="somewhere/else.py") != []


HEAD = "from __future__ import annotations\n"


@pytest.mark.parametrize(
    ("snippet", "complaint"),
    [
        ("import requests", "uses requests"),
        ("import requests.adapters as a", "uses requests"),
        ("from requests import get", "uses requests"),
        ("from requests.adapters import HTTPAdapter", "uses requests"),
        ("import urllib3", "uses urllib3"),
        ("from urllib3.util import Retry", "uses urllib3"),
        ("import http.client", "uses http.client"),
        ("from http import client", "uses http.client"),
        ("import socket", "uses socket"),
        ("from urllib import request", "uses urllib.request"),
        ("import urllib\nurllib.request.urlopen('x')", "uses urllib.request"),
        ("import http\nhttp.client.HTTPConnection('x')", "uses http.client"),
        ("import asyncio", "uses asyncio"),
        ("from _socket import socket", "uses _socket"),
        ("import ssl", "uses ssl"),
        ("from urllib import robotparser", "uses urllib.robotparser"),
        (
            "from generation.sources.fetch.wire import Client",
            "uses generation.sources.fetch.wire",
        ),
        (
            "from generation.sources.fetch import wire",
            "uses generation.sources.fetch.wire",
        ),
        ("from urllib.request import urlopen", "uses urllib.request"),
        ("def f():\n    import socket", "uses socket"),
        ("if True:\n    from socket import gethostname", "uses socket"),
        ("import git", "uses git"),
        ("from git import Repo", "uses git"),
        ("import subprocess as s", "uses subprocess"),
        ("import os\nos.system('git')", "uses os.system"),
        ("from os import popen", "uses os.popen"),
        ("import yaml", "uses yaml"),
        ("from yaml import safe_load", "uses yaml"),
        ("from markdown import Markdown", "uses markdown"),
        ("import markdown.extensions", "uses markdown"),
        ("import nh3", "uses nh3"),
        ("import importlib", "imports by importlib"),
        ("from importlib import import_module", "imports by importlib"),
        ("__import__('requests')", "imports by importlib"),
        ("import sys\nsys.modules['requests'].get('x')", "imports by importlib"),
        ("kind = 'application/problem+json'", "names application/problem+json"),
        ("kind = f'application/problem+json; {x}'", "names application/problem+json"),
        ("kind = b'application/problem+json'", "names application/problem+json"),
    ],
)
def test_second_way_in_is_seen(snippet: str, complaint: str) -> None:
    (found,) = complaints(HEAD + snippet, path="directories/views.py")

    assert found.startswith(f"directories/views.py {complaint}")


@pytest.mark.parametrize(
    "snippet",
    [
        "from urllib.parse import urlsplit",
        "import http",
        "from http import HTTPStatus",
        "from generation.yaml import dump",
        "from generation.git import Repository",
        "from generation.sources.fetch import Fetcher, fetch",
        "import sys\nsys.argv",
        "from generation import git, yaml",
        "from generation.markup import render_markdown",
        "from markdown_it import MarkdownIt",
        "import os\nos.environ['A']",
        "import platform",
        "kind = 'application/json'",
    ],
)
def test_what_is_harmless_passes(snippet: str) -> None:
    assert complaints(HEAD + snippet, path="directories/views.py") == []


def test_exception_is_for_one_library() -> None:
    (found,) = complaints(
        f"{HEAD}import requests\nimport socket", path="generation/client.py"
    )

    assert "uses socket" in found


def test_one_way_in_is_open_to_its_module() -> None:
    snippet = f"{HEAD}import requests\nimport socket"

    assert complaints(snippet, path="generation/sources/fetch/wire.py") == []


@pytest.mark.parametrize(
    "snippet", ["x = 1", '"""Text."""\nx = 1', "from __future__ import division"]
)
def test_missing_future_import_is_seen(snippet: str) -> None:
    (found,) = complaints(snippet, path="directories/views.py")

    assert found.endswith("does not begin with the import of annotations")


@pytest.mark.parametrize("snippet", ["", '"""Text."""'])
def test_module_without_code_needs_no_import(snippet: str) -> None:
    assert complaints(snippet, path="directories/__init__.py") == []


def test_every_package_is_looked_at() -> None:
    assert {path.parts[0] for path in SOURCES} == set(PACKAGES)
    assert Path("generation/sources/fetch/wire.py") in SOURCES
