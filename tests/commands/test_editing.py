"""`items` and `taxonomy`, as a curator types them."""

from __future__ import annotations

import json

from tests.commands.conftest import Gazetteer


def test_items_are_added_edited_and_removed(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    rehearsed = gazetteer.run(
        "items", "add", "clocks", "https://c.example.net", "--name", "Candle",
        "--category", "Sundials", "--dry-run", "--json",
    )  # fmt: skip
    before = gazetteer.heads()
    added = gazetteer.run(
        "items", "add", "clocks", "https://c.example.net", "--name", "Candle",
        "--category", "Sundials", "--tag", "wax", "--fact", "license=MIT",
    )  # fmt: skip
    edited = gazetteer.run(
        "items", "edit", "clocks", "candle", "--description", "Burns."
    )
    again = gazetteer.run(
        "items", "add", "clocks", "http://c.example.net/", "--name", "Candle",
        "--category", "Sundials",
    )  # fmt: skip
    removed = gazetteer.run("items", "remove", "clocks", "candle", "--reason", "Fire.")

    assert rehearsed.json["effects"][0]["id"] == "candle"
    assert (added.status, edited.status, removed.status) == (0, 0, 0)
    assert "description: '' → 'Burns.'" in edited.stdout
    assert again.status == 2
    assert "in the directory already: candle" in again.stderr
    assert "say so with --allow-duplicate." in again.stderr
    assert gazetteer.heads() != before
    log = gazetteer.run_git("clocks-data.git", "log", "--format=%an: %s", "main")
    assert log.splitlines()[:3] == [
        "admin: Remove Candle",
        "admin: Update Candle",
        "admin: Add Candle",
    ]


def test_many_things_at_once_from_a_file(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    operations = [
        {"action": "update", "slug": "vertical", "add_tags": ["wall"]},
        {"action": "remove", "slug": "horizontal", "reason": "Flat."},
    ]
    (gazetteer.folder / "bulk.json").write_text(json.dumps(operations))

    ended = gazetteer.run("items", "bulk", "clocks", "bulk.json", "--json")
    shown = gazetteer.run("items", "list", "clocks", "--tag", "wall", "--json")

    assert ended.json["title"] == "Update 1, remove 1 items"
    assert [item["slug"] for item in shown.json] == ["vertical"]
    assert ended.json["effects"][0]["version"] == shown.json[0]["version"]


def test_an_operation_for_another_version_is_not_done(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    shown = gazetteer.run("items", "show", "clocks", "vertical", "--json").json
    operation = {
        "action": "update",
        "slug": "vertical",
        "featured": True,
        "version": shown["version"],
    }
    (gazetteer.folder / "bulk.json").write_text(json.dumps([operation]))

    done = gazetteer.run("items", "bulk", "clocks", "bulk.json")
    again = gazetteer.run("items", "bulk", "clocks", "bulk.json")

    assert (done.status, again.status) == (0, 1)
    assert "vertical has changed: its version is" in again.stderr


def test_labels_are_renamed_and_listed(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    renamed = gazetteer.run(
        "taxonomy", "rename", "clocks", "category", "sundials", "Sun"
    )
    listed = gazetteer.run("taxonomy", "list", "clocks", "category")
    refused = gazetteer.run("taxonomy", "delete", "clocks", "category", "sun")

    assert "Rename the category Sundials to Sun: admin/clocks" in renamed.stdout
    assert "2  sundials  Sun  (also Sundials)" in listed.stdout
    assert refused.status == 2
    assert "holds 2 items" in refused.stderr


def test_items_are_exported_and_imported(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    written = gazetteer.run("export_items", "clocks", "out.opml")
    shown = gazetteer.run("export_items", "clocks")
    more = "name,url,category\nCandle,https://c.example.net/,Fire clocks\n"
    (gazetteer.folder / "more.csv").write_text(more)

    taken = gazetteer.run("import_items", "clocks", "more.csv")
    again = gazetteer.run("import_items", "clocks", "out.opml", "--json")

    assert written.status == 0
    assert shown.stdout.startswith("slug,name,description,")
    assert "Import 1 item: admin/clocks" in taken.stdout
    assert {effect["action"] for effect in again.json["effects"]} == {"left out"}
    assert again.json["changed"] is False


def test_a_rehearsed_deletion_is_told_as_json(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    deletion = ("delete_directory", "clocks", "--repositories", "keep", "--json")

    rehearsed = gazetteer.run(*deletion, "--dry-run")
    deleted = gazetteer.run(*deletion, "--yes")

    assert rehearsed.json["dry_run"] is True
    assert len(rehearsed.json["repositories"]) == 3
    assert deleted.json == rehearsed.json | {"dry_run": False}


def test_list_that_seems_misread_is_adopted_only_if_told_to(
    gazetteer: Gazetteer,
) -> None:
    sponsors = "".join(
        f"- [Sponsor {n}](https://sponsor-{n}.example.org) - Pays.\n" for n in range(9)
    )
    (gazetteer.folder / "list.md").write_text(
        f"# Clocks\n\n## Sundials\n\n- [Flat](https://flat.example.org) - Lies.\n\n"
        f"## Sponsors\n\n{sponsors}"
    )
    adopt = ("adopt", "list.md", "--slug", "clocks", "--name", "Clocks")

    refused = gazetteer.run(*adopt)
    made = gazetteer.run(*adopt, "--yes", "--json")

    assert refused.status == 2
    assert "9 of 10 entries are left out" in refused.stderr
    assert "--yes does not ask" in refused.stderr
    assert made.json["items"]["new"] == 1
    assert any("9 of 10 entries" in warning for warning in made.json["warnings"])
