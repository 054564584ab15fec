"""Somebody else, in a process of their own, who edits a data repository without asking.

`python -m tests.generation.editing.somebody ROOT SEED FOLDER`: makes random commits on main
by compare-and-swap until FOLDER/stop is there, and writes into FOLDER/edits.jsonl what was
committed, in order: what has to be there in the end.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from generation.exceptions import RepositoryError
from generation.git import MAIN, Commit, Repository
from generation.yaml import parse
from generation.yaml_edits import CannotEdit, edit
from tests.fakes import NOON


def main(root: Path, seed: int, folder: Path) -> None:
    dice = random.Random(seed)
    data = Repository(root / "ada" / "clocks-data.git")
    number = 0
    with (folder / "edits.jsonl").open("a") as log:
        while not (folder / "stop").exists():
            number += 1
            try:
                done = _edit(data, dice, number)
            except (RepositoryError, CannotEdit):
                done = None
            if done:
                log.write(json.dumps(done) + "\n")
                log.flush()
            if number % dice.randint(1, 3) == 0:
                _wait_for_a_run(root, folder)


def _wait_for_a_run(root: Path, folder: Path) -> None:
    """Let one come through: whoever never stops keeps everybody else out."""
    website = Repository(root / "ada" / "clocks-website.git")
    before, ends = website.head(), time.monotonic() + 10
    while website.head() == before and time.monotonic() < ends:
        if (folder / "stop").exists():
            return
        time.sleep(0.05)


def _edit(data: Repository, dice: random.Random, number: int) -> dict[str, str] | None:
    head = data.head()
    assert head is not None
    tree = data.tree(head)
    token = f"token{number}"
    files: dict[str, bytes] = {}
    removals: list[str] = []
    paths = [
        path for path in tree if path.startswith("data/") and path.endswith(".yml")
    ]
    kind = dice.choice(
        ["field", "field", "comment", "key", "tag", "text", "add", "remove"]
    )
    if kind == "remove" and len(paths) < 6:
        kind = "add"
    if kind == "add":
        path = f"data/mine-{number}/mine-{number}.yml"
        files[path] = (
            f"name: Mine {token}\nsource_url: https://mine{number}.example.net/\n"
            f"category: sundials\ndescription: {token}\n"
        ).encode()
    else:
        path = dice.choice(paths)
        [content] = data.read([tree[path]])
        match kind:
            case "field":
                files[path] = edit(content, {("description",): token})
            case "comment":
                files[path] = content + f"# {token}\n".encode()
            case "key":
                files[path] = edit(content, {(token,): token})
            case "tag":
                tags = [*(parse(content).get("tags") or []), token]
                files[path] = edit(content, {("tags",): tags})
            case "text":
                body = path.removesuffix("yml") + "md"
                files[body] = f"Text {token}.\n".encode()
            case _:
                removals = [
                    p for p in tree if p.startswith(path.rpartition("/")[0] + "/")
                ]
    made = Commit(head, token, "Eve", "eve@example.org", NOON, files, removals)
    new = data.write(made, ref="refs/heads/eve")
    data.move(MAIN, new=new, old=head)
    return {"kind": kind, "path": path, "token": token, "commit": new}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
