"""What holds of every run, whatever its sources say."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.exceptions import NothingFound
from generation.git import Repository
from generation.pipeline import STEPS
from generation.pipeline.draft import Draft, Tools
from generation.repositories.data import read_data
from generation.sources.urls import canonical_url, clean_url, page_key
from tests.fakes import make_host, make_run

WORDS = st.text(st.sampled_from("aB c&é-+#([|`数"), min_size=1, max_size=12)
HOSTS = ("a.example", "www.a.example", "m.a.example", "github.com", "b.example:8080")
PATHS = ("", "/", "/x", "/x/", "/x/y.git", "/x/y", "/x?utm_source=z", "/X#top", "/é")
LINKS = st.builds("https://{}{}".format, st.sampled_from(HOSTS), st.sampled_from(PATHS))
LINES = st.builds(
    "- [{}]({}) - {} `{}`\n".format,
    WORDS,
    LINKS | st.sampled_from(["", "mailto:a@a.example", "/relative", "javascript:x"]),
    WORDS,
    st.sampled_from(["GPL", "Go", "数"]),
)
HEADINGS = st.builds("\n## {}\n\n".format, WORDS)
DOCUMENTS = st.lists(LINES | HEADINGS, min_size=1, max_size=12).map("".join)


def draft_of(folder: Path, documents: list[str], *, categories: list[str]) -> Draft:
    """Take all steps of a run; nothing is written."""
    named = [(f"{number}.md", text) for number, text in enumerate(documents)]
    operations = make_run(*named, initial_categories=categories)
    tools = Tools(
        context=operations.context,
        stored=read_data(Repository(folder / "nothing.git")),
        fetch=make_host(folder).fetch,
        read_document=operations.fetch_document,
        progress=lambda fraction: None,
    )
    draft = Draft()
    for step in STEPS:
        draft = step.run(draft, tools).draft
    return draft


@settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(DOCUMENTS, min_size=1, max_size=3, unique=True),
    st.lists(WORDS, max_size=2),
)
def test_links_are_found_and_ids_resolve_and_counts_agree(
    tmp_path: Path, documents: list[str], categories: list[str]
) -> None:
    wanted = [name for name in categories if name.strip()]
    try:
        draft = draft_of(tmp_path, documents, categories=wanted)
    except NothingFound:
        return

    catalogue = draft.catalogue
    text = "".join(documents)
    written = {canonical_url(url) for url in re.findall(r"https://[^)]+", text)}
    known = {category.id for category in catalogue.categories}
    tags = {tag.id for tag in catalogue.tags}
    for item in catalogue.items:
        assert canonical_url(item.source_url) in written
        assert item.category in known
        assert tags.issuperset(item.tags)
    assert len({item.id for item in catalogue.items}) == len(catalogue.items)
    assert len({item.slug for item in catalogue.items}) == len(catalogue.items)
    for report in draft.sources:
        left_out = sum(left.source == report.source for left in draft.left_out)
        assert report.found == report.kept + report.merged + left_out
    assert sum(report.kept for report in draft.sources) == len(catalogue.items)
    assert sum(report.merged for report in draft.sources) == len(draft.merges)


@given(LINKS | st.text())
def test_keys_of_links_never_raise_and_are_their_own_keys(url: str) -> None:
    for key in (canonical_url, page_key):
        assert key(key(url)) == key(url)
    assert bool(page_key(url)) == bool(canonical_url(url))


HOST_NAMES = st.lists(
    st.text(st.sampled_from("abm-wé1"), min_size=1, max_size=5), min_size=2, max_size=4
).map(".".join) | st.sampled_from(
    [
        "npmjs.com",
        "npmjs.org",
        "pypi.org",
        "pypi.python.org",
        "m.wikipedia.org",
        "crates.io",
    ]
)


def bare(host: str) -> str:
    name = clean_url(f"https://{host}/")
    host = urljoin(name, "/").removeprefix("https://").rstrip("/").lower()
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host


@given(HOST_NAMES, HOST_NAMES, st.sampled_from(["", "/project/x", "/package/x"]))
def test_two_hosts_are_never_one_identity(one: str, other: str, path: str) -> None:
    first, second = (canonical_url(f"https://{host}{path}") for host in (one, other))

    if first and first == second:
        assert bare(one) == bare(other)
