"""A whole run against real git, with the web side played by a fake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from generation.contract.commands import (
    Command,
    EmitGenerationCompleted,
    Outcome,
    PublishBegin,
    PublishDone,
    RecordGenerationFinish,
    RecordGenerationStart,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
)
from generation.exceptions import (
    NothingFound,
    RepositoryError,
    RunCancelled,
    RunRefused,
)
from generation.git import MAIN, Commit, Repository
from generation.journal import Progress
from generation.orchestrator import generate
from generation.pipeline import STEPS
from generation.report import Report
from generation.repositories.build import PARTS
from generation.yaml import parse
from tests.fakes import CLOCKS, NOON, FakeOperations, make_host, make_run

LATER = NOON + timedelta(days=3)


def repository(root: Path, kind: str = "data") -> Repository:
    suffix = {"data": "-data", "list": "", "website": "-website"}[kind]
    return Repository(root / "ada" / f"clocks{suffix}.git")


def heads(root: Path) -> list[str | None]:
    return [repository(root, kind).head() for kind in ("data", "list", "website")]


def files(root: Path, kind: str = "data") -> dict[str, str]:
    found = repository(root, kind)
    tree = found.tree(found.head() or "")
    contents = found.read(tree.values())
    return {path: c.decode() for path, c in zip(tree, contents, strict=True)}


def commit_by_hand(
    root: Path,
    changes: Mapping[str, str],
    *,
    kind: str = "data",
    removals: tuple[str, ...] = (),
) -> None:
    """A person sets and removes files, and pushes."""
    found = repository(root, kind)
    old = found.head()
    commit = Commit(
        old,
        "By hand",
        "Eve",
        "eve@example.org",
        NOON,
        {path: text.encode() for path, text in changes.items()},
        removals,
    )
    found.move(MAIN, new=found.write(commit, ref="refs/heads/eve"), old=old)


def report_of(operations: FakeOperations) -> Report:
    """What a run that succeeded said of itself."""
    history = operations.last(UpdateGenerationHistory)
    assert isinstance(history, UpdateGenerationHistory)
    return history.report


def run(root: Path, *documents: tuple[str, str], **options: object) -> FakeOperations:
    operations = make_run(*(documents or (("list.md", CLOCKS),)), **options)  # type: ignore[arg-type]
    generate(operations, make_host(root))
    return operations


def test_a_list_becomes_three_repositories(tmp_path: Path) -> None:
    run(tmp_path)

    data = files(tmp_path)
    assert "data/clepsydra/clepsydra.yml" in data
    assert (
        "[Clepsydra](https://example.org/clepsydra)"
        in files(tmp_path, "list")["README.md"]
    )
    assert "items/clepsydra/index.html" in files(tmp_path, "website")


def test_both_names_of_the_configuration_hold_the_same(tmp_path: Path) -> None:
    run(tmp_path)

    data = files(tmp_path)
    assert data["config.yml"] == data[".works/works.yml"]


def test_a_run_tells_its_story_in_order(tmp_path: Path) -> None:
    operations = run(tmp_path)

    kinds = [type(command) for command in operations.said]
    steps = [
        command.step
        for command in operations.said
        if isinstance(command, UpdateGenerateStatus) and command.step
    ]
    names = [*(s.name for s in STEPS), *(p.name for p in PARTS), "publish"]
    assert list(dict.fromkeys(steps)) == names
    assert kinds[0] is RecordGenerationStart
    assert kinds[-1] is EmitGenerationCompleted
    assert kinds.index(PublishBegin) < kinds.index(PublishDone)


def test_planned_commits_are_told_before_they_are_published(tmp_path: Path) -> None:
    operations = run(tmp_path)

    begin = operations.last(PublishBegin)
    assert isinstance(begin, PublishBegin)
    assert [commit.new for commit in begin.commits.values()] == heads(tmp_path)


def test_progress_only_grows(tmp_path: Path) -> None:
    moments: list[Progress] = []
    operations = make_run(("list.md", CLOCKS))

    generate(operations, make_host(tmp_path), listen=moments.append)

    percents = [moment.percent for moment in moments]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_a_second_run_makes_no_commit(tmp_path: Path) -> None:
    run(tmp_path)
    before = heads(tmp_path)

    operations = run(tmp_path, clock=LATER)

    begin = operations.last(PublishBegin)
    assert isinstance(begin, PublishBegin)
    assert [commit.new for commit in begin.commits.values()] == [None] * 3
    assert heads(tmp_path) == before


def test_equal_input_gives_equal_trees(tmp_path: Path) -> None:
    trees = []
    for folder in ("one", "other"):
        root = tmp_path / folder
        run(root)
        trees.append(
            [
                repository(root, kind).tree_id("main")
                for kind in ("data", "list", "website")
            ]
        )

    assert trees[0] == trees[1]


def test_only_what_changed_is_dated_anew(tmp_path: Path) -> None:
    run(tmp_path)
    changed = CLOCKS.replace("Hangs on a wall", "Hangs on a southern wall")

    run(tmp_path, ("list.md", changed), clock=LATER)

    data = files(tmp_path)
    assert "updated_at: '2026-11-25 12:00'" in data["data/vertical/vertical.yml"]
    assert "updated_at: '2026-11-22 12:00'" in data["data/horizontal/horizontal.yml"]


def test_a_hand_edited_item_is_left_alone_and_shown_everywhere(tmp_path: Path) -> None:
    run(tmp_path)
    path = "data/vertical/vertical.yml"
    edited = files(tmp_path)[path].replace("Hangs on a wall", "My favourite")
    commit_by_hand(tmp_path, {path: edited})
    changed = CLOCKS.replace("Hangs on a wall", "Hangs on a southern wall")

    operations = run(tmp_path, ("list.md", changed), clock=LATER)

    history = operations.last(UpdateGenerationHistory)
    assert isinstance(history, UpdateGenerationHistory)
    assert history.report.repositories["data"].left_alone == (path,)
    assert any(path in note for note in history.report.notes)
    assert files(tmp_path)[path] == edited
    assert "My favourite" in files(tmp_path, "list")["README.md"]
    assert "My favourite" in files(tmp_path, "website")["items/vertical/index.html"]


@pytest.mark.parametrize("kind", ["list", "website"])
def test_a_hand_edited_page_is_left_alone(tmp_path: Path, kind: str) -> None:
    run(tmp_path)
    path = {"list": "README.md", "website": "index.html"}[kind]
    commit_by_hand(tmp_path, {path: "mine"}, kind=kind)

    run(tmp_path, ("list.md", CLOCKS + "- [Fire](https://example.org/fire) - Hot.\n"))

    assert files(tmp_path, kind)[path] == "mine"
    assert "data/fire/fire.yml" in files(tmp_path)


def test_an_item_that_a_person_removed_stays_away(tmp_path: Path) -> None:
    run(tmp_path)
    gone = ("data/vertical/vertical.yml", "data/vertical/vertical.md")
    commit_by_hand(tmp_path, {}, removals=gone)

    first = run(tmp_path, clock=LATER)
    second = run(tmp_path, clock=LATER)

    for operations in (first, second):
        history = operations.last(UpdateGenerationHistory)
        assert isinstance(history, UpdateGenerationHistory)
        reasons = {left.name: left.reason for left in history.report.left_out}
        assert reasons == {"Vertical": "a person removed it from the directory"}
    assert not set(gone) & set(files(tmp_path))
    assert "Vertical" not in files(tmp_path, "list")["README.md"]


def test_an_item_that_a_person_added_is_shown_and_kept(tmp_path: Path) -> None:
    run(tmp_path)
    mine = (
        "name: Candle\nsource_url: https://example.org/candle\ncategory: Fire clocks\n"
    )
    commit_by_hand(tmp_path, {"data/candle/candle.yml": mine})

    run(tmp_path, clock=LATER)

    assert files(tmp_path)["data/candle/candle.yml"] == mine
    assert (
        "- id: fire-clocks\n  name: Fire clocks\n" in files(tmp_path)["categories.yml"]
    )
    assert "## Fire clocks" in files(tmp_path, "list")["README.md"]


def test_a_hand_edited_category_file_grows_and_keeps_its_text(tmp_path: Path) -> None:
    run(tmp_path)
    mine = "# my order\n- {id: water-clocks, name: Clocks with water}\n- id: sundials\n  name: Sundials"
    commit_by_hand(tmp_path, {"categories.yml": mine})
    longer = (
        CLOCKS + "\n## Fire clocks\n\n- [Candle](https://example.org/candle) - Burns.\n"
    )

    run(tmp_path, ("list.md", longer), clock=LATER)

    assert files(tmp_path)["categories.yml"] == (
        f"{mine}\n- id: fire-clocks\n  name: Fire clocks\n"
    )
    assert "## Clocks with water" in files(tmp_path, "list")["README.md"]


def test_an_unreadable_category_file_stops_the_run(tmp_path: Path) -> None:
    run(tmp_path)
    commit_by_hand(tmp_path, {"categories.yml": "- id: ["})
    before = heads(tmp_path)

    with pytest.raises(RepositoryError, match=r"categories\.yml .* cannot be read"):
        run(tmp_path)

    assert heads(tmp_path) == before


def test_an_unreadable_item_is_left_alone_with_a_warning(tmp_path: Path) -> None:
    run(tmp_path)
    commit_by_hand(tmp_path, {"data/vertical/vertical.yml": "name: ["})

    operations = run(tmp_path, clock=LATER)

    history = operations.last(UpdateGenerationHistory)
    assert isinstance(history, UpdateGenerationHistory)
    assert any("vertical.yml was left alone" in w for w in history.report.warnings)
    assert files(tmp_path)["data/vertical/vertical.yml"] == "name: ["


def test_unknown_keys_survive_an_update(tmp_path: Path) -> None:
    run(tmp_path)
    path = "data/vertical/vertical.yml"
    mine = files(tmp_path)[path] + "colour: red\n"
    commit_by_hand(tmp_path, {path: mine})

    run(tmp_path, ("list.md", CLOCKS.replace("Hangs", "Sits")), clock=LATER)

    updated = mine.replace("Hangs", "Sits").replace("2026-11-22 ", "2026-11-25 ")
    assert files(tmp_path)[path] == updated


def test_the_day_on_which_an_item_was_added_stays(tmp_path: Path) -> None:
    run(tmp_path)
    path = "data/vertical/vertical.yml"
    first = parse(files(tmp_path)[path].encode())["meta"]

    run(tmp_path, ("list.md", CLOCKS.replace("Hangs", "Sits")), clock=LATER)

    assert first == {"added_at": "2026-11-22"}
    assert parse(files(tmp_path)[path].encode())["meta"] == first
    assert "Vertical" in files(tmp_path, "website")["new/index.html"]


@pytest.mark.parametrize(("mine", "kept"), [("", None), ("2020-02-02", "2020-02-02")])
def test_a_day_that_a_person_removed_or_changed_stays_so(
    tmp_path: Path, mine: str, kept: str | None
) -> None:
    run(tmp_path)
    path = "data/vertical/vertical.yml"
    line = "  added_at: '2026-11-22'\n"
    text = files(tmp_path)[path]
    assert line in text
    text = text.replace(line, line.replace("2026-11-22", mine) if mine else "")
    commit_by_hand(tmp_path, {path: text.removesuffix("meta:\n")})

    run(tmp_path, ("list.md", CLOCKS.replace("Hangs", "Sits")), clock=LATER)

    document = parse(files(tmp_path)[path].encode())
    assert "Sits" in document["description"]
    assert document.get("meta", {}).get("added_at") == kept


def test_create_update_removes_nothing(tmp_path: Path) -> None:
    run(tmp_path)

    run(
        tmp_path, ("list.md", CLOCKS.replace("- [Vertical]", "[Vertical]")), clock=LATER
    )

    assert "data/vertical/vertical.yml" in files(tmp_path)


def test_recreate_removes_what_is_gone_from_its_source(tmp_path: Path) -> None:
    run(tmp_path)

    operations = run(
        tmp_path,
        ("list.md", CLOCKS.replace("- [Vertical]", "[Vertical]")),
        clock=LATER,
        generation_method="recreate",
        allow_removals=True,
    )

    history = operations.last(UpdateGenerationHistory)
    assert isinstance(history, UpdateGenerationHistory)
    assert history.report.items.removed == 1
    assert "data/vertical/vertical.yml" not in files(tmp_path)
    assert "items/vertical/index.html" not in files(tmp_path, "website")


def test_recreate_spares_what_a_person_edited(tmp_path: Path) -> None:
    run(tmp_path)
    path = "data/vertical/vertical.yml"
    mine = files(tmp_path)[path] + "featured: true\n"
    commit_by_hand(tmp_path, {path: mine})

    run(
        tmp_path,
        ("list.md", CLOCKS.replace("- [Vertical]", "[Vertical]")),
        generation_method="recreate",
    )

    assert files(tmp_path)[path] == mine


def test_a_source_that_fails_takes_nothing_away(tmp_path: Path) -> None:
    url = "https://example.org/clocks.md"
    request = {"source_urls": [url], "generation_method": "recreate"}
    other = ("other.md", "- [Metronome](https://example.org/metronome) - Ticks.\n")
    generate(make_run(other, **request), make_host(tmp_path, {url: CLOCKS}))  # type: ignore[arg-type]

    operations = make_run(other, clock=LATER, **request)  # type: ignore[arg-type]
    report = generate(operations, make_host(tmp_path))

    assert report.items.removed == 0
    assert report.items.total == 4
    assert any("status 404" in warning for warning in report.warnings)


def test_the_same_item_in_two_sources_is_one_with_both_as_evidence(
    tmp_path: Path,
) -> None:
    again = "- [Vertical](http://www.example.org/vertical/?utm_source=x) - Also here.\n"

    operations = run(tmp_path, ("list.md", CLOCKS), ("again.md", again))

    history = operations.last(UpdateGenerationHistory)
    assert isinstance(history, UpdateGenerationHistory)
    assert history.report.items.total == 3
    assert [merge.merged for merge in history.report.merges] == ["Vertical (again.md)"]
    state = files(tmp_path)[".gazetteer/items.jsonl"]
    [line] = [line for line in state.splitlines() if '"vertical"' in line]
    assert "again.md" in line
    assert "list.md" in line


def test_no_item_at_all_makes_no_repository(tmp_path: Path) -> None:
    operations = make_run(("empty.md", "Nothing to see here.\n"))

    with pytest.raises(NothingFound):
        generate(operations, make_host(tmp_path))

    finish = operations.last(RecordGenerationFinish)
    assert isinstance(finish, RecordGenerationFinish)
    assert finish.outcome is Outcome.FAILED
    assert "no item" in finish.error
    assert not tmp_path.exists() or list(tmp_path.iterdir()) == []


def test_a_document_that_no_reader_takes_says_why(tmp_path: Path) -> None:
    operations = make_run(("deep.json", "[" * 1_000 + "]" * 1_000))

    with pytest.raises(NothingFound, match=r"deep\.json: It is nested"):
        generate(operations, make_host(tmp_path))


def test_all_sources_failing_ends_the_run(tmp_path: Path) -> None:
    operations = make_run(source_urls=["https://example.org/a"])

    with pytest.raises(NothingFound, match="status 404"):
        generate(operations, make_host(tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "step", [*(s.name for s in STEPS), *(p.name for p in PARTS), "publish"]
)
def test_a_run_can_be_cancelled_in_every_step(tmp_path: Path, step: str) -> None:
    run(tmp_path)
    before = heads(tmp_path)
    operations = make_run(
        ("list.md", CLOCKS + "- [Fire](https://example.org/f) - Hot.")
    )
    operations.cancel_at = step

    with pytest.raises(RunCancelled):
        generate(operations, make_host(tmp_path))

    finish = operations.last(RecordGenerationFinish)
    assert isinstance(finish, RecordGenerationFinish)
    assert finish.outcome is Outcome.CANCELLED
    assert heads(tmp_path) == before
    assert [repository(tmp_path).head("refs/gazetteer")] == [None]


@pytest.mark.parametrize(
    "step", [*(s.name for s in STEPS), *(p.name for p in PARTS), "publish"]
)
def test_an_interrupt_in_every_step_leaves_no_repository(
    tmp_path: Path, step: str
) -> None:
    operations = make_run(("list.md", CLOCKS))

    def interrupt(moment: Progress) -> None:
        if moment.step == step:
            raise KeyboardInterrupt

    with pytest.raises(RunCancelled):
        generate(operations, make_host(tmp_path), listen=interrupt)

    assert not tmp_path.exists() or list(tmp_path.iterdir()) == []
    run(tmp_path)
    assert None not in heads(tmp_path)


def test_a_mistake_of_ours_is_reported_without_its_inside(tmp_path: Path) -> None:
    operations = make_run(("list.md", CLOCKS))

    def stumble(moment: Progress) -> None:
        raise ZeroDivisionError("secret details")

    with pytest.raises(ZeroDivisionError):
        generate(operations, make_host(tmp_path), listen=stumble)

    finish = operations.last(RecordGenerationFinish)
    assert isinstance(finish, RecordGenerationFinish)
    assert finish.outcome is Outcome.FAILED
    assert "secret details" not in finish.error


def test_a_refused_claim_says_nothing_more(tmp_path: Path) -> None:
    class Refusing(FakeOperations):
        def send(self, *commands: Command):  # type: ignore[no-untyped-def]
            raise RunRefused("another attempt has it")

    operations = make_run(("list.md", CLOCKS))
    refusing = Refusing(operations.context, operations.documents)

    with pytest.raises(RunRefused):
        generate(refusing, make_host(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_shows_the_changes_and_writes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    before = set(tmp_path.rglob("*"))
    changed = CLOCKS.replace("Hangs", "Sits") + "- [Fire](https://example.org/f) - Hot."
    operations = make_run(("list.md", changed), clock=LATER)

    report = generate(operations, make_host(tmp_path), dry_run=True)

    assert [(change.kind, change.slug) for change in report.changes] == [
        ("added", "fire"),
        ("updated", "vertical"),
    ]
    assert set(tmp_path.rglob("*")) == before


def test_a_prompt_on_another_subject_is_a_warning(tmp_path: Path) -> None:
    operations = run(
        tmp_path,
        prompt="Restaurants with vegan lunch menus near the harbour",
        previous_prompt="Historic clocks that work without electricity",
    )

    history = operations.last(UpdateGenerationHistory)
    assert isinstance(history, UpdateGenerationHistory)
    assert any("something else" in warning for warning in history.report.warnings)
