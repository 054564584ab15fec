"""A file whose content is right is not rewritten only because its spelling differs."""

from __future__ import annotations

from typing import Any

from generation.git import blob_id
from tests.generation.repositories.test_merge_properties import World, path_of

SAID: dict[str, dict[str, Any]] = {
    "alpha": {
        "description": "Goes up 🚀",
        "category": "🚀 Space",
        "tags": ["1e3", "NO"],
        "facts": {},
    }
}
# How a version that knew no other way wrote what is there.
EARLIER = (
    (b"name: \xf0\x9f\x9a\x80 Space", b'name: "\\U0001F680 Space"'),
    (b"Goes up \xf0\x9f\x9a\x80", b'"Goes up \\U0001F680"'),
    (b"'1e3'", b"1e3"),
)


def earlier_world() -> World:
    world = World()
    world._generate(SAID, recreate=False)
    for path, content in world.shelf.files.items():
        old = content
        for new_spelling, old_spelling in EARLIER:
            old = old.replace(new_spelling, old_spelling)
        if old != content and path.endswith(".yml"):
            table = world.shelf.files[".gazetteer/files.jsonl"]
            world.shelf.files[path] = old
            world.shelf.files[".gazetteer/files.jsonl"] = table.replace(
                blob_id(content).encode(), blob_id(old).encode()
            )
    return world


def test_nothing_is_written_for_its_spelling_alone() -> None:
    world = earlier_world()
    before = dict(world.shelf.files)
    assert rb"\U0001F680" in before["categories.yml"]
    assert b"name: 1e3" in before["tags.yml"]

    world._generate(SAID, recreate=False)

    assert world.shelf.files == before


def test_what_changes_is_spelled_as_of_now() -> None:
    world = earlier_world()
    before = dict(world.shelf.files)
    said = {"alpha": SAID["alpha"] | {"description": "Goes down 🚀"}}
    said["beta"] = SAID["alpha"] | {"category": "Sea", "tags": []}

    world._generate(said, recreate=False)

    assert "name: 🚀 Space" in world.shelf.files["categories.yml"].decode()
    assert "description: Goes down 🚀" in world.shelf.files[path_of("alpha")].decode()
    assert world.shelf.files["tags.yml"] == before["tags.yml"]
