"""A real list, edited by hand in two hundred places, and made again from a changed source."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from generation.contract.request import DocumentReference, GenerationRequest
from generation.git import MAIN, Commit, Repository
from generation.markup import escape_markdown
from generation.orchestrator import generate
from generation.yaml import Quoted, dump, parse
from tests.fakes import NOON, FakeOperations, make_host
from tests.generation.test_corpus_runs import CORPUS, run_of
from tests.generation.test_orchestrator import LATER

CASE = "awesome-selfhosted"
_SENTENCE = re.compile(
    rb"^(- \[[^\]\n]+\]\(https?://[^)\n]*\)[^-\n]* - )", re.MULTILINE
)
KINDS = (
    "name", "description", "tags", "category", "body",
    "unknown", "delete", "add", "reformat", "move",
)  # fmt: skip
EDITS = 200

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not (CORPUS / "extract" / CASE).is_dir(),
        reason="no corpus: name its folder in GAZETTEER_CORPUS",
    ),
]


def changed_source(operations: FakeOperations) -> None:
    """Let every description of the source begin in another way, and nothing else differ."""
    contents = {
        reference.name: operations.documents[reference.sha256]
        for reference in operations.context.request.source_documents
    }
    references = []
    for reference in operations.context.request.source_documents:
        text = _SENTENCE.sub(rb"\1Since improved: ", contents[reference.name])
        digest = hashlib.sha256(text).hexdigest()
        operations.documents[digest] = text
        references.append(
            DocumentReference(
                sha256=digest,
                name=reference.name,
                url=reference.url,
                media_type=reference.media_type,
                size=len(text),
            )
        )
    request = GenerationRequest(name="Clocks", source_documents=tuple(references))
    operations.context = operations.context.model_copy(
        update={"request": request, "clock": LATER}
    )


def read(repository: Repository) -> dict[str, bytes]:
    tree = repository.tree(repository.head() or "")
    return dict(zip(tree, repository.read(tree.values()), strict=True))


class Hand:
    """Edits a repository, and knows what must be there afterwards."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files
        self.changes: dict[str, bytes] = {}
        self.removals: list[str] = []
        self.fields: dict[str, dict[str, Any]] = {}
        self.bodies: dict[str, bytes] = {}
        self.gone: set[str] = set()
        self.moved: dict[str, str] = {}

    def edit(self, kind: str, slug: str) -> None:
        path, body = f"data/{slug}/{slug}.yml", f"data/{slug}/{slug}.md"
        document = parse(self._files[path])
        mine: dict[str, Any] = {}
        match kind:
            case "name":
                mine = {"name": f"My {document['name']}"}
            case "description":
                mine = {"description": f"Of {slug}: mine."}
            case "tags":
                mine = {"tags": [*document["tags"], "chosen"]}
            case "category":
                mine = {"category": "My shelf"}
            case "unknown":
                mine = {"rating": 5, "notes": ["one", "two: three"]}
            case "body":
                self.bodies[body] = self.changes[body] = (
                    f"My text of {slug}.\n".encode()
                )
                return
            case "delete":
                self.gone.add(slug)
                self.removals += [path, body]
                return
            case "add":
                own = f"data/own-{slug}/own-{slug}.yml"
                link = f"https://own.example.org/{slug}"
                mine = {
                    "name": f"Own {slug}",
                    "source_url": link,
                    "category": "My shelf",
                }
                self.changes[own] = dump(mine)
                self.fields[own] = mine
                return
            case "move":
                target = f"data/my-{slug}/my-{slug}"
                self.changes[f"{target}.yml"] = self._files[path]
                self.changes[f"{target}.md"] = self._files[body]
                self.removals += [path, body]
                self.moved[slug] = f"my-{slug}"
                return
        document["updated_at"] = Quoted(document["updated_at"])
        if kind == "reformat":
            document = dict(sorted(document.items()))
        text = dump({**document, **mine})
        self.changes[path] = b"# seen\n" + text if kind == "reformat" else text
        self.fields[path] = mine


def test_two_hundred_edits_survive_a_changed_source(tmp_path: Path) -> None:
    operations = run_of(CASE)
    host = make_host(tmp_path)
    first = generate(operations, host)
    untouched = tmp_path / "untouched"
    shutil.copytree(tmp_path / "ada", untouched / "ada")
    data = Repository(tmp_path / "ada" / "clocks-data.git")
    before = read(data)
    slugs = sorted({p.split("/")[1] for p in before if p.startswith("data/")})
    chosen = random.Random(7).sample(slugs, EDITS)
    hand = Hand(before)
    for number, slug in enumerate(chosen):
        hand.edit(KINDS[number % len(KINDS)], slug)
    old = data.head()
    commit = Commit(
        old, "By hand", "Eve", "eve@example.org", NOON, hand.changes, hand.removals
    )
    data.move(MAIN, new=data.write(commit, ref="refs/heads/eve"), old=old)
    edited = read(data)

    changed_source(operations)
    report = generate(operations, host)

    after = read(data)
    generate(operations, make_host(untouched))
    expected = read(Repository(untouched / "ada" / "clocks-data.git"))
    assert report.items.total == first.items.total - EDITS // 10 + EDITS // 10
    assert_edits_are_there(hand, after)
    improved = assert_source_changes_are_there(hand, after, expected, set(chosen))
    assert improved > 900
    assert_diff_is_minimal(hand, edited, after, expected)


def assert_edits_are_there(hand: Hand, after: dict[str, bytes]) -> None:
    for path, mine in hand.fields.items():
        document = parse(after[path])
        for key, value in mine.items():
            if key == "tags":
                assert "chosen" in document[key]
            else:
                assert document[key] == value
    for body, text in hand.bodies.items():
        assert after[body] == text
    for slug in hand.gone:
        assert not [p for p in after if p.startswith(f"data/{slug}/")]
    for slug, target in hand.moved.items():
        assert f"data/{slug}/{slug}.yml" not in after
        assert f"data/{target}/{target}.yml" in after


def assert_source_changes_are_there(
    hand: Hand, after: dict[str, bytes], expected: dict[str, bytes], chosen: set[str]
) -> int:
    """What nobody edited is as if nobody had edited anything."""
    improved = 0
    for path, content in expected.items():
        if not path.endswith(".yml") or not path.startswith("data/"):
            continue
        slug = path.split("/")[1]
        if slug in hand.gone:
            continue
        target = hand.moved.get(slug, slug)
        theirs, file = parse(content), after[f"data/{target}/{target}.yml"]
        ours = theirs if file == content else parse(file)
        mine = hand.fields.get(path, {})
        for key, value in theirs.items():
            if key in mine or (key == "markdown" and path[:-3] + "md" in hand.bodies):
                continue
            if key == "markdown":
                # Only description and facts: it follows the description of ours.
                value = value.replace(
                    escape_markdown(theirs["description"]),
                    escape_markdown(ours["description"]),
                )
            assert ours[key] == value, (path, key)
        improved += "Since improved" in theirs["description"]
        if slug not in chosen:
            assert after[path] == content
    return improved


def assert_diff_is_minimal(
    hand: Hand,
    edited: dict[str, bytes],
    after: dict[str, bytes],
    expected: dict[str, bytes],
) -> None:
    """Of an edited file only lines of fields that a source changed differ."""
    for path in hand.fields:
        before, now = parse(edited[path]), parse(after[path])
        changed = {key for key in now if before.get(key) != now[key]}
        if not changed:
            assert edited[path] == after[path]
            continue
        assert changed <= {"description", "markdown", "updated_at", "meta"}
        head = edited[path].split(b"\n")
        kept = after[path].split(b"\n")
        names = [line for line in head if line[:1].isalpha() or line[:1] == b"#"]
        order = [line.partition(b":")[0] for line in names]
        after_order = [
            line.partition(b":")[0]
            for line in kept
            if line[:1].isalpha() or line[:1] == b"#"
        ]
        assert order == after_order
