from __future__ import annotations

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading

# The same list in every format: a table of contents at a higher level than its categories.
SPELLINGS = {
    "list.md": """\
# Handy tools

# Contents
- [Editors](#editors)
  - [Small ones](#small-ones)
- [Shells](#shells)

## Editors
- [Pen](https://pen.example.org) - Writes text.

### Small ones
- [Quill](https://quill.example.org) - Writes more text.

## Shells
- [Clam](https://clam.example.org) - A small shell.
""",
    "list.rst": """\
Handy tools
===========

Contents
========

* `Editors`_
* `Shells`_

Editors
-------

* `Pen <https://pen.example.org>`_ - Writes text.

Small ones
~~~~~~~~~~

* `Quill <https://quill.example.org>`_ - Writes more text.

Shells
------

* `Clam <https://clam.example.org>`_ - A small shell.
""",
    "list.adoc": """\
= Handy tools

== Contents

* <<editors,Editors>>
* <<shells,Shells>>

=== Editors

* https://pen.example.org[Pen] - Writes text.

==== Small ones

* https://quill.example.org[Quill] - Writes more text.

=== Shells

* https://clam.example.org[Clam] - A small shell.
""",
    "list.org": """\
* Handy tools
* Table of Contents                                        :TOC_5:QUOTE:
- [[#editors][Editors]]
- [[#shells][Shells]]

** Editors
- [[https://pen.example.org][Pen]] - Writes text.
*** Small ones
- [[https://quill.example.org][Quill]] - Writes more text.
** Shells
- [[https://clam.example.org][Clam]] - A small shell.
""",
    "list.mediawiki": """\
= Handy tools =
= Contents =
* [[#Editors|Editors]]
* [[#Shells|Shells]]
== Editors ==
* [https://pen.example.org Pen] - Writes text.
=== Small ones ===
* [https://quill.example.org Quill] - Writes more text.
== Shells ==
* [https://clam.example.org Clam] - A small shell.
""",
    "list.textile": """\
h1. Handy tools

h1. Contents

* "Editors":#editors
* "Shells":#shells

h2. Editors

* "Pen":https://pen.example.org - Writes text.

h3. Small ones

* "Quill":https://quill.example.org - Writes more text.

h2. Shells

* "Clam":https://clam.example.org - A small shell.
""",
    "list.html": """\
<html><body><h1>Handy tools</h1><h1>Contents</h1>
<ul><li><a href="#editors">Editors</a></li><li><a href="#shells">Shells</a></li></ul>
<h2 id="editors">Editors</h2>
<ul><li><a href="https://pen.example.org">Pen</a> - Writes text.</li></ul>
<h3>Small ones</h3>
<ul><li><a href="https://quill.example.org">Quill</a> - Writes more text.</li></ul>
<h2 id="shells">Shells</h2>
<ul><li><a href="https://clam.example.org">Clam</a> - A small shell.</li></ul>
</body></html>
""",
}


def read(text: str, name: str = "list.md", url: str = "") -> Reading:
    return read_document(Document(source=name, url=url, text=text))


def sorted_names(reading: Reading) -> list[tuple[str, tuple[str, ...]]]:
    return [(c.name, (*c.path, *c.groups)) for c in reading.candidates]


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("heading", ["Contents", "Index", "Content", "Legend"])
def test_contents_above_the_categories_swallow_nothing(name: str, heading: str) -> None:
    text = SPELLINGS[name].replace("Table of Contents", "Contents")

    reading = read(text.replace("Contents", heading), name)

    assert [(who, path[-1]) for who, path in sorted_names(reading)] == [
        ("Pen", "Editors"),
        ("Quill", "Small ones"),
        ("Clam", "Shells"),
    ]
    assert not any(heading in path for _, path in sorted_names(reading))


@pytest.mark.parametrize("name", SPELLINGS)
def test_links_of_contents_are_not_reported(name: str) -> None:
    reading = read(SPELLINGS[name], name)

    assert reading.left_out == ()


def test_contents_end_with_their_last_link_to_a_heading() -> None:
    reading = read(
        "## Contents\n- [Editors](#editors)\n- [Chat](https://chat.example.org)\n"
        "- [Shells](#shells)\n\n"
        "**Editors**\n\n- [Pen](https://pen.example.org) - Writes text.\n\n"
        "**Shells**\n\n- [Clam](https://clam.example.org) - A small shell.\n"
    )

    assert sorted_names(reading) == [("Pen", ("Editors",)), ("Clam", ("Shells",))]
    assert [left.name for left in reading.left_out] == ["Chat"]
    assert "“Contents”" in reading.left_out[0].reason


def test_list_without_headings_may_follow_in_the_section_of_the_contents() -> None:
    reading = read(
        "# Contents\n- [Editors](#editors)\n- [Shells](#shells)\n\n"
        "<!-- the list -->\n\n"
        "- Editors\n  - [Pen](https://pen.example.org) - Writes text.\n"
        "- Shells\n  - [Clam](https://clam.example.org) - A small shell.\n"
    )

    assert sorted_names(reading) == [("Pen", ("Editors",)), ("Clam", ("Shells",))]


def test_contents_with_whole_addresses_are_none_of_the_list() -> None:
    place = "https://github.com/example/list"
    reading = read(
        f"## Contents\n- [Editors]({place}#-editors)\n- [All shells]({place}#shells)\n\n"
        "## Editors\n- [Pen](https://pen.example.org) - Writes text.\n"
        "## Shells\n- [Clam](https://clam.example.org) - A small shell.\n"
    )

    assert [who for who, _ in sorted_names(reading)] == ["Pen", "Clam"]


def test_contents_of_several_files_are_none_of_the_list() -> None:
    place = "https://github.com/example/list/blob/main"
    reading = read(
        f"## Contents\n- [Birds]({place}/birds.md)\n- [Fish]({place}/fish.md)\n\n"
        "## Editors\n- [Pen](https://pen.example.org) - Writes text.\n"
    )

    assert [who for who, _ in sorted_names(reading)] == ["Pen"]
    assert len(reading.left_out) == 2


@pytest.mark.parametrize("heading", ["Content", "Legal", "Licensing", "Index"])
def test_category_may_have_a_name_of_what_is_around_lists(heading: str) -> None:
    reading = read(
        f"# Tools\n\n## {heading}\n- [Pen](https://pen.example.org) - Writes text.\n"
        "- [Quill](https://quill.example.org) - Signs contracts.\n\n"
        f"### {heading} for teams\n- [Nib](https://nib.example.org) - For teams.\n\n"
        "## Shells\n- [Clam](https://clam.example.org) - A small shell.\n"
    )

    assert sorted_names(reading) == [
        ("Pen", (heading,)),
        ("Quill", (heading,)),
        ("Nib", (heading, f"{heading} for teams")),
        ("Clam", ("Shells",)),
    ]


@pytest.mark.parametrize("heading", ["Legal", "Licensing"])
def test_licences_and_notices_are_no_items(heading: str) -> None:
    reading = read(
        "# Tools\n\n## Shells\n- [Clam](https://clam.example.org) - A small shell.\n"
        f"## {heading}\n- [CC0](https://creativecommons.org/publicdomain/zero/1.0/)\n"
        "- [Privacy policy](https://example.org/privacy)\n"
        "- [Code](https://example.org/blob/main/LICENSE.md)\n"
    )

    assert sorted_names(reading) == [("Clam", ("Shells",))]
    assert len(reading.left_out) == 3


@pytest.mark.parametrize("heading", ["Contributing", "Sponsors", "License"])
def test_what_is_around_lists_stays_left_out_with_its_parts(heading: str) -> None:
    reading = read(
        "# Tools\n\n## Shells\n- [Clam](https://clam.example.org) - A small shell.\n"
        f"## {heading}\n### Gold\n- [Acme](https://acme.example.org) - Gives much.\n"
    )

    assert sorted_names(reading) == [("Clam", ("Shells",))]
    assert [left.name for left in reading.left_out] == ["Acme"]


def test_folder_of_an_outline_may_be_called_content() -> None:
    reading = read(
        '<opml version="2.0"><body><outline text="Content">'
        '<outline text="Pen" xmlUrl="https://pen.example.org/feed"/></outline></body></opml>'
    )

    assert sorted_names(reading) == [("Pen", ("Content",))]
