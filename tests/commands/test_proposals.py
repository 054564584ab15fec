"""Review from the command line, in real processes."""

from __future__ import annotations

from tests.commands.conftest import LIST, Gazetteer


def longer(gazetteer: Gazetteer) -> None:
    text = LIST.replace("Hangs on a wall.", "Hangs high.")
    candle = "- [Candle](https://example.org/candle) - Burns down.\n"
    (gazetteer.folder / "list.md").write_text(text + candle)


def propose(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    longer(gazetteer)
    ended = gazetteer.generate(
        "clocks",
        "--source",
        "list.md",
        "--pull-request",
        SOURCE_DATE_EPOCH="1780100000",
    )
    assert ended.status == 0, ended.stderr
    assert "proposals accept admin/clocks 1" in ended.stdout


def test_a_proposal_is_shown_and_accepted_in_parts(gazetteer: Gazetteer) -> None:
    propose(gazetteer)

    shown = gazetteer.run("proposals", "show", "clocks")
    part = gazetteer.run("proposals", "accept", "clocks", "1", "--item", "candle")
    rest = gazetteer.run("proposals", "show", "clocks", "1", "--json")
    whole = gazetteer.run("proposals", "accept", "clocks", "--merge")
    parents = gazetteer.run_git("clocks-data.git", "show", "--format=%P", "--quiet")

    lines = shown.stdout.splitlines()
    assert "+ candle  Candle" in lines
    assert '    description: "Hangs on a wall." → "Hangs high."' in lines
    assert "is open: 1 changed" in part.stdout
    assert [i["slug"] for i in rest.json["difference"]["items"]] == ["vertical"]
    assert "is accepted" in whole.stdout
    assert len(parents.split()) == 2
    listed = gazetteer.run_git("clocks.git", "show", "main:README.md")
    assert "Candle" in listed
    assert "Hangs high." in listed


def test_a_rejected_proposal_changes_nothing(gazetteer: Gazetteer) -> None:
    propose(gazetteer)
    before = gazetteer.heads()

    ended = gazetteer.run("proposals", "reject", "clocks", "--reason", "No.", "--json")
    again = gazetteer.run("proposals", "accept", "clocks", "1")
    none = gazetteer.run("proposals", "show", "clocks")
    listed = gazetteer.run("proposals", "list", "--state", "rejected")

    assert (ended.json["state"], ended.json["note"]) == ("rejected", "No.")
    assert (again.status, none.status) == (1, 2)
    assert "is rejected already" in again.stderr
    assert "1 added, 1 changed" in listed.stdout
    assert gazetteer.heads() == before


def test_a_switch_asks_for_review(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    longer(gazetteer)
    before = gazetteer.heads()

    gazetteer.run("proposals", "review", "clocks", "on")
    waits = gazetteer.generate("clocks", "--source", "list.md", "--json")
    held = gazetteer.heads()
    direct = gazetteer.generate("clocks", "--no-pull-request", "--json")

    assert (waits.json["proposal"], held) == (1, before)
    assert waits.json["repositories"]["data"]["branch"] == "gazetteer/proposal-1"
    assert direct.json["proposal"] is None
    assert gazetteer.heads() != before


def test_a_file_may_ask_for_review(gazetteer: Gazetteer) -> None:
    gazetteer.migrate()
    path = gazetteer.folder / "directory.toml"
    path.write_text(
        'name = "Clocks"\nslug = "clocks"\nsources = ["list.md"]\nreview = true\n'
    )

    ended = gazetteer.generate("directory.toml", "--json")

    assert ended.json["proposal"] == 1
    branches = gazetteer.run_git(
        "clocks-data.git", "branch", "--format=%(refname:short)"
    )
    assert branches == "gazetteer/proposal-1"


def test_two_wishes_at_once_are_refused(gazetteer: Gazetteer) -> None:
    ended = gazetteer.generate("clocks", "--pull-request", "--no-pull-request")

    assert ended.status == 2
