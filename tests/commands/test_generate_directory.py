from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.commands.conftest import LIST, Ended, Gazetteer, Made
from tests.prepared import CHECKOUT, Started

EXAMPLE = CHECKOUT / "examples" / "open-source-time-tracking" / "directory.toml"


def assert_told(ended: Ended, status: int, *words: str) -> None:
    """The command ended so, and said why in words and not in a traceback."""
    assert ended.status == status, ended.stderr
    assert "Traceback" not in ended.stderr
    for word in words:
        assert word in ended.stderr


def test_the_first_command_sets_everything_up_and_says_so(gazetteer: Gazetteer) -> None:
    ended = gazetteer.generate("clocks", "--name", "Clocks", "--source", "list.md")

    assert ended.status == 0
    assert "Made the database" in ended.stderr
    assert "Made the user admin" in ended.stderr
    assert "admin/clocks: 2 items in 1 category (2 new" in ended.stdout
    assert "" not in gazetteer.heads()


def test_json_is_one_object_with_exactly_these_keys(gazetteer: Gazetteer) -> None:
    result = gazetteer.make()

    assert set(result) == {
        "run_id", "directory", "status", "attempt", "items", "categories", "tags",
        "left_out", "conflicts", "warnings", "notes", "duration_seconds", "repositories",
        "proposal",
    }  # fmt: skip
    assert result["items"] == {
        "new": 2, "updated": 0, "unchanged": 0, "removed": 0, "total": 2,
    }  # fmt: skip
    assert (result["status"], result["attempt"]) == ("succeeded", 1)
    assert (result["directory"], result["categories"]) == ("admin/clocks", 1)
    for repository in result["repositories"].values():
        assert Path(repository["path"]).is_dir()
        assert repository["branch"] == "main"
        assert len(repository["commit"]) == 40


def test_a_second_run_changes_nothing_and_keeps_the_request(
    gazetteer: Gazetteer,
) -> None:
    first = gazetteer.make()

    second = gazetteer.generate("clocks", "--json").json

    assert second["items"]["unchanged"] == 2
    assert second["repositories"] == first["repositories"]


def test_two_machines_make_equal_trees(
    gazetteer: Gazetteer, made: Made, tmp_path: Path
) -> None:
    gazetteer.migrate()
    other = Gazetteer(tmp_path / "other" / "deeper", made)
    other.migrate()

    gazetteer.generate(str(EXAMPLE))
    other.generate(str(EXAMPLE))

    names = ["-data", "", "-website"]
    trees = [
        [
            machine.run_git(f"open-source-time-tracking{name}.git", "rev-parse")
            for name in names
        ]
        for machine in (gazetteer, other)
    ]
    assert trees[0] == trees[1]
    assert all(len(tree) == 40 for tree in trees[0])


def test_an_option_replaces_its_field_and_the_others_stay(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    ended = gazetteer.generate(
        "clocks",
        "--category",
        "Wrist watches",
        "--description",
        "About time.",
        "--json",
    )

    assert ended.json["items"]["total"] == 2
    assert ended.json["warnings"][0] == "No item belongs to: Wrist watches."
    readme = gazetteer.run_git("clocks.git", "show", "main:README.md")
    assert "> About time." in readme


def test_directory_toml_reads_its_sources_beside_it(gazetteer: Gazetteer) -> None:
    gazetteer.migrate()
    ended = gazetteer.generate(str(EXAMPLE), "--json")

    assert ended.status == 0, ended.stderr
    assert ended.json["items"]["total"] == 26
    assert ended.json["left_out"] == 1


def test_a_dry_run_shows_items_and_writes_nothing(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    before = gazetteer.written(), gazetteer.heads()
    (gazetteer.folder / "list.md").write_text(LIST.replace("Hangs", "Sits"))

    ended = gazetteer.generate("clocks", "--source", "list.md", "--dry-run")

    assert "~ vertical  Vertical" in ended.stdout
    assert "description: 'Hangs on a wall.' → 'Sits on a wall.'" in ended.stdout
    assert (gazetteer.written(), gazetteer.heads()) == before


def test_a_dry_run_on_a_bare_machine_makes_no_database(gazetteer: Gazetteer) -> None:
    ended = gazetteer.generate(
        "clocks", "--name", "Clocks", "--source", "list.md", "--dry-run", "--json"
    )

    assert ended.json["status"] == "dry-run"
    assert [change["slug"] for change in ended.json["changes"]] == [
        "horizontal",
        "vertical",
    ]
    assert gazetteer.written() == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("clocks",), ["no directory clocks", "--name"]),
        (("clocks", "--name", "Clocks"), ["prompt, source_urls or a source document"]),
        (("clocks", "--name", "C", "--source", "gone.md"), ["gone.md", "No such file"]),
        (("clocks", "--name", "C", "--source", "empty.md"), ["empty.md", "is empty"]),
        (("clocks", "--name", "C", "--source", "odd.md"), ["odd.md"]),
        (("Clocks!", "--name", "C", "--source", "list.md"), ["not a slug", "clocks"]),
        (("clocks", "--name", "C" * 201, "--prompt", "x"), ["name", "200"]),
        (("clocks", "--name", "C", "--prompt", "x" * 5001), ["prompt", "5000"]),
        (("clocks", "--name", "C", "--source", "http://"), ["source_urls"]),
        (("gone.toml",), ["gone.toml", "No such file"]),
        (("wrong-key.toml",), ["colour", "The keys are name, slug"]),
        (("no-name.toml",), ["name", "required"]),
        (("broken.toml",), ["not valid TOML", "line 1"]),
        (("bad-option.toml",), ["max_pages", "1000"]),
        (("clocks", "--method", "sideways"), ["invalid choice"]),
        (("clocks", "--colour", "red"), ["unrecognized arguments"]),
        ((), ["DIRECTORY"]),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    gazetteer: Gazetteer, arguments: tuple[str, ...], words: list[str]
) -> None:
    (gazetteer.folder / "empty.md").write_text("\n")
    (gazetteer.folder / "odd.md").write_bytes(b"a\x00b\x00\xff\xfe\x81\x8d")
    head = 'name = "Clocks"\nslug = "clocks"\nsources = ["list.md"]\n'
    (gazetteer.folder / "wrong-key.toml").write_text(f'{head}colour = "red"\n')
    (gazetteer.folder / "no-name.toml").write_text('slug = "clocks"\n')
    (gazetteer.folder / "broken.toml").write_text("name =\n")
    options = "[options.config]\nmax_pages_to_process = 1001\n"
    (gazetteer.folder / "bad-option.toml").write_text(head + options)

    ended = gazetteer.generate(*arguments)

    assert_told(ended, 2, *words)
    assert gazetteer.written() == set()


def test_an_unknown_owner_is_refused(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    ended = gazetteer.generate(
        "other", "--name", "O", "--source", "list.md", "--owner", "nobody"
    )

    assert_told(ended, 2, "no user 'nobody'", "admin")


def test_a_database_behind_the_code_is_not_touched(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    gazetteer.run("migrate", "directories", "zero")

    ended = gazetteer.generate("clocks", "--name", "Clocks", "--source", "list.md")

    assert_told(ended, 2, "manage.py migrate")


def test_no_item_anywhere_fails_without_a_repository(gazetteer: Gazetteer) -> None:
    gazetteer.migrate()
    (gazetteer.folder / "list.md").write_text("Nothing but prose.\n")

    ended = gazetteer.generate("clocks", "--name", "Clocks", "--source", "list.md")

    assert_told(ended, 1, "no item was found")
    assert not (gazetteer.state / "repositories").exists()


def test_an_unreachable_source_among_others_is_a_warning(gazetteer: Gazetteer) -> None:
    gazetteer.migrate()
    ended = gazetteer.generate(
        "clocks", "--name", "Clocks", "--json",
        "--source", "list.md", "--source", "http://127.0.0.1:9/list.md",
    )  # fmt: skip

    assert ended.status == 0
    assert any("127.0.0.1" in warning for warning in ended.json["warnings"])
    assert ended.json["items"]["total"] == 2


def test_a_second_run_at_once_names_the_first(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    pause = "from directories.models import *; d = Directory.objects.get()\n"
    pause += (
        "r = GenerationRun.objects.create(directory=d, request={}, trigger='api')\n"
    )
    run_id = gazetteer.run("shell", "-v0", "-c", f"{pause}print(r.pk)").stdout.strip()

    ended = gazetteer.generate("clocks")

    assert_told(ended, 1, run_id, "not over")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_nothing_changed(
    gazetteer: Gazetteer, number: signal.Signals
) -> None:
    gazetteer.make()
    before = gazetteer.heads()
    (gazetteer.folder / "list.md").write_text(
        f"{LIST}- [Fire](https://example.org/fire) - Burns down.\n"
    )
    path = git_that_waits(gazetteer, at="fast-import")
    process = gazetteer.start(
        "generate_directory", "clocks", "--source", "list.md", PATH=path
    )
    wait_until_at_work(gazetteer, process)

    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)

    assert_told(Ended(process.wait(), "", stderr), 130, "nothing was written")
    assert gazetteer.heads() == before
    assert gazetteer.generate("clocks", "--json").json["items"]["total"] == 3


def test_a_killed_run_does_not_block_the_next_for_ever(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    path = git_that_waits(gazetteer, at="ls-tree")
    process = gazetteer.start("generate_directory", "clocks", PATH=path)
    wait_until_at_work(gazetteer, process)
    process.kill()
    process.communicate(timeout=60)

    first = gazetteer.generate("clocks")
    expired = gazetteer.run(
        *("shell", "-v0", "-c"),
        "from django.utils import timezone; "
        "from directories.models import GenerationRun; "
        "GenerationRun.objects.update(lease_expires_at=timezone.now())",
    )
    last = gazetteer.generate("clocks")

    assert_told(first, 1, "not over")
    assert expired.status == 0, expired.stderr
    assert last.status == 0, last.stderr


def git_that_waits(gazetteer: Gazetteer, *, at: str) -> str:
    """Let the first git command of this name take until whoever has called it is dead."""
    at_work = gazetteer.folder / "at work"
    return stand_in_git(
        gazetteer,
        f'case "$*" in *{at}*) if [ ! -e "{at_work}" ]; then',
        f'  : > "{at_work}"; exec tail --pid=$PPID -f /dev/null',
        "fi ;; esac",
    )


def wait_until_at_work(gazetteer: Gazetteer, process: Started) -> None:
    while not (gazetteer.folder / "at work").exists():
        assert process.poll() is None
        time.sleep(0.1)


def stand_in_git(gazetteer: Gazetteer, *lines: str) -> str:
    """Put a script before git, and return the PATH on which it is found."""
    folder = gazetteer.folder / "bin"
    folder.mkdir()
    script = ["#!/bin/sh", *lines, f'exec {shutil.which("git")} "$@"', ""]
    (folder / "git").write_text("\n".join(script))
    (folder / "git").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_full_disk_leaves_the_repositories_as_they_were(gazetteer: Gazetteer) -> None:
    """A file-size limit on git stands in for the disk."""
    gazetteer.make()
    before = gazetteer.heads()
    path = stand_in_git(gazetteer, "ulimit -f 1")
    (gazetteer.folder / "list.md").write_text(
        LIST + f"- [Fire](https://example.org/fire) - {os.urandom(3000).hex()}\n"
    )

    ended = gazetteer.generate("clocks", "--source", "list.md", PATH=path)

    assert_told(ended, 1)
    assert gazetteer.heads() == before
    assert gazetteer.generate("clocks", "--json").json["items"]["total"] == 3


def test_the_bar_is_drawn_only_in_a_terminal(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    plain = gazetteer.generate("clocks")
    terminal = gazetteer.in_terminal("generate_directory", "clocks")

    assert "%" not in plain.stderr
    assert "━" in terminal.stderr


def test_a_token_is_made_for_a_user(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    known = gazetteer.run("create_token", "admin")
    unknown = gazetteer.run("create_token", "nobody")

    assert known.status == 0
    assert len(known.stdout.strip()) > 40
    assert_told(unknown, 2, "no active user")


def test_the_site_is_exported_and_replaced(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    site = gazetteer.folder / "site"

    first = gazetteer.run("export_site", "clocks", "site")
    second = gazetteer.run("export_site", "clocks", "site")

    assert first.status == second.status == 0
    assert (site / "index.html").as_uri() in first.stdout
    assert not (site / ".gazetteer").exists()


def test_an_export_never_replaces_what_it_did_not_write(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    mine = gazetteer.folder / "site" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")

    ended = gazetteer.run("export_site", "clocks", "site")

    assert_told(ended, 2, "another folder")
    assert mine.read_text() == "years of work"
