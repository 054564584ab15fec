"""The page of a forge leads to the text behind it, and the text back to its page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.sources.fetch.raw_files import README_NAMES, Forge, page_of, raw_urls

GITHUB = "https://raw.githubusercontent.com"
GIST = "https://gist.githubusercontent.com"
ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("https://github.com/ada/clocks", f"{GITHUB}/ada/clocks/HEAD"),
        ("https://github.com/ada/clocks/", f"{GITHUB}/ada/clocks/HEAD"),
        ("http://www.github.com/ada/clocks.git", f"{GITHUB}/ada/clocks/HEAD"),
        ("https://github.com/ada/clocks.org", f"{GITHUB}/ada/clocks.org/HEAD"),
        ("https://GitHub.com:443/ada/clocks", f"{GITHUB}/ada/clocks/HEAD"),
        (
            "https://github.com/ada/clocks?tab=readme-ov-file#sundials",
            f"{GITHUB}/ada/clocks/HEAD",
        ),
        ("https://github.com/ada/clocks/tree/v2", f"{GITHUB}/ada/clocks/v2"),
        (
            "https://github.com/ada/clocks/tree/main/docs/old%20ones",
            f"{GITHUB}/ada/clocks/main/docs/old%20ones",
        ),
        ("https://gitlab.com/ada/clocks", "https://gitlab.com/ada/clocks/-/raw/HEAD"),
        (
            "https://gitlab.com/time/keepers/clocks",
            "https://gitlab.com/time/keepers/clocks/-/raw/HEAD",
        ),
        (
            "https://gitlab.com/ada/clocks/-/tree/main/docs",
            "https://gitlab.com/ada/clocks/-/raw/main/docs",
        ),
        (
            "https://git.example.org/time/keepers/clocks/-/tree/main?ref_type=heads",
            "https://git.example.org/time/keepers/clocks/-/raw/main",
        ),
        (
            "https://codeberg.org/ada/clocks",
            "https://codeberg.org/ada/clocks/raw/branch/HEAD",
        ),
        (
            "https://codeberg.org/ada/clocks/src/branch/main",
            "https://codeberg.org/ada/clocks/raw/branch/main",
        ),
        (
            "https://git.example.org/ada/clocks/src/tag/v1/docs",
            "https://git.example.org/ada/clocks/raw/tag/v1/docs",
        ),
        (
            "https://bitbucket.org/ada/clocks",
            "https://bitbucket.org/ada/clocks/raw/HEAD",
        ),
        (
            "https://bitbucket.org/ada/clocks/src/main/docs/",
            "https://bitbucket.org/ada/clocks/raw/main/docs",
        ),
    ],
)
def test_repository_or_folder_is_its_readme(url: str, folder: str) -> None:
    assert raw_urls(url) == tuple(f"{folder}/{name}" for name in README_NAMES)


@pytest.mark.parametrize(
    ("url", "raw"),
    [
        (
            "https://github.com/ada/clocks/blob/main/README.md",
            f"{GITHUB}/ada/clocks/main/README.md",
        ),
        (
            "https://github.com/ada/clocks/blob/HEAD/lists/sun.csv?plain=1#L3",
            f"{GITHUB}/ada/clocks/HEAD/lists/sun.csv",
        ),
        (
            "https://github.com/ada/clocks/raw/main/README.md",
            f"{GITHUB}/ada/clocks/main/README.md",
        ),
        (f"https://gist.github.com/ada/{ID}", f"{GIST}/ada/{ID}/raw"),
        (f"https://gist.github.com/ada/{ID}#file-clocks-md", f"{GIST}/ada/{ID}/raw"),
        (
            f"https://gist.github.com/ada/{ID}/{ID[::-1]}",
            f"{GIST}/ada/{ID}/raw/{ID[::-1]}",
        ),
        (f"https://gist.github.com/{ID}", f"https://gist.github.com/{ID}/raw"),
        (
            "https://gitlab.com/time/clocks/-/blob/main/README.md?ref_type=heads",
            "https://gitlab.com/time/clocks/-/raw/main/README.md",
        ),
        (
            "https://git.example.org/a/b/c/d/-/blob/feature/x/list.md",
            "https://git.example.org/a/b/c/d/-/raw/feature/x/list.md",
        ),
        (
            "https://codeberg.org/ada/clocks/src/branch/main/README.md",
            "https://codeberg.org/ada/clocks/raw/branch/main/README.md",
        ),
        (
            "https://git.example.org/ada/clocks/src/commit/1234567/README",
            "https://git.example.org/ada/clocks/raw/commit/1234567/README",
        ),
        (
            "https://bitbucket.org/ada/clocks/src/main/lists/sun.md",
            "https://bitbucket.org/ada/clocks/raw/main/lists/sun.md",
        ),
    ],
)
def test_page_of_a_file_is_its_text(url: str, raw: str) -> None:
    assert raw_urls(url) == (raw,)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com",
        "https://github.com/ada",
        "https://github.com/topics/clock",
        "https://github.com/sponsors/ada",
        "https://github.com/ada/clocks/issues",
        "https://github.com/ada/clocks/wiki",
        "https://github.com/ada/clocks/blob/main",
        "https://github.com/ada/clocks/blob/main/README.rst",
        "https://gitlab.com/ada/clocks/-/blob/main/list.adoc",
        "https://gist.github.com/ada",
        "https://gist.github.com/ada/starred",
        f"https://gist.github.com/ada/{ID}/raw",
        "https://gitlab.com/time",
        "https://gitlab.com/explore/projects",
        "https://gitlab.com/ada/clocks/-/issues",
        "https://gitlab.com/ada/clocks/-/raw/main/README.md",
        "https://codeberg.org/ada",
        "https://codeberg.org/explore/repos",
        "https://codeberg.org/ada/clocks/issues",
        "https://codeberg.org/ada/clocks/raw/branch/main/README.md",
        "https://bitbucket.org/ada",
        "https://bitbucket.org/ada/clocks/raw/HEAD/README.md",
        f"{GITHUB}/ada/clocks/main/README.md",
        "https://example.org/ada/clocks",
        "https://example.org/ada/clocks/blob/main/README.md",
        "https://notgithub.com/ada/clocks",
        "https://github.com.example.org/ada/clocks",
        "https://example.org/-/blob/main/x",
        "https://example.org/a/b/src/x/y",
    ],
)
def test_what_shows_no_text_of_a_forge_is_left_as_it_is(url: str) -> None:
    assert raw_urls(url) == ()


@pytest.mark.parametrize(
    ("raw", "page"),
    [
        (f"{GITHUB}/ada/clocks/HEAD/README.md", "https://github.com/ada/clocks/blob/HEAD/README.md"),
        (
            f"{GITHUB}/ada/clocks/refs/heads/main/docs/x.md",
            "https://github.com/ada/clocks/blob/main/docs/x.md",
        ),
        (f"{GIST}/ada/{ID}/raw/{ID}/clocks.md", f"https://gist.github.com/ada/{ID}"),
        (f"https://gist.github.com/{ID}/raw", f"https://gist.github.com/{ID}"),
        (
            "https://gitlab.com/time/clocks/-/raw/HEAD/README.md",
            "https://gitlab.com/time/clocks/-/blob/HEAD/README.md",
        ),
        (
            "https://git.example.org/ada/clocks/raw/branch/HEAD/README.md",
            "https://git.example.org/ada/clocks/src/branch/HEAD/README.md",
        ),
        (
            "https://bitbucket.org/ada/clocks/raw/HEAD/README.md",
            "https://bitbucket.org/ada/clocks/src/HEAD/README.md",
        ),
    ],
)  # fmt: skip
def test_raw_file_has_a_page(raw: str, page: str) -> None:
    assert page_of(raw) == page


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/README.md",
        "https://github.com/ada/clocks",
        "https://github.com/ada/clocks/blob/main/README.md",
        "https://gitlab.com/ada/clocks/-/blob/main/README.md",
        "https://codeberg.org/ada/clocks",
        "https://bitbucket.org/ada/clocks",
        f"{GITHUB}/ada/clocks",
    ],
)
def test_what_is_no_raw_file_has_no_other_page(url: str) -> None:
    assert page_of(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ada/clocks/blob/main/docs/README.md",
        "https://gitlab.com/time/clocks/-/blob/main/README.md",
        "https://codeberg.org/ada/clocks/src/branch/main/README.md",
        "https://bitbucket.org/ada/clocks/src/main/README.md",
        f"https://gist.github.com/ada/{ID}",
    ],
)
def test_way_to_the_text_and_back_ends_where_it_began(url: str) -> None:
    (raw,) = raw_urls(url)

    assert page_of(raw) == url


def test_forge_of_ones_own_can_be_named() -> None:
    forges = (Forge("github", "http://127.0.0.1:1", "http://127.0.0.1:2"),)

    assert raw_urls("http://127.0.0.1:1/a/b", forges)[0] == (
        "http://127.0.0.1:2/a/b/HEAD/README.md"
    )
    assert raw_urls("https://github.com/a/b", forges) == ()


PIECES = st.lists(
    st.sampled_from(["a", "-", "blob", "raw", "tree", "src", "branch", "HEAD", "x.md"]),
    max_size=8,
)
HOSTS = st.sampled_from(
    [
        *(
            "github.com",
            "gitlab.com",
            "codeberg.org",
            "bitbucket.org",
            "git.example.org",
        ),
        *("gist.github.com", "raw.githubusercontent.com"),
    ]
)


@given(HOSTS, PIECES)
def test_any_path_has_an_answer(host: str, pieces: list[str]) -> None:
    url = "/".join([f"https://{host}", *pieces])

    for raw in raw_urls(url):
        assert raw.startswith("https://")
        assert url not in raw_urls(raw)
    assert page_of(url) != url
