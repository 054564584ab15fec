"""Whatever people edit and whatever sources say: nothing that a person wrote is lost.

The repository is a dictionary here, so that many histories fit into a short time; what
reaches git is tested elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note
from hypothesis import strategies as st

from generation.contract.request import GenerationMethod
from generation.git import Repository, blob_id
from generation.pipeline.describing import describe
from generation.pipeline.draft import Draft, Tools
from generation.pipeline.entries import deduplicate
from generation.pipeline.merging import merge
from generation.pipeline.taxonomy import categorise
from generation.report import SourceReport
from generation.repositories.build import Build
from generation.repositories.data import read_data
from generation.sources.candidates import Candidate
from generation.yaml import Quoted, dump, parse
from tests.examples import examples
from tests.fakes import NOON, make_host, make_run

SLUGS = ("alpha", "beta")
WORDS = ("one", "two", "three # not a comment", "four: 4", "", "ünï 😀")
TAGS = ("red", "blue", "green")
SCALARS = ("description", "category", "source_url")


class Shelf:
    """A repository in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._blobs: dict[str, bytes] = {}

    def head(self, ref: str = "") -> str | None:
        return "head" if self.files else None

    def tree(self, commit: str) -> dict[str, str]:
        return {path: self._blob(text) for path, text in sorted(self.files.items())}

    def read(self, blobs: Iterable[str]) -> Iterator[bytes]:
        return (self._blobs[blob] for blob in blobs)

    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]:
        return (self._blobs.get(blob) for blob in blobs)

    def _blob(self, text: bytes) -> str:
        blob = blob_id(text)
        self._blobs[blob] = text
        return blob


def path_of(slug: str, ending: str = "yml") -> str:
    return f"data/{slug}/{slug}.{ending}"


class World:
    """A directory, its sources, and what a person means it to be."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.day = 0
        self.said: dict[str, dict[str, Any]] = {}
        # What the last run wrote, and what a person has written over it since.
        self.written: dict[str, dict[str, Any]] = {}
        self.mine: dict[str, dict[str, Any]] = {}
        self.tags_added: dict[str, set[str]] = {slug: set() for slug in SLUGS}
        self.tags_struck: dict[str, set[str]] = {slug: set() for slug in SLUGS}
        self.tags_touched: dict[str, set[str]] = {slug: set() for slug in SLUGS}
        self.bodies: dict[str, str] = {}
        self.key_texts: dict[str, str] = {}
        self.facts: dict[str, str] = {}
        self.comments: dict[str, list[str]] = {}
        self.deleted: set[str] = set()

    def run(self, source: dict[str, dict[str, Any]], *, recreate: bool) -> None:
        self.said |= source
        before = dict(self.shelf.files)
        self._generate(source, recreate=recreate)
        self._check(source, recreate=recreate)
        after = dict(self.shelf.files)
        self._generate(source, recreate=recreate)
        assert self.shelf.files == after, "a second run over the same finds nothing new"
        self._remember()
        for path, text in before.items():
            assert text == after.get(path) or self._may_change(path)

    def document(self, slug: str) -> dict[str, Any]:
        document = parse(self.shelf.files[path_of(slug)])
        assert isinstance(document, dict)
        return document

    def body(self, slug: str) -> str:
        return self.shelf.files[path_of(slug, "md")].decode().strip()

    def present(self, slug: str) -> bool:
        return path_of(slug) in self.shelf.files

    def _generate(self, source: dict[str, dict[str, Any]], *, recreate: bool) -> None:
        self.day += 1
        method = GenerationMethod.RECREATE if recreate else "create-update"
        context = make_run(
            ("list.md", "- x"),
            clock=NOON + timedelta(days=self.day),
            generation_method=method,
            allow_removals=True,
        ).context
        stored = read_data(self.shelf)
        assert stored.warnings == ()
        tools = Tools(
            context, stored, make_host(Path()).fetch, _nothing, lambda fraction: None
        )
        candidates = tuple(
            Candidate(
                name=slug.title(),
                url=f"https://example.org/{slug}",
                description=said["description"],
                category=said["category"],
                tags=tuple(said["tags"]),
                facts=said["facts"],
                source="list.md",
                locator=slug,
            )
            for slug, said in sorted(source.items())
        )
        report = SourceReport(source="list.md", found=len(candidates))
        draft = Draft(candidates=candidates, sources=(report,))
        for step in (deduplicate, categorise, describe, merge):
            draft = step(draft, tools).draft
        build = Build(context, stored, draft)
        build.add("data", Repository(Path("unused")))
        change = build.changes["data"]
        self.shelf.files |= change.files
        for path in change.removals:
            del self.shelf.files[path]

    def _check(self, source: dict[str, dict[str, Any]], *, recreate: bool) -> None:
        for slug in SLUGS:
            if slug in self.deleted:
                assert not self.present(slug), "what a person deleted stays deleted"
                continue
            texts = (self.bodies, self.key_texts, self.facts, self.comments)
            if self.mine.get(slug) or any(slug in kept for kept in texts):
                assert self.present(slug), "no edited item is removed"
            if self.present(slug):
                self._check_item(slug, source.get(slug))

    def _check_item(self, slug: str, said: dict[str, Any] | None) -> None:
        document = self.document(slug)
        mine = self.mine.get(slug, {})
        for key, value in mine.items():
            assert document.get(key, "") == value, (
                f"{slug}.{key} was written by a person"
            )
        tags = set(document["tags"])
        assert self.tags_added[slug] <= tags
        assert not self.tags_struck[slug] & tags
        text = self.shelf.files[path_of(slug)].decode()
        for comment in self.comments.get(slug, []):
            assert comment in text
        if slug in self.key_texts:
            assert document["markdown"] == self.key_texts[slug]
        if slug in self.bodies or slug in self.key_texts:
            body = self.bodies.get(slug) or self.key_texts[slug]
            assert self.body(slug) == body
        if slug in self.facts:
            assert document["meta"]["license"] == self.facts[slug]
        if said is None:
            return
        if "description" not in mine:
            assert document["description"] == said["description"]
        for key, value in said["facts"].items():
            if key != "license" or slug not in self.facts:
                assert document["meta"][key] == value
        if slug not in self.comments:
            untouched = {*TAGS} - self.tags_touched[slug]
            assert tags & untouched == {*said["tags"]} & untouched

    def _may_change(self, path: str) -> bool:
        return not path.endswith(".md") or path.split("/")[1] not in self.bodies

    def _remember(self) -> None:
        for slug in SLUGS:
            if not self.present(slug):
                continue
            document = self.document(slug)
            mine = self.mine.get(slug, {})
            known = self.written.setdefault(slug, {})
            for key in ("description", "source_url", "category"):
                if key not in mine:
                    known[key] = document[key]
            if slug not in self.facts:
                known["license"] = document.get("meta", {}).get("license")

    # What a person does.

    def set_field(self, slug: str, key: str, value: str) -> None:
        if not self.present(slug):
            return
        value = value or "none"
        document = self.document(slug)
        document[key] = value
        self._write(slug, document)
        if self.written[slug].get(key) == value:
            self.mine.get(slug, {}).pop(key, None)
        else:
            self.mine.setdefault(slug, {})[key] = value

    def set_tag(self, slug: str, tag: str) -> None:
        """Add a tag that is not there, or strike out one that is."""
        if not self.present(slug):
            return
        document = self.document(slug)
        added, struck = self.tags_added[slug], self.tags_struck[slug]
        self.tags_touched[slug].add(tag)
        if tag in document["tags"]:
            document["tags"].remove(tag)
            added.discard(tag)
            # What no source has said is not known to any run: nothing to strike out.
            if tag in self.said.get(slug, {}).get("tags", ()):
                struck.add(tag)
        else:
            document["tags"].append(tag)
            if tag not in struck or tag not in self.said.get(slug, {}).get("tags", ()):
                added.add(tag)
            struck.discard(tag)
        self._write(slug, document)
        self.mine.setdefault(slug, {})

    def set_body(self, slug: str, text: str) -> None:
        if not self.present(slug):
            return
        text = f"My {text or 'words'}".strip()
        self.shelf.files[path_of(slug, "md")] = f"{text}\n".encode()
        self.bodies[slug] = text

    def set_key_text(self, slug: str, text: str) -> None:
        if self.present(slug):
            text = f"Key {text or 'words'}".strip()
            self._write(slug, {**self.document(slug), "markdown": text})
            self.key_texts[slug] = text

    def set_fact(self, slug: str, value: str) -> None:
        if not self.present(slug):
            return
        document = self.document(slug)
        value = value or "none"
        document["meta"] = {**document.get("meta", {}), "license": value}
        self._write(slug, document)
        if self.written[slug].get("license") == value:
            self.facts.pop(slug, None)
        else:
            self.facts[slug] = value

    def add_key(self, slug: str, value: str) -> None:
        if not self.present(slug):
            return
        document = self.document(slug)
        self._write(slug, {**document, "my key": value})
        mine = self.mine.setdefault(slug, {})
        # An empty key where there was none says nothing that could be lost.
        if value or document.get("my key"):
            mine["my key"] = value

    def comment(self, slug: str, word: str) -> None:
        if not self.present(slug):
            return
        line = f"# note {len(word)}"
        path = path_of(slug)
        self.shelf.files[path] = f"{line}\n".encode() + self.shelf.files[path]
        self.comments.setdefault(slug, []).append(line)
        self.mine.setdefault(slug, {})

    def reformat(self, slug: str, style: str) -> None:
        """Equal values in another dress: JSON, or the keys in another order."""
        if not self.present(slug) or slug in self.comments:
            return
        document = self.document(slug)
        if len(style) % 2:
            text = json.dumps(document, ensure_ascii=False).encode()
        else:
            text = dump(dict(sorted(document.items())))
        self.shelf.files[path_of(slug)] = text
        self.mine.setdefault(slug, {})

    def delete(self, slug: str, word: str) -> None:
        if not self.present(slug):
            return
        for ending in ("yml", "md"):
            self.shelf.files.pop(path_of(slug, ending), None)
        self.deleted.add(slug)
        self.mine.pop(slug, None)
        for kept in (self.bodies, self.key_texts, self.facts):
            kept.pop(slug, None)

    def _write(self, slug: str, document: dict[str, Any]) -> None:
        path = path_of(slug)
        if slug in self.comments:
            notes = reversed(self.comments[slug])
            text = "".join(f"{line}\n" for line in notes).encode()
        else:
            text = b""
        document["updated_at"] = Quoted(document["updated_at"])
        self.shelf.files[path] = text + dump(document)


def _nothing(*arguments: Any) -> Any:
    raise AssertionError("not fetched here")


said = st.fixed_dictionaries(
    {
        "description": st.sampled_from(
            ("First words.", "Second words.", "Third: words.")
        ),
        "category": st.sampled_from(("Sun", "Water")),
        "tags": st.lists(st.sampled_from(TAGS), unique=True),
        "facts": st.sampled_from(
            ({}, {"license": "MIT"}, {"license": "GPL", "stars": 3})
        ),
    }
)
sources = st.dictionaries(st.sampled_from(SLUGS), said)
slugs = st.sampled_from(SLUGS)
words = st.sampled_from(WORDS)
edits = st.one_of(
    st.tuples(st.just("set_field"), slugs, st.sampled_from(SCALARS), words),
    st.tuples(st.just("set_tag"), slugs, st.sampled_from(TAGS)),
    st.tuples(
        st.sampled_from(
            [
                *("set_body", "set_key_text", "set_fact", "add_key"),
                *("comment", "reformat", "delete"),
            ]
        ),
        slugs,
        words,
    ),
)
runs = st.tuples(st.just("run"), sources, st.booleans())
histories = st.lists(
    st.lists(edits, max_size=4).flatmap(
        lambda made: runs.map(lambda run: [*made, run])
    ),
    min_size=1,
    max_size=3,
)


def live(history: list[list[tuple[Any, ...]]]) -> None:
    note(repr(history))
    world = World()
    everything = {
        slug: {
            "description": "First words.",
            "category": "Sun",
            "tags": ["red"],
            "facts": {},
        }
        for slug in SLUGS
    }
    world.run(everything, recreate=False)
    for name, *arguments in (step for steps in history for step in steps):
        if name == "run":
            world.run(arguments[0], recreate=arguments[1])
        else:
            getattr(world, name)(*arguments)


@examples(500, slow=list(HealthCheck))
@given(histories)
def test_nothing_that_a_person_wrote_is_lost(history: Any) -> None:
    live(history)


@pytest.mark.exhaustive
@examples(20_000, slow=list(HealthCheck))
@given(histories)
def test_nothing_that_a_person_wrote_is_lost_in_many_histories(history: Any) -> None:
    live(history)
