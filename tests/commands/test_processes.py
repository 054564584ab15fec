"""Each command and each of its exit statuses once as a process of its own.

The other tests of this folder go through the same command line inside of theirs.
"""

from __future__ import annotations

import json

import pytest

from tests.commands.conftest import Gazetteer


@pytest.mark.parametrize(
    ("status", "command", "words"),
    [
        (0, "generate_directory clocks", "(unchanged)"),
        (
            1,
            "generate_directory prose --name Prose --source prose.md",
            "no item was found",
        ),
        (2, "generate_directory nothing", "no directory nothing"),
        (0, "inspect_source list.md", "2 items"),
        (1, "inspect_source nowhere.md", "Give an existing file"),
        (2, "inspect_source", "usage"),
        (0, "items edit clocks vertical --description Short.", "'Short.'"),
        (2, "items edit clocks nothing --description Short.", "nothing"),
        (0, "taxonomy list clocks category", "Sundials"),
        (2, "taxonomy delete clocks category sundials", "holds 2 items"),
        (0, "export_items clocks", "slug,name,description,"),
        (2, "export_items nothing", "no directory nothing"),
        (0, "import_items clocks list.md", "left out"),
        (2, "import_items clocks prose.md", "could be an item"),
        (0, "proposals list", ""),
        (2, "proposals show clocks", "proposal"),
        (0, "runs list", "clocks"),
        (1, "runs cancel clocks", "succeeded already"),
        (2, "runs show nothing", "runs list"),
        (0, "export_site clocks site --no-index", "site"),
        (2, "export_site nothing site", "no directory nothing"),
        (0, "backup backup.tar.gz", "backup.tar.gz"),
        (1, "restore list.md", "damaged"),
        (0, "create_token admin", "gaz_"),
        (2, "create_token nobody", "no active user"),
        (0, "delete_directory clocks --yes --repositories keep", "clocks"),
        (
            2,
            "delete_directory nothing --yes --repositories keep",
            "no directory nothing",
        ),
    ],
)
def test_process_ends_with_the_status_and_says_why(
    gazetteer: Gazetteer, status: int, command: str, words: str
) -> None:
    gazetteer.make()
    (gazetteer.folder / "prose.md").write_text("Nothing but prose.\n")

    ended = gazetteer.run_process(*command.split())

    assert ended.status == status, ended.stderr
    assert words in (ended.stdout + ended.stderr).replace("There is", "there is")
    assert "Traceback" not in ended.stderr
    if status == 0:
        assert "Error" not in ended.stderr


def test_process_writes_json_and_nothing_else_to_its_standard_output(
    gazetteer: Gazetteer,
) -> None:
    gazetteer.make()

    process = gazetteer.start_python("generate_directory", "clocks", "--json")
    stdout, _ = process.communicate(timeout=120)

    assert json.loads(stdout)["items"]["unchanged"] == 2
