"""Every relative link of the documentation leads to a file that is there, and to a heading of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import CHECKOUT

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^ *(```+|~~~+).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
# The text of a link may go on in the next line, its target may not.
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def links_of(text: str) -> list[str]:
    prose = CODE.sub("", FENCE.sub("", text))
    return [link for link in LINK.findall(prose) if "://" not in link]


def anchors_of(text: str) -> Iterator[str]:
    """Name headings as GitHub does: letters, digits and hyphens, and a number for the second."""
    seen: Counter[str] = Counter()
    for heading in HEADING.findall(FENCE.sub("", text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        yield f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
        seen[anchor] += 1


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links_of(page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        is_there = target.exists() and (
            not anchor or anchor in anchors_of(target.read_text())
        )
        if not is_there:
            broken.append(link)

    assert broken == []


def test_headings_are_named_as_github_names_them() -> None:
    text = "# An item: `data/<slug>.yml`\n\n```sh\n# no heading\n```\n\n## It's a_b - c\n## It's a_b - c\n"

    assert [*anchors_of(text)] == [
        "an-item-dataslugyml",
        "its-a_b---c",
        "its-a_b---c-1",
    ]


def test_links_in_code_are_no_links() -> None:
    text = "[a\nb](c.md#d), `[e](f)`, [g](https://h.example/)\n\n```md\n[i](j)\n```\n"

    assert links_of(text) == ["c.md#d"]
