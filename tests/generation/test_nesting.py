"""How deep a source may nest is our decision, whatever the interpreter would bear."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from directories.exceptions import NotPossible
from directories.services.files import read_directory_file
from generation.exceptions import UnreadableSource
from generation.markup import render_markdown
from generation.nesting import DEEPEST, NestedTooDeeply, load_json, load_toml
from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.yaml import InvalidYAML, parse

LINK = {"name": "Kiln", "url": "https://kiln.example.org"}


@pytest.fixture(params=[600, 1_000, 50_000])
def stack(request: pytest.FixtureRequest) -> Iterator[int]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(request.param)
    yield request.param
    sys.setrecursionlimit(before)


def nested(levels: int) -> str:
    return '{"a":' * levels + json.dumps([LINK, LINK]) + "}" * levels


def read(text: str, name: str) -> Reading:
    return read_document(Document(source=name, text=text))


@pytest.mark.usefixtures("stack")
def test_json_is_refused_from_our_own_limit_on() -> None:
    assert read(nested(50), "list.json").candidates
    assert not read(nested(DEEPEST - 2), "list.json").candidates
    with pytest.raises(UnreadableSource, match="nested too deeply"):
        read(nested(DEEPEST), "list.json")
    with pytest.raises(UnreadableSource, match="nested too deeply"):
        read("[" * 1_000_000, "list.json")


@pytest.mark.usefixtures("stack")
def test_deep_lines_of_json_are_left_out() -> None:
    good = "\n".join([json.dumps(LINK)] * 3)

    reading = read(f"{good}\n{nested(DEEPEST)}\n", "list.jsonl")

    assert len(reading.candidates) == 3
    assert len(reading.left_out) == 1


@pytest.mark.usefixtures("stack")
def test_toml_is_refused_from_our_own_limit_on(tmp_path: Path) -> None:
    deep = "a = " + "[" * 300 + "]" * 300 + "\n"

    with pytest.raises(UnreadableSource, match="nested too deeply"):
        read(f'[x]\nurl = "https://x.example.org"\n{deep}', "list.toml")
    (tmp_path / "directory.toml").write_text(deep)
    with pytest.raises(NotPossible, match="nested more than 200 levels deep"):
        read_directory_file(tmp_path / "directory.toml")


@pytest.mark.usefixtures("stack")
def test_deep_yaml_notebooks_and_pages_are_refused_with_a_reason() -> None:
    with pytest.raises(InvalidYAML, match="nested more than"):
        parse(b"[" * 900 + b"]" * 900)
    with pytest.raises(UnreadableSource, match="broken Jupyter notebook"):
        read('{"cells": ' + "[" * 900 + "]" * 900 + ', "nbformat": 4}', "list.ipynb")
    with pytest.raises(UnreadableSource, match="nested too deeply"):
        read(f"<html><body>{'<div>' * 5_000}", "list.html")


@pytest.mark.usefixtures("stack")
def test_deep_data_of_a_page_is_passed_over() -> None:
    deep = "[" * 5_000 + "]" * 5_000
    scripts = (
        f'<script type="application/json">{deep}</script>'
        f'<script type="application/ld+json">{deep}</script>'
        f"<script>window.__DATA__ = {deep};</script>"
    )
    cards = "".join(
        f'<li><a href="https://thing-{n}.example.org">Thing {n}</a> - Does it.</li>'
        for n in range(2)
    )

    reading = read(f"<html><body><ul>{cards}</ul>{scripts}</body></html>", "list.html")

    assert len(reading.candidates) == 2


@pytest.mark.usefixtures("stack")
def test_deep_markdown_is_read_as_far_as_lists_go() -> None:
    text = "- [Kiln](https://kiln.example.org) - Burns.\n\n" + ">" * 5_000 + " x\n"

    assert [c.name for c in read(text, "list.md").candidates] == ["Kiln"]


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    "text", [">" * 60 + " a", "- " * 60 + "a", " " * 240 + "- a", "1. " * 60 + "a"]
)
def test_deep_text_is_shown_as_it_stands(text: str) -> None:
    assert render_markdown(text).startswith("<pre>")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"a": "[{" * 500}),
        json.dumps({"a": '\\"' * 500 + "[" * 500}),
        json.dumps([[{}]] * 500),
    ],
)
def test_brackets_in_strings_and_beside_each_other_do_not_count(text: str) -> None:
    assert load_json(text) == json.loads(text)


def test_brackets_in_strings_and_comments_of_toml_do_not_count() -> None:
    many = "[" * 500
    text = (
        f"a = \"{many}\\\"{many}\"\nb = '{many}'\n# {many} it's\n"
        f'c = """\n{many} ""{many}"""\nd = \'\'\'\n{many}\'\'\'\n'
    )

    assert len(load_toml(text)) == 4


@pytest.mark.parametrize("ending", ['"', "\\", '\\"' * 200_000])
def test_string_without_an_end_takes_no_time(ending: str) -> None:
    with pytest.raises(ValueError, match=r".") as failed:
        load_json("[" * (DEEPEST + 1) + '"' + ending)

    assert isinstance(failed.value, NestedTooDeeply)
