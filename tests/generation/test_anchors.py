"""Anchors are what the npm package github-slugger 2.0.0 makes of the same headings."""

from __future__ import annotations

import pytest

from generation.anchors import Anchors, github_slug


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("", ""),
        ("Foo", "foo"),
        ("Foo Bar", "foo-bar"),
        (" Foo  Bar ", "-foo--bar-"),
        ("A & B", "a--b"),
        ("C++", "c"),
        ("C#", "c"),
        (".NET", "net"),
        ("Node.js", "nodejs"),
        ("snake_case and kebab-case", "snake_case-and-kebab-case"),
        ("CI/CD", "cicd"),
        ("What's new?", "whats-new"),
        ("E-mail – complete", "e-mail--complete"),
        ("Été à Zürich", "été-à-zürich"),
        ("Привет МИР", "привет-мир"),
        ("数据库", "数据库"),
        ("「数据」库", "数据库"),
        ("한국어 목록", "한국어-목록"),
        ("🚀 Launch", "-launch"),
        ("\u2764\ufe0f Health", "\ufe0f-health"),
        ("Ⅳ Rome", "ⅳ-rome"),
        ("½ price", "-price"),
        ("a\tb", "ab"),
    ],
)
def test_slug_is_githubs(heading: str, anchor: str) -> None:
    assert github_slug(heading) == anchor


def test_repeated_headings_are_numbered() -> None:
    anchors = Anchors()

    given = [anchors.add(heading) for heading in ("Foo", "Foo", "Foo-1", "foo", "", "")]

    assert given == ["foo", "foo-1", "foo-1-1", "foo-2", "", "-1"]
