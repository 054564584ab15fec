"""Lists in reStructuredText, AsciiDoc, Org, and without any markup."""

from __future__ import annotations

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.sources.names import squeeze

RST = """\
=============
Awesome Clocks
=============

.. image:: https://awesome.re/badge.svg
   :target: https://awesome.re

.. contents:: **Contents**

Sundials
--------

* `Shadow Clock <https://shadow.example.org/>`_ - Made of *stone*. ``Egypt``
* `Analemma`_ - Draws an eight.

  - `Small Analemma <https://small.example.org>`__: smaller

Water clocks
------------

#. **Clepsydra** - Runs out. `Source <https://github.com/example/clepsydra>`_
#. Not linked

.. _Analemma: https://analemma.example.org
"""

ADOC = """\
= Awesome Clocks
:repo: https://github.com/example

image::logo.png[]

== Sundials

* https://shadow.example.org/[Shadow Clock] - Made of _stone_. `Egypt`
** link:{repo}/small[Small Analemma]: smaller

----
* https://no.example.org[Not an item]
----

== Water clocks

https://clepsydra.example.org[Clepsydra]:: Runs out.
"""

ORG = """\
#+TITLE: Awesome Clocks
* Contents
- [[#sundials][Sundials]]
* Sundials                                                        :stone:
:PROPERTIES:
:CUSTOM_ID: sundials
:END:
- [[https://shadow.example.org/][Shadow Clock]] - Made of /stone/. =Egypt=
  + [[https://small.example.org][Small Analemma]]: smaller
* Water clocks
** TODO [[https://clepsydra.example.org][Clepsydra]] :water:
   Runs out.
** [[https://hydria.example.org][Hydria]]
   Fills up.
"""


def read(text: str, name: str = "README") -> Reading:
    return read_document(Document(source=name, text=text))


@pytest.mark.parametrize("name", ["README.rst", "README"])
def test_restructured_text(name: str) -> None:
    reading = read(RST, name)

    found = {c.name: c for c in reading.candidates}
    assert reading.kind == "rst"
    assert list(found) == ["Shadow Clock", "Analemma", "Small Analemma", "Clepsydra"]
    assert found["Shadow Clock"].url == "https://shadow.example.org/"
    assert found["Shadow Clock"].description == "Made of stone."
    assert found["Shadow Clock"].labels == ("Egypt",)
    assert found["Analemma"].url == "https://analemma.example.org"
    assert found["Small Analemma"].path == ("Sundials",)
    assert found["Clepsydra"].path == ("Water clocks",)
    assert [left.name for left in reading.left_out] == ["Not linked"]


@pytest.mark.parametrize("name", ["README.adoc", "README"])
def test_asciidoc(name: str) -> None:
    reading = read(ADOC, name)

    found = {c.name: c for c in reading.candidates}
    assert reading.kind == "asciidoc"
    assert list(found) == ["Shadow Clock", "Small Analemma", "Clepsydra"]
    assert found["Shadow Clock"].description == "Made of stone."
    assert found["Small Analemma"].url == "https://github.com/example/small"
    assert found["Clepsydra"].description == "Runs out."
    assert found["Clepsydra"].path == ("Water clocks",)


@pytest.mark.parametrize("name", ["README.org", "README"])
def test_org(name: str) -> None:
    reading = read(ORG, name)

    found = {c.name: c for c in reading.candidates}
    assert reading.kind == "org"
    assert list(found) == ["Shadow Clock", "Small Analemma", "Clepsydra", "Hydria"]
    assert found["Shadow Clock"].description == "Made of stone."
    assert found["Clepsydra"].description == "Runs out."
    assert found["Hydria"].path == ("Water clocks",)


@pytest.mark.parametrize(
    "line",
    [
        "Vim - https://www.vim.org - a text editor",
        "Vim: https://www.vim.org a text editor",
        "\u2022 Vim (https://www.vim.org) \u2013 a text editor",
        "3) Vim | https://www.vim.org | a text editor",
        "Vim\nhttps://www.vim.org\na text editor",
    ],
)
def test_plain_line_is_an_item(line: str) -> None:
    (item,) = read(f"{line}\n").candidates

    assert (item.name, item.url) == ("Vim", "https://www.vim.org")
    assert item.description == "a text editor"


def test_plain_line_that_begins_with_its_address() -> None:
    vim, emacs = read(
        "https://www.vim.org - Vim\nhttps://www.gnu.org/software/emacs/\tGNU Emacs\n"
    ).candidates

    assert (vim.name, emacs.name) == ("Vim", "GNU Emacs")


def test_plain_lines_that_head_others_are_categories() -> None:
    reading = read(
        "My tools\n\nEDITORS:\nVim - https://www.vim.org\nEmacs - https://www.gnu.org/e\n"
        "\n== Shells ==\n\nfish - https://fishshell.com\n"
    )

    assert [(c.name, c.path) for c in reading.candidates] == [
        ("Vim", ("EDITORS",)),
        ("Emacs", ("EDITORS",)),
        ("fish", ("Shells",)),
    ]


def test_an_address_its_name_and_what_it_is() -> None:
    krita, vim = read(
        "https://krita.org - Krita - Digital painting\n"
        "https://www.vim.org \u2013 Vim \u2013 A text editor, with modes.\n"
    ).candidates

    assert (krita.name, krita.description) == ("Krita", "Digital painting")
    assert (vim.name, vim.description) == ("Vim", "A text editor, with modes.")


@pytest.mark.parametrize(
    "line",
    [
        "Krita\tDigital painting\thttps://krita.org",
        "1\tKrita\tDigital painting\thttps://krita.org",
        "https://krita.org\tKrita\tDigital painting",
        "Krita\thttps://krita.org\tDigital painting",
    ],
)
def test_tabs_divide_a_line(line: str) -> None:
    (item,) = read(f"{line}\n", "tools.txt").candidates

    assert (item.name, item.url) == ("Krita", "https://krita.org")
    assert item.description == "Digital painting"


KRITA = "Name: Krita\nURL: https://krita.org\nDescription: Digital painting\n"
VIM = "Name: Vim\nURL: https://www.vim.org\nDescription: Edits: text,\n  with modes\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{KRITA}\n{VIM}",
        f"{KRITA}---\n{VIM}",
        f"---\n{KRITA}---\n\n{VIM}---\n",
        f"{KRITA}{VIM}",
        f"\n{KRITA}\n\n=====\n{VIM}".replace(": ", ":\t"),
    ],
)
@pytest.mark.parametrize("name", ["tools.txt", "tools"])
def test_a_field_a_line_is_a_record(text: str, name: str) -> None:
    reading = read(text, name)

    krita, vim = reading.candidates
    assert reading.kind == "text"
    assert (krita.name, krita.url) == ("Krita", "https://krita.org")
    assert krita.description == "Digital painting"
    assert (vim.name, vim.url) == ("Vim", "https://www.vim.org")
    assert squeeze(vim.description) == "Edits: text, with modes"


def test_records_stand_below_the_line_that_heads_them() -> None:
    reading = read(
        f"Painting\n\n{KRITA}License: GPL-3.0\nTags: art, 2D\n\n"
        f"== Editors ==\n{VIM}\nName: Nothing\nDescription: No link\n"
    )

    krita, vim = reading.candidates
    assert (krita.path, vim.path) == (("Painting",), ("Editors",))
    assert (krita.tags, krita.facts) == (("art", "2D"), {"license": "GPL-3.0"})
    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("Nothing", "it has no link")
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("- name: Vim\n  url: https://www.vim.org\n", "yaml"),
        ("tools:\n  - name: Vim\n    url: https://www.vim.org\n", "yaml"),
        (f"---\n{KRITA}---\n\n# Tools\n\n- [Vim](https://www.vim.org)\n", "markdown"),
    ],
)
def test_other_fields_are_no_records_of_plain_text(text: str, kind: str) -> None:
    assert read(text).kind == kind


def test_bare_addresses_are_called_by_themselves() -> None:
    one, other = read("https://www.vim.org/\nhttps://a.example.org/b\n").candidates

    assert (one.name, other.name) == ("vim.org", "a.example.org/b")


def test_names_above_their_addresses() -> None:
    vim, emacs = read(
        "Vim\nhttps://www.vim.org\nEmacs\nhttps://www.gnu.org/e\n"
    ).candidates

    assert (vim.name, emacs.name) == ("Vim", "Emacs")


GRID = """\
Clocks
======

+-----------------------------------------------+---------------------+---------+
| Name                                          | Description         | License |
+===============================================+=====================+=========+
| `Shadow Clock <https://shadow.example.org/>`_ | Made of             | MIT     |
|                                               | *stone*.            |         |
+-----------------------------------------------+---------------------+---------+
| Analemma_                                     | Draws an eight.     | GPL-3.0 |
+-----------------------------------------------+---------------------+---------+

.. _Analemma: https://analemma.example.org
"""
SIMPLE = """\
Clocks
======

=============================================  ===============  =======
Name                                           Description      License
=============================================  ===============  =======
`Shadow Clock <https://shadow.example.org/>`_  Made of stone.   MIT
`Analemma <https://analemma.example.org>`_     Draws            GPL-3.0
                                               an eight.
=============================================  ===============  =======
"""
LIST_TABLE = """\
Clocks
======

.. list-table:: All of them
   :header-rows: 1
   :widths: 30 50 20

   * - Name
     - Description
     - License
   * - `Shadow Clock <https://shadow.example.org/>`_
     - Made of
       stone.
     - MIT
   * - `Analemma <https://analemma.example.org>`_
     - Draws an eight.
     - GPL-3.0
"""
CSV_TABLE = """\
Clocks
======

.. csv-table:: All of them
   :header: Name, Description, License

   `Shadow Clock <https://shadow.example.org/>`_, Made of stone., MIT
   `Analemma <https://analemma.example.org>`_, "Draws an eight.", GPL-3.0
"""
ADOC_ROWS = """\
== Clocks

[options="header",cols="2,3,1"]
|===
|Name |Description |License

|https://shadow.example.org/[Shadow Clock] |Made of _stone_. |MIT
|https://analemma.example.org[Analemma]
|Draws
an eight.
|GPL-3.0
|===
"""
ADOC_CELLS = """\
== Clocks

.All of them
[%header,cols=3*]
|===
|Name
|Description
|License

|https://shadow.example.org/[Shadow Clock]
a|Made of stone.
|MIT

|https://analemma.example.org[Analemma]
|Draws an eight.
|GPL-3.0
|===
"""
ADOC_IMPLICIT = """\
== Clocks

|===
|Name |Description |License

|https://shadow.example.org/[Shadow Clock] |Made of stone. |MIT
|https://analemma.example.org[Analemma] |Draws an eight. |GPL-3.0
|===
"""
ORG_TABLE = """\
* Clocks
| Name | Description | License |
|------+-------------+---------|
| [[https://shadow.example.org/][Shadow Clock]] | Made of /stone/. | MIT |
| [[https://analemma.example.org][Analemma]] | Draws an eight. | GPL-3.0 |
"""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (GRID, "README.rst"),
        (GRID, "README"),
        (SIMPLE, "README"),
        (
            f"Intro\n\n.. table:: All\n\n   {'   '.join(SIMPLE.splitlines(True)[3:])}",
            "",
        ),
        (LIST_TABLE, "README"),
        (CSV_TABLE, "README"),
        (ADOC_ROWS, "README.adoc"),
        (ADOC_CELLS, "README.adoc"),
        (ADOC_IMPLICIT, "README"),
        (ORG_TABLE, "README.org"),
        (ORG_TABLE, "README"),
    ],
    ids=[
        *(
            "grid",
            "grid without a name",
            "simple",
            "simple in a directive",
            "list-table",
            "csv-table",
        ),
        *(
            "asciidoc rows",
            "asciidoc cells",
            "asciidoc implicit header",
            "org",
            "org without a name",
        ),
    ],
)
def test_rows_of_a_table_are_items(text: str, name: str) -> None:
    reading = read(text, name)

    assert [(c.name, c.url, c.description) for c in reading.candidates] == [
        ("Shadow Clock", "https://shadow.example.org/", "Made of stone."),
        ("Analemma", "https://analemma.example.org", "Draws an eight."),
    ]
    assert [c.facts["license"] for c in reading.candidates] == ["MIT", "GPL-3.0"]
    assert not reading.left_out


def test_a_cell_across_the_table_heads_the_rows_below_it() -> None:
    link = "`{} <https://{}.example.org>`_"
    border = f"+{'-' * 44}+{'-' * 20}+{'-' * 6}+"
    rst = "\n".join(
        [
            border,
            f"| {'Name':<43}| {'About':<19}| {'Type':<5}|",
            border.replace("-", "="),
            f"| {'Water':<71}|",
            border,
            f"| {link.format('Hydria', 'hydria'):<43}| {'Fills up.':<19}| MIT  |",
            border,
        ]
    )
    adoc = "|===\n|Name |About |Licence\n\n3+|Water\n|https://hydria.example.org[Hydria] |Fills up. |MIT\n|===\n"

    for text, name in ((rst, "a.rst"), (adoc, "a.adoc")):
        (item,) = read(text, name).candidates
        assert (item.name, item.description) == ("Hydria", "Fills up.")
        assert item.path == ("Water",)


@pytest.mark.parametrize(
    "text",
    [
        "+---+---+\n| a | b\n+---+\n\n- `Vim <https://www.vim.org>`_ - Edits.\n",
        "=== ===\nabcdefg h\n=== ===\n\n- `Vim <https://www.vim.org>`_ - Edits.\n",
        "=== ===\n\n- `Vim <https://www.vim.org>`_ - Edits.\n",
        ".. list-table::\n   :header-rows: x\n\n- `Vim <https://www.vim.org>`_ - Edits.\n",
        '.. csv-table::\n   :delim: ab\n\n   "x\n\n- `Vim <https://www.vim.org>`_ - Edits.\n',
    ],
)
def test_a_table_drawn_wrongly_hides_nothing_below_it(text: str) -> None:
    assert [c.name for c in read(text, "a.rst").candidates] == ["Vim"]


def test_a_table_that_is_never_closed_is_read_to_the_end() -> None:
    text = "|===\n|Name |About\n\n|https://www.vim.org[Vim] |Edits.\n"

    assert [c.name for c in read(text, "a.adoc").candidates] == ["Vim"]
