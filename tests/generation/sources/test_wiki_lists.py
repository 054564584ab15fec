"""Lists in wikitext, as MediaWiki, DokuWiki and Creole write it."""

from __future__ import annotations

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading

HEAD = """\
{{Short description|none}}
{{Infobox software
| name = {{nowrap|Clocks}}
| website = {{URL|no.example.org}}
}}
<!-- * [https://no.example.org Not an item] -->
[[File:Clock.png|thumb|A [[clock]] of stone]]
Words about '''clocks'''.
"""
MEDIAWIKI = f"""{HEAD}
== Sundials ==
* [https://shadow.example.org/ Shadow Clock] – Made of ''stone''.<ref name="a">{{{{cite web
 |url=https://no.example.org/ref|title=No}}}}</ref> <code>Egypt</code>
** '''[https://small.example.org Small Analemma]''': smaller<ref name="a" />
* [[Analemma|An eight]] in the [[sky]]

== Water clocks ==
; [https://clepsydra.example.org Clepsydra] : Runs out.
; [https://hydria.example.org Hydria]
: Fills up.

== External links ==
* {{{{Official website|https://no.example.org}}}}

[[Category:Clocks]]
"""
TABLE = f"""{HEAD}
== Clocks ==
{{| class="wikitable sortable"
|+ All of them
|-
! rowspan="2" | Name !! rowspan="2" | Website !! colspan="2" | More
|-
! scope="col" | Description
! License
|-
! scope="row" | [[Shadow clock|Shadow Clock]]
| style="text-align:left" | [https://shadow.example.org/ example.org] || Made of<br />stone.<ref>x</ref> || rowspan="2" | [[MIT License|MIT]]
|-
| Analemma || {{{{URL|analemma.example.org}}}} || Draws
an eight.
|}}
"""
DOKUWIKI = """\
====== Clocks ======
===== Sundials =====
  * [[https://shadow.example.org/|Shadow Clock]] - Made of **stone**
    * [[https://small.example.org|Small Analemma]]: //smaller//
===== Water clocks =====
^ Name ^ Description ^
| [[https://clepsydra.example.org|Clepsydra]] | Runs out. |
"""
CREOLE = """\
= Clocks
== Sundials
* [[https://shadow.example.org/|Shadow Clock]] - Made of **stone**
** [[https://small.example.org|Small Analemma]]: //smaller//
== Water clocks
|=Name|=Description|
|[[https://clepsydra.example.org|Clepsydra]]|Runs out.|
"""


def read(text: str, name: str = "README") -> Reading:
    return read_document(Document(source=name, text=text))


@pytest.mark.parametrize("name", ["page.wiki", "page.mediawiki", "page.txt", "README"])
def test_mediawiki(name: str) -> None:
    reading = read(MEDIAWIKI, name)

    found = {c.name: c for c in reading.candidates}
    assert reading.kind == "wiki"
    assert list(found) == ["Shadow Clock", "Small Analemma", "Clepsydra", "Hydria"]
    assert found["Shadow Clock"].url == "https://shadow.example.org/"
    assert found["Shadow Clock"].description == "Made of stone."
    assert found["Shadow Clock"].labels == ("Egypt",)
    assert found["Small Analemma"].path == ("Sundials",)
    assert found["Small Analemma"].description == "smaller"
    assert found["Clepsydra"].description == "Runs out."
    assert found["Hydria"].description == "Fills up."
    assert found["Hydria"].path == ("Water clocks",)
    assert reading.left_out[0].name == "An eight in the sky"


def test_a_media_type_tells_wikitext() -> None:
    document = Document(
        source="page",
        media_type="text/x-wiki",
        text="{{Lists}}\n* Vim – https://www.vim.org – Edits text\n",
    )

    reading = read_document(document)

    assert (reading.kind, reading.candidates[0].name) == ("wiki", "Vim")


@pytest.mark.parametrize("name", ["page.wiki", "README"])
def test_rows_of_a_wikitable_are_items(name: str) -> None:
    reading = read(TABLE, name)

    assert [(c.name, c.url, c.description) for c in reading.candidates] == [
        ("Shadow Clock", "https://shadow.example.org/", "Made of stone."),
        ("Analemma", "https://analemma.example.org", "Draws an eight."),
    ]
    assert [c.facts["license"] for c in reading.candidates] == ["MIT", "MIT"]
    assert not reading.left_out


def test_a_cell_across_a_wikitable_heads_the_rows_below_it() -> None:
    (item,) = read(
        '{| class="wikitable"\n! Name !! About !! Licence\n|-\n'
        '! colspan="3" | Water\n|-\n| [https://hydria.example.org Hydria]\n'
        "| Fills up.\n| MIT\n|-\n! Name !! About !! Licence\n|}\n"
    ).candidates

    assert (item.name, item.description) == ("Hydria", "Fills up.")
    assert item.path == ("Water",)


@pytest.mark.parametrize("text", [DOKUWIKI, CREOLE], ids=["DokuWiki", "Creole"])
def test_other_wikis(text: str) -> None:
    reading = read(text)

    assert reading.kind == "wiki"
    assert [(c.name, c.description, c.path) for c in reading.candidates] == [
        ("Shadow Clock", "Made of stone", ("Sundials",)),
        ("Small Analemma", "smaller", ("Sundials",)),
        ("Clepsydra", "Runs out.", ("Water clocks",)),
    ]


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("{{URL|vim.example.org}}", "https://vim.example.org/"),
        ("{{url|1=https://vim.example.org/a?b=c}}", "https://vim.example.org/a?b=c"),
        ("{{URL|https://vim.example.org|Website}}", "https://vim.example.org/"),
        ("{{Official website|https://vim.example.org}}", "https://vim.example.org/"),
        ("{{unknown|{{URL|https://no.example.org}}}} https://b.org", "https://b.org/"),
    ],
)
def test_only_templates_that_are_links_are_read(template: str, url: str) -> None:
    (item,) = read(f"== Editors ==\n* Vim – {template}\n", "a.wiki").candidates

    assert (item.name, item.url.rstrip("/")) == ("Vim", url.rstrip("/"))


def test_a_list_in_columns_is_read() -> None:
    reading = read(
        "{{columns-list|colwidth=20em|\n* [https://www.vim.org Vim] – Edits\n}}\n"
    )

    assert [c.name for c in reading.candidates] == ["Vim"]


@pytest.mark.parametrize("head", ["; Editors", "'''Editors'''"])
def test_a_term_or_bold_words_above_a_list_head_it(head: str) -> None:
    reading = read(
        f"* [https://fish.example.org Fish] – A shell\n{head}\n"
        "* [https://www.vim.org Vim] – Edits\n"
    )

    assert [c.path for c in reading.candidates] == [(), ("Editors",)]


def test_what_nowiki_holds_is_no_markup() -> None:
    reading = read(
        "* <nowiki>[https://no.example.org No]</nowiki>\n"
        "* [https://www.vim.org Vim] – Edits <nowiki>''text''</nowiki>\n"
    )

    (item,) = reading.candidates
    assert item.description == "Edits ''text''"
    assert [left.name for left in reading.left_out] == ["[https://no.example.org No]"]


@pytest.mark.parametrize(
    "text",
    [
        "{| class=x\n! Name !! About\n|-\n| [https://a.org A] || One thing\n\n"
        "== Editors ==\n* [https://www.vim.org Vim] – Edits\n",
        "{{Infobox\n| name = x\n* [https://www.vim.org Vim] – Edits\n",
        "<ref>\n* [https://www.vim.org Vim] – Edits\n<!--\n",
    ],
)
def test_marks_that_are_never_closed_hide_nothing(text: str) -> None:
    assert read(text).candidates[-1].name == "Vim"


def test_a_page_that_begins_with_a_template_is_no_json() -> None:
    with pytest.raises(UnreadableSource, match="no list, no table"):
        read("{{Short description|none}}\nNothing but words.\n")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("* x\n- [[https://www.vim.org][Vim]] - Edits\n", "org"),
        ("* [[https://www.vim.org]] Vim\n", "org"),
        ("== Editors ==\n\n* https://www.vim.org[Vim] - Edits\n", "asciidoc"),
        (
            "* [https://www.vim.org Vim](https://www.vim.org) - Edits\n"
            "* [https://a.org x]\n",
            "markdown",
        ),
        ('[[tools]]\nname = "Vim"\nurl = "https://www.vim.org"\n', "toml"),
        ('[["Vim", "https://www.vim.org"], ["A", "https://a.org"]]', "json"),
    ],
)
def test_other_brackets_are_no_wikitext(text: str, kind: str) -> None:
    assert read(text).kind == kind
