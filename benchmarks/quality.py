"""Quality against truth: every task of a corpus folder through the real pipeline.

    python benchmarks/quality.py CORPUS [--case NAME] [--json FILE] [--python PYTHON]

CORPUS holds `extract/<case>/truth.json` with source files beside it, `dedupe/*.json`,
`categorise/<case>/task.json` and `truth.json`, and `evaluate.py`, which gives the figures. Any
part may be missing. A case that fails is a row with its reason.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from config.logging import configure
from generation.contract.commands import Command, Reply
from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import DocumentReference, GenerationRequest
from generation.exceptions import GenerationError
from generation.git import Repository
from generation.orchestrator import Host, generate
from generation.pipeline import STEPS
from generation.pipeline.draft import Draft, Tools
from generation.publish import repository_path
from generation.report import Report
from generation.repositories.data import Stored, read_data
from generation.sources.fetch import Fetcher, FetchLimits

CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
FOLDS = 5
RESAMPLES = 2_000


class Failure(Exception):
    """A case that has no figures, and why."""


class Source(NamedTuple):
    name: str
    content: bytes
    url: str | None = None
    media_type: str = ""


class Row(NamedTuple):
    task: str
    case: str
    figures: dict[str, Any]
    cpu: float
    reason: str = ""


class Alone:
    """The web side of a run that is only scored."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._contents: dict[str, bytes] = {}
        references = []
        for source in sources:
            digest = hashlib.sha256(source.content).hexdigest()
            self._contents[digest] = source.content
            references.append(
                DocumentReference(
                    sha256=digest,
                    name=source.name,
                    url=source.url,
                    media_type=source.media_type,
                    size=len(source.content),
                )
            )
        self.context = RunContext(
            run_id=UUID(int=1),
            attempt=1,
            clock=CLOCK,
            directory=DirectoryContext(
                id=UUID(int=2), namespace="bench", slug="bench", name="Benchmark list"
            ),
            committer=Identity(name="Bench", email="bench@example.org"),
            request=GenerationRequest(
                name="Benchmark list", source_documents=tuple(references)
            ),
        )

    def claim(self, worker: str) -> Reply:
        return self.send()

    def fetch_context(self) -> RunContext:
        return self.context

    def fetch_document(self, sha256: str) -> bytes:
        return self._contents[sha256]

    def send(self, *commands: Command) -> Reply:
        return Reply(attempt=1, cancel=False, lease_expires_at=CLOCK)

    def load_checkpoint(self) -> bytes | None:
        return None

    def save_checkpoint(self, content: bytes) -> None:
        """Nobody takes this run up again."""

    def release(self) -> None:
        """Nothing is held."""


class Workshop:
    """One folder with the repositories of one directory, made by whole runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._host = Host(
            git_root=folder / "git",
            fetch=Fetcher(FetchLimits()),
            heartbeat_seconds=60,
            name="bench",
        )

    def run(self, sources: Sequence[Source]) -> Report:
        return generate(Alone(sources), self._host)

    def draft(self, sources: Sequence[Source]) -> Draft:
        """Take every step of a run, and publish nothing: a report names only so many."""
        operations = Alone(sources)
        tools = Tools(
            context=operations.context,
            stored=self.stored(),
            fetch=self._host.fetch,
            read_document=operations.fetch_document,
            progress=lambda fraction: None,
        )
        draft = Draft()
        for step in STEPS:
            draft = step.run(draft, tools).draft
        return draft

    def stored(self) -> Stored:
        return read_data(self._repository())

    def checkout(self) -> Path:
        """Write the data repository as files, for whoever scores it."""
        repository, folder = self._repository(), self.folder / "data"
        tree = repository.tree(repository.head() or "")
        for path, content in zip(tree, repository.read(tree.values()), strict=True):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    def _repository(self) -> Repository:
        path = repository_path(
            self._host.git_root, namespace="bench", slug="bench", kind="data"
        )
        return Repository(path)


class Corpus:
    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self._python = python

    def tasks(self) -> Iterator[tuple[str, str]]:
        """List what there is to do: the kind of task and the name of the case."""
        for path in sorted(self.folder.glob("extract/*/truth.json")):
            yield "extract", path.parent.name
        for path in sorted(self.folder.glob("dedupe/*.json")):
            yield "dedupe", path.stem
        for path in sorted(self.folder.glob("categorise/*/task.json")):
            yield "categorise", path.parent.name

    def score(self, task: str, *paths: Path) -> dict[str, Any]:
        """Ask the corpus for the figures, in a process of its own."""
        command = [self._python, str(self.folder / "evaluate.py"), task]
        answer = subprocess.run(
            [*command, *map(str, paths), "--json"], capture_output=True, text=True
        )
        if answer.returncode:
            last = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise Failure(f"evaluate.py failed: {last}")
        try:
            figures: dict[str, Any] = json.loads(answer.stdout)
        except ValueError as exc:
            raise Failure("evaluate.py did not answer with JSON") from exc
        return figures

    def complaint(self) -> str:
        """Say why this folder is of no use, or nothing."""
        if not (self.folder / "evaluate.py").is_file():
            return f"{self.folder} holds no evaluate.py: it is not a corpus"
        if not any(self.tasks()):
            return f"{self.folder} holds no task below extract, dedupe or categorise"
        probe = subprocess.run(
            [self._python, str(self.folder / "evaluate.py")],
            capture_output=True,
            text=True,
        )
        last = (probe.stderr.strip().splitlines() or [""])[-1]
        if "ModuleNotFoundError" in last:
            return (
                f"evaluate.py cannot run with {self._python}: {last}. "
                "Name an interpreter that has what it needs with --python"
            )
        return ""


def extract(corpus: Corpus, case: str, shop: Workshop) -> list[dict[str, Any]]:
    folder = corpus.folder / "extract" / case
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    shop.run([_source(folder, source) for source in truth["sources"]])
    figures = corpus.score("extract", folder / "truth.json", shop.checkout())
    category = figures.get("category") or {}
    strict = figures["items_strict"]["f1"] if figures["truth_items"] else None
    return [
        {
            "items": figures["items"]["f1"] if figures["truth_items"] else None,
            "strict": strict,
            "name_verbatim": figures.get("name_verbatim"),
            "description": figures["description_f1"],
            "tags": figures["tags_f1"],
            "category": (category.get("pairwise") or {}).get("f1"),
            "duplicates": figures["duplicates_left"],
            "near names": figures["near_duplicate_categories"],
            "missed": figures["missed"],
            "invented": figures["invented"],
        }
    ]


def dedupe(corpus: Corpus, case: str, shop: Workshop) -> list[dict[str, Any]]:
    """Put all entries into one source, and ask of each pair what became of it."""
    path = corpus.folder / "dedupe" / f"{case}.json"
    pairs = json.loads(path.read_text("utf-8"))["pairs"]
    entries: dict[str, dict[str, str]] = {}
    for pair in pairs:
        for side in (pair["a"], pair["b"]):
            entries.setdefault(_identity(side), side)
    content = {
        f"entry-{number}": {
            "records": [{key: side[key] for key in ("name", "url", "description")}]
        }
        for number, side in enumerate(entries.values())
    }
    draft = shop.draft([Source("pairs.json", json.dumps(content).encode())])
    numbers = {identity: number for number, identity in enumerate(entries)}
    item_of = {
        int(provenance.locator.split("/")[1].removeprefix("entry-")): record.slug
        for record in draft.records
        for provenance in record.sources
    }
    flagged = {frozenset((flag.first, flag.second)) for flag in draft.flags}
    merged: dict[str, bool] = {}
    answers: dict[str, bool] = {}
    for pair in pairs:
        sides = [item_of.get(numbers[_identity(pair[s])], s) for s in ("a", "b")]
        merged[pair["id"]] = sides[0] == sides[1]
        answers[pair["id"]] = sides[0] == sides[1] or frozenset(sides) in flagged
    output = shop.folder / "answers.json"
    output.write_text(json.dumps(answers))
    figures = corpus.score("dedupe", path, output)
    wrong = [p["id"] for p in pairs if merged[p["id"]] and p["label"] != "same"]
    low, high = _interval([(answers[p["id"]], p["label"] == "same") for p in pairs])
    return [
        {
            "pairs": len(pairs),
            "f1": figures["f1"],
            "interval": [low, high],
            "precision": figures["precision"],
            "recall": figures["recall"],
            "merged": sum(merged.values()),
            "wrong merges": len(wrong),
            "flagged": sum(answers.values()) - sum(merged.values()),
            "wrong": figures["wrong"],
        }
    ]


def categorise(corpus: Corpus, case: str, shop: Workshop) -> list[dict[str, Any]]:
    """Sort items by three examples a category, then by all others that are sorted."""
    folder = corpus.folder / "categorise" / case
    task = json.loads((folder / "task.json").read_text("utf-8"))
    truth = json.loads((folder / "truth.json").read_text("utf-8"))["answers"]
    examples = [
        {**example, "category": category["name"]}
        for category in task["categories"]
        for example in category["examples"]
    ]
    rows = []
    for name, folds in (("examples", 1), (f"{FOLDS}-fold", FOLDS)):
        answers: dict[str, list[str]] = {}
        for fold in range(folds):
            asked = [i for n, i in enumerate(task["items"]) if n % folds == fold]
            told = {item["id"] for item in asked}
            known = [
                {**item, "category": truth[item["id"]][0]}
                for item in task["items"]
                if item["id"] not in told and truth.get(item["id"])
            ]
            place = Workshop(shop.folder / f"{name}-{fold}")
            place.run([_records("sorted.json", [*examples, *known])])
            answers |= _ranked(place, asked)
        output = shop.folder / f"{name}.json"
        output.write_text(json.dumps(answers))
        figures = corpus.score("categorise", folder / "truth.json", output)
        rows.append(
            {
                "by": name,
                "answers": figures["items"],
                "accuracy@1": figures["accuracy_at_1"],
                "accuracy@3": figures["accuracy_at_3"],
            }
        )
    return rows


TASKS = {"extract": extract, "dedupe": dedupe, "categorise": categorise}


def _source(folder: Path, source: dict[str, Any]) -> Source:
    """Serve a file as its truth says: an encoded body is unpacked by whoever fetches it."""
    return Source(
        source["file"],
        (folder / source["file"]).read_bytes(),
        source.get("url"),
        source.get("content_type") or "",
    )


def _records(name: str, items: Sequence[dict[str, Any]]) -> Source:
    """Make a source of items; one that has no link gets one, because items need it."""
    records = [
        {
            "name": item["name"],
            "url": item.get("url") or _address(item),
            "description": item.get("description", ""),
            **({"category": item["category"]} if item.get("category") else {}),
        }
        for item in items
    ]
    return Source(name, json.dumps(records).encode())


def _address(item: dict[str, Any]) -> str:
    text = f"{item['name']}\n{item.get('description', '')}"
    return f"https://{hashlib.sha256(text.encode()).hexdigest()[:16]}.example.org/"


def _ranked(shop: Workshop, asked: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Give the categories of each item by name, the best one first."""
    draft = shop.draft([_records("asked.json", asked)])
    names = {category.id: category.name for category in draft.catalogue.categories}
    chosen = {
        (choice.name, choice.url): [names[choice.category], *choice.others]
        for choice in draft.category_choices
    }
    return {
        item["id"]: answer
        for item in asked
        if (answer := chosen.get((item["name"], item.get("url") or _address(item))))
    }


def _identity(side: dict[str, str]) -> str:
    return json.dumps([side["slug"], side["name"], side["url"]])


def _interval(answers: Sequence[tuple[bool, bool]]) -> tuple[float, float]:
    """Draw the pairs again and again: where F1 lies in 95 of 100 draws."""
    dice = random.Random(1)  # noqa: S311 - a fixed draw, no secret
    scores = sorted(
        _f1(dice.choices(answers, k=len(answers))) for _ in range(RESAMPLES)
    )
    return scores[int(RESAMPLES * 0.025)], scores[int(RESAMPLES * 0.975)]


def _f1(answers: Sequence[tuple[bool, bool]]) -> float:
    hits = sum(said and true for said, true in answers)
    wrong = sum(said != true for said, true in answers)
    return round(2 * hits / (2 * hits + wrong), 4) if hits else 0.0


def run(corpus: Corpus, task: str, case: str) -> list[Row]:
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        try:
            results = TASKS[task](corpus, case, Workshop(Path(folder)))
            reason = ""
        except (GenerationError, Failure) as exc:
            results, reason = [{}], str(exc)
        except Exception as exc:  # noqa: BLE001 - one broken case is a row, not the end
            results, reason = [{}], f"{type(exc).__name__}: {exc}"
    used = time.process_time() - begun
    return [
        Row(task, case, figures, used / len(results), reason) for figures in results
    ]


def show(rows: Sequence[Row]) -> None:
    """Print one table a kind of task, with the means of its scored rows below."""
    say = sys.stdout.write
    for task in TASKS:
        own = [row for row in rows if row.task == task]
        keys = list(
            dict.fromkeys(
                key
                for row in own
                for key, value in row.figures.items()
                if not isinstance(value, list) or key == "interval"
            )
        )
        if not own:
            continue
        width = max(len(row.case) for row in own) + 2
        say(f"{task:<{width}}" + "".join(f"{key:>14}" for key in [*keys, "CPU s"]))
        say("\n")
        for row in own:
            cells = [_cell(row.figures.get(key)) for key in keys]
            cells.append(f"{row.cpu:.2f}")
            say(f"{row.case:<{width}}" + "".join(f"{cell:>14}" for cell in cells))
            say(f"  {row.reason}\n" if row.reason else "\n")
        means = [_mean([row.figures.get(key) for row in own]) for key in keys]
        means.append(_cell(round(statistics.mean(row.cpu for row in own), 2)))
        say(f"{'mean':<{width}}" + "".join(f"{mean:>14}" for mean in means) + "\n\n")


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " to ".join(f"{part:.2f}" for part in value)
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else str(value)


def _mean(values: Sequence[object]) -> str:
    numbers = [v for v in values if isinstance(v, int | float)]
    return f"{statistics.mean(numbers):.4f}" if numbers else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument(
        "--case", action="append", help="only this one; may be repeated"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter for evaluate.py"
    )
    options = parser.parse_args()
    configure(level="ERROR")
    corpus = Corpus(options.corpus.resolve(), options.python)
    if complaint := corpus.complaint():
        sys.stderr.write(f"{complaint}\n")
        return 2
    wanted = set(options.case or ())
    tasks = [(t, c) for t, c in corpus.tasks() if not wanted or c in wanted]
    if not tasks:
        sys.stderr.write(f"there is no case named {', '.join(sorted(wanted))}\n")
        return 2
    rows = [row for task, case in tasks for row in run(corpus, task, case)]
    show(rows)
    if options.json:
        text = json.dumps([row._asdict() for row in rows], ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
