"""The benchmark of quality over a corpus of our own, with a case that cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.env import CHECKOUT

SCRIPT = CHECKOUT / "benchmarks" / "quality.py"
# Says what it was asked, in the shape of a corpus's own scorer.
SCORER = """
import json, pathlib, sys
task, truth, output = sys.argv[1:4]
if task == "extract":
    found = len(list(pathlib.Path(output).glob("data/*/*.yml")))
    print(json.dumps({"items": {"f1": 1.0}, "items_strict": {"f1": found / 2},
        "name_verbatim": 0.5, "truth_items": 2, "description_f1": 1.0, "tags_f1": None, "category": None,
        "duplicates_left": 0, "near_duplicate_categories": 0, "missed": [], "invented": []}))
elif task == "dedupe":
    said = json.loads(pathlib.Path(output).read_text())
    print(json.dumps({"f1": 1.0, "precision": 1.0, "recall": 1.0, "wrong": [], "said": said}))
else:
    said = json.loads(pathlib.Path(output).read_text())
    right = json.loads(pathlib.Path(truth).read_text())["answers"]
    hits = sum(said[key][0] in right[key] for key in right)
    print(json.dumps({"items": len(right), "accuracy_at_1": hits / len(right),
        "accuracy_at_3": 1.0}))
"""


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    write(root / "evaluate.py", SCORER)
    source = {"file": "bells.html", "content_type": "text/html; charset=iso-8859-1"}
    page = "<h2>Bells</h2><ul><li><a href='/1'>Caf\xe9 bell</a> rings<li><a href='/2'>Gong</a> too</ul>"
    case = root / "extract" / "bells"
    write(
        case / "truth.json",
        {"sources": [{**source, "url": "https://bells.example.org/"}]},
    )
    (case / "bells.html").write_bytes(page.encode("latin-1"))
    write(root / "extract" / "gone" / "truth.json", {"sources": [{"file": "gone.md"}]})
    side = {
        "slug": "kimai",
        "name": "Kimai",
        "url": "https://kimai.org",
        "description": "",
    }
    other = {**side, "slug": "kimai-2", "url": "https://www.kimai.org/"}
    far = {**side, "slug": "borg", "name": "Borg", "url": "https://borg.example.org"}
    write(
        root / "dedupe" / "some.json",
        {
            "pairs": [
                {"id": "1", "label": "same", "kind": "x", "a": side, "b": other},
                {"id": "2", "label": "different", "kind": "x", "a": side, "b": far},
            ]
        },
    )
    examples = [{"name": "Gong", "description": "A bell of bronze"}]
    pans = [{"name": "Wok", "description": "A pan for frying"}]
    items = [
        {"id": f"i{n}", "name": f"Bell {n}", "description": "A bronze bell"}
        for n in range(5)
    ]
    case = root / "categorise" / "things"
    categories = [
        {"name": "Bells", "examples": examples},
        {"name": "Pans", "examples": pans},
    ]
    write(case / "task.json", {"categories": categories, "items": items})
    write(case / "truth.json", {"answers": {item["id"]: ["Bells"] for item in items}})
    return root


def measure(corpus: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(corpus), *options],
        capture_output=True,
        text=True,
    )


def test_every_task_is_a_row_and_a_broken_case_too(
    corpus: Path, tmp_path: Path
) -> None:
    told = measure(corpus, "--json", str(tmp_path / "out.json"))

    assert told.returncode == 0, told.stderr
    rows: list[dict[str, Any]] = json.loads((tmp_path / "out.json").read_text())
    assert [(row["task"], row["case"]) for row in rows] == [
        ("extract", "bells"),
        ("extract", "gone"),
        ("dedupe", "some"),
        ("categorise", "things"),
        ("categorise", "things"),
    ]
    assert rows[0]["figures"]["strict"] == 1.0
    assert rows[0]["figures"]["name_verbatim"] == 0.5
    assert rows[1]["figures"] == {}
    assert "gone.md" in rows[1]["reason"]
    assert rows[2]["figures"]["merged"] == 1
    assert rows[2]["figures"]["wrong merges"] == 0
    assert [row["figures"]["accuracy@1"] for row in rows[3:]] == [1.0, 1.0]
    assert "gone.md" in told.stdout
    assert told.stdout.count("mean") == 3


def test_one_case_can_be_chosen(corpus: Path) -> None:
    told = measure(corpus, "--case", "bells")

    assert "bells" in told.stdout
    assert "things" not in told.stdout


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"evaluate.py": None}, "it is not a corpus"),
        ({"evaluate.py": "import no_such_module"}, "with --python"),
    ],
)
def test_a_folder_that_is_no_corpus_is_refused(
    corpus: Path, change: dict[str, str | None], complaint: str
) -> None:
    for name, text in change.items():
        (corpus / name).unlink()
        if text is not None:
            write(corpus / name, text)

    told = measure(corpus)

    assert told.returncode == 2
    assert complaint in told.stderr


def test_a_case_that_is_not_there_is_told(corpus: Path) -> None:
    told = measure(corpus, "--case", "whistles")

    assert (told.returncode, told.stdout) == (2, "")
    assert "whistles" in told.stderr
