"""Jupyter notebooks: their Markdown cells are a list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading


def read(text: str, name: str = "list.ipynb") -> Reading:
    return read_document(Document(source=name, text=text))


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}, indent=1)


LISTED: dict[str, Any] = {
    "cell_type": "markdown",
    "metadata": {},
    "source": ["## Editors\n", "\n", "- [Vim](https://www.vim.org) - Edits text.\n"],
}
CODE = {
    "cell_type": "code",
    "outputs": [{"data": {"name": "No", "url": "https://no.example.org"}}],
    "source": "# - [No](https://no.example.org) - Not an item",
}


@pytest.mark.parametrize("name", ["list.ipynb", "list"])
def test_markdown_cells_of_a_notebook_are_read(name: str) -> None:
    further = {
        "cell_type": "markdown",
        "source": "- [Ed](https://ed.example.org) - Old",
    }

    reading = read(notebook(LISTED, CODE, further), name)

    assert reading.kind == "markdown"
    assert [(c.name, c.path) for c in reading.candidates] == [
        ("Vim", ("Editors",)),
        ("Ed", ("Editors",)),
    ]


def test_notebook_of_the_older_format_is_read() -> None:
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": [LISTED]}]})

    assert [c.name for c in read(text).candidates] == ["Vim"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (notebook(CODE), "without Markdown cells"),
        (notebook(CODE)[:-1], "broken Jupyter notebook"),
        ('{"cells": 1, "nbformat": 4}', "without Markdown cells"),
    ],
)
def test_notebook_without_a_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableSource, match=reason):
        read(text)
