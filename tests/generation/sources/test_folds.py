from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from generation.sources import read_document
from generation.sources.candidates import Document, Reading

RANKED = """\
# Kites

## Frames

<a href="#contents"><img src="https://git.example.io/up.png" alt="Back to top"></a>

<details><summary><b><a href="https://github.com/example/hawk">Hawk</a></b> (🥇44 ·  ⭐ 180K) - \
A frame for all winds. <code><a href="http://bit.example.org/34MB">MIT</a></code> \
<code><img src="https://git.example.io/tf.svg"></code></summary>

- [GitHub](https://github.com/example/hawk) (👨‍💻 4.7K · 🔀 88K · ⏱️ 30.07.2024):

\t```
\tgit clone https://github.com/example/hawk
\t```
- [PyPi](https://pypi.org/project/hawk) (📥 18M / month):
\t```
\tpip install hawk
\t```
- [Conda](https://anaconda.org/conda-forge/hawk) (📥 1M):
\t```
\tconda install hawk
\t```
</details>
<details><summary><b><a href="https://github.com/example/kestrel">kestrel</a></b> \
(🥈30 ·  ⭐ 2.1K · 💤) - Frames of bamboo. \
<code><a href="http://bit.example.org/3nYM">Apache-2</a></code></summary>

- [GitHub](https://github.com/example/kestrel) (👨‍💻 12):

\t```
\tgit clone https://github.com/example/kestrel
\t```
</details>
<details><summary>Show 1 hidden projects...</summary>

- <b><a href="https://github.com/example/old">old</a></b> (🥉12 ·  ⭐ 110 · 💀) - Frames of old. \
<code><a href="http://bit.example.org/34MB">MIT</a></code>
</details>
<br>

## Lines

<details><summary><b><a href="https://github.com/example/braid">braid</a></b> (🥇20) - \
Braids lines.</summary></details>
"""


def read(text: str, name: str = "list.md") -> Reading:
    if name.endswith(".html"):
        text = f"<html><body>{MarkdownIt().render(text)}</body></html>"
    return read_document(Document(source=name, text=text))


def sorted_names(reading: Reading) -> list[tuple[str, str]]:
    return [(c.name, c.path[-1]) for c in reading.candidates]


@pytest.mark.parametrize("name", ["list.md", "list.html"])
def test_fold_that_begins_with_a_link_is_an_item(name: str) -> None:
    hawk, kestrel, old, braid = read(RANKED, name).candidates

    assert (hawk.name, hawk.url) == ("Hawk", "https://github.com/example/hawk")
    assert hawk.description == "A frame for all winds."
    assert hawk.facts == {
        "license": "MIT",
        "package_url": "https://pypi.org/project/hawk",
    }
    assert (kestrel.description, kestrel.facts["license"]) == (
        "Frames of bamboo.",
        "Apache-2",
    )
    assert (old.name, old.description, old.facts) == (
        "old",
        "Frames of old.",
        {"license": "MIT"},
    )
    assert [c.path[-1] for c in (hawk, kestrel, old, braid)] == ["Frames"] * 3 + [
        "Lines"
    ]


@pytest.mark.parametrize("name", ["list.md", "list.html"])
def test_further_links_in_a_fold_are_facts_of_its_item(name: str) -> None:
    folds = "".join(
        f'<details><summary><a href="https://{who}.example.org">{who}</a> - A frame for wind.'
        f"</summary>\n\n- [Docs](https://docs.{who}.example.org)\n"
        f"- [Code](https://code.example.org/{who})\n</details>\n"
        for who in ("sparrow", "swift", "martin")
    )

    candidates = read(f"# Kites\n\n## Frames\n\n{folds}", name).candidates

    assert [c.name for c in candidates] == ["sparrow", "swift", "martin"]
    assert candidates[0].description == "A frame for wind."
    assert candidates[0].facts == {
        "docs_url": "https://docs.sparrow.example.org",
        "source_code_url": "https://code.example.org/sparrow",
    }


@pytest.mark.parametrize("name", ["list.md", "list.html"])
@pytest.mark.parametrize(
    "summary",
    ["<b>Frames</b>", "Frames", '<a href="#frames">Frames</a>', "<h2>Frames</h2>"],
)
def test_fold_without_a_link_of_its_own_is_a_category(summary: str, name: str) -> None:
    text = (
        f"# Kites\n\n<details>\n<summary>{summary}</summary>\n\n"
        "- [Sparrow](https://sparrow.example.org) - A frame for wind.\n"
        "- [Swift](https://swift.example.org) - A frame for calm.\n\n</details>\n\n"
        "<details>\n<summary>Lines</summary>\n\n"
        "- [Braid](https://braid.example.org) - Braids.\n</details>\n"
    )

    assert sorted_names(read(text, name)) == [
        ("Sparrow", "Frames"),
        ("Swift", "Frames"),
        ("Braid", "Lines"),
    ]


def test_linked_category_that_hides_items_is_a_category() -> None:
    reading = read(
        '# Kites\n\n<details><summary><a href="https://frames.example.org">Frames</a></summary>'
        "\n\n- [Sparrow](https://sparrow.example.org) - A frame for wind.\n"
        "- [Swift](https://swift.example.org) - A frame for calm.\n</details>\n"
    )

    assert sorted_names(reading) == [("Sparrow", "Frames"), ("Swift", "Frames")]


def test_item_keeps_what_else_is_listed_in_its_fold() -> None:
    reading = read(
        '# Kites\n\n## Frames\n\n<details><summary><a href="https://hawk.example.org">Hawk</a> - '
        "A frame for wind.</summary>\n\n- [Docs](https://docs.example.org)\n"
        "- [Hawk tail](https://tail.example.org) - A tail for it.\n</details>\n"
    )

    assert sorted_names(reading) == [("Hawk", "Frames"), ("Hawk tail", "Frames")]
    assert reading.candidates[0].facts == {"docs_url": "https://docs.example.org"}


def test_fold_that_never_ends_loses_nothing() -> None:
    reading = read(
        '## Frames\n\n<details><summary><a href="https://hawk.example.org">Hawk</a></summary>\n\n'
        "- [Swift](https://swift.example.org) - A frame for calm.\n"
    )

    assert [c.name for c in reading.candidates] == ["Swift"]
