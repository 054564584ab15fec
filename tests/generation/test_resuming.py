"""A run that is lost anywhere ends like one that is not, and tells who did what."""

from __future__ import annotations

import errno
import json
import shutil
import time
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation import checkpoints
from generation.checkpoints import Checkpoint, code_version, pack, unpack
from generation.contract.commands import (
    Command,
    Heartbeat,
    PlannedCommit,
    PublishBegin,
    PublishDone,
    RecordAttemptFailure,
    RecordGenerationFinish,
    RecordSourcesRead,
    Reply,
    RepositoryKind,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
)
from generation.exceptions import (
    AttemptFailed,
    InternalAPIUnreachable,
    PublishedUnheard,
    RepositoryMoved,
    RunRefused,
    SourceUnreachable,
)
from generation.git import MAIN, Commit, Repository
from generation.git.command import run_git
from generation.orchestrator import generate
from generation.pipeline import STEPS
from generation.pipeline.draft import Draft, Entry
from generation.publish import KINDS, Publication, repository_path
from generation.report import Report
from generation.repositories.build import PARTS
from generation.sources.fetch import Page, Stop
from tests.fakes import CLOCKS, NOON, RUN_ID, FakeOperations, make_host, make_run
from tests.generation.made import first_run, made
from tests.generation.test_orchestrator import LATER, commit_by_hand, files

STEP_NAMES = [step.name for step in STEPS]


class Died(BaseException):
    """The process is gone: nobody reports anything any more."""


class Dying(FakeOperations):
    """Dies when a step begins, or just before or after it says what it is about to do."""

    begins: str = ""
    before: type[Command] | None = None
    after: type[Command] | None = None
    is_dead = False

    def send(self, *commands: Command) -> Reply:
        kinds = {type(command) for command in commands}
        steps = {c.step for c in commands if isinstance(c, UpdateGenerateStatus)}
        if self.is_dead and kinds == {Heartbeat}:
            # The thread that beats has died as well, without a word.
            raise InternalAPIUnreachable("gone")
        if self.is_dead or self.before in kinds:
            self.die()
        reply = super().send(*commands)
        if self.after in kinds or self.begins in steps - {None}:
            self.die()
        return reply

    def die(self) -> None:
        self.is_dead = True
        raise Died


def repositories(root: Path) -> dict[RepositoryKind, Repository]:
    return {
        kind: Repository(
            repository_path(root, namespace="ada", slug="clocks", kind=kind)
        )
        for kind in KINDS
    }


def trees(root: Path) -> list[str]:
    return [r.tree_id(r.head() or "") for r in repositories(root).values()]


def first_attempt(root: Path, **when: Any) -> Dying:
    run = make_run(("list.md", CLOCKS))
    dying = Dying(run.context, run.documents)
    for name, value in when.items():
        setattr(dying, name, value)
    with pytest.raises((Died, PublishedUnheard)):
        generate(dying, make_host(root))
    return dying


def next_attempt(lost: FakeOperations) -> FakeOperations:
    """What the web side tells the second attempt of what the first one has said."""
    planned = [c for c in lost.said if isinstance(c, PublishBegin)]
    reports = [c.report for c in lost.said if isinstance(c, UpdateGenerationHistory)]
    context = lost.context.model_copy(
        update={
            "attempt": 2,
            "has_checkpoint": lost.checkpoint is not None,
            "planned_commits": planned[-1].commits if planned else None,
            "report": reports[-1] if planned and reports else None,
        }
    )
    second = FakeOperations(context, lost.documents)
    second.checkpoint = lost.checkpoint
    return second


def undisturbed() -> list[str]:
    return trees(made())


def nothing_left_over(root: Path) -> None:
    for repository in repositories(root).values():
        assert list(repository.refs()) == [MAIN]


# --- steps


@pytest.mark.parametrize(
    "step", [*STEP_NAMES, *(part.name for part in PARTS), "publish"]
)
def test_run_is_taken_up_at_every_step(tmp_path: Path, step: str) -> None:
    root = tmp_path / "lost"
    second = next_attempt(first_attempt(root, begins=step))

    report = generate(second, make_host(root))

    assert trees(root) == undisturbed()
    nothing_left_over(root)
    names = [*STEP_NAMES, *(part.name for part in PARTS), "publish"]
    assert [step.name for step in report.steps] == names
    # A step that changed nothing is not put away, and gone through again.
    done = [step.name for step in report.steps if step.attempt == 1]
    assert done == names[: len(done)]
    if names.index(step) >= len(STEP_NAMES):
        assert done == STEP_NAMES


def test_second_attempt_does_not_read_the_sources_again(tmp_path: Path) -> None:
    second = next_attempt(first_attempt(tmp_path, begins="content-filtering"))
    second.documents = {}

    report = generate(second, make_host(tmp_path))

    assert report.items.total == 3


def test_without_a_checkpoint_everything_is_done_again(tmp_path: Path) -> None:
    second = next_attempt(first_attempt(tmp_path / "lost", begins="items-merge"))
    second.checkpoint = b"not ours"

    report = generate(second, make_host(tmp_path / "lost"))

    assert {step.attempt for step in report.steps} == {2}
    assert trees(tmp_path / "lost") == undisturbed()


@pytest.mark.parametrize("step", ["duplicates-review", "data-repository", "publish"])
def test_run_over_edited_items_is_taken_up(tmp_path: Path, step: str) -> None:
    """What a merge by the field has found out is put away, with files of people's text."""
    root = tmp_path / "lost"
    first_run(root)
    path = "data/vertical/vertical.yml"
    text = files(root)[path].replace("Hangs on a wall", "Häng’s — hoch")
    commit_by_hand(
        root,
        {path: f"# mine 😀\n{text}"},
        removals=("data/horizontal/horizontal.yml",),
    )
    shutil.copytree(root, tmp_path / "undisturbed")
    changed = (
        "list.md",
        CLOCKS.replace("Hangs on a", "Is on the") + "- [A](https://a.eu)",
    )
    planned = make_run(changed, clock=LATER)
    dying = Dying(planned.context, planned.documents)
    dying.begins = step
    with pytest.raises(Died):
        generate(dying, make_host(root))

    report = generate(next_attempt(dying), make_host(root))

    whole = generate(planned, make_host(tmp_path / "undisturbed"))
    assert trees(root) == trees(tmp_path / "undisturbed")
    assert report.steps[0].attempt == 1
    assert report.conflicts == whole.conflicts != ()


# --- which checkpoints are good


def kept(**changes: Any) -> Checkpoint:
    fields: dict[str, Any] = {
        "code": code_version(),
        "request": "one",
        "data_commit": "a" * 40,
        "step": STEP_NAMES[-1],
        "draft": Draft(warnings=("slow",)),
    }
    return Checkpoint(**fields | changes)


def again(content: bytes | None, **changes: Any) -> Checkpoint | None:
    assert content is not None
    return unpack(content, **{"request": "one", "data_commit": "a" * 40} | changes)


def test_checkpoint_comes_back() -> None:
    assert again(pack(kept())) == kept()


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"code": "older"}, {}),
        ({"request": "other"}, {}),
        ({"step": "a step of last year"}, {}),
        ({}, {"data_commit": "b" * 40}),
        ({}, {"data_commit": None}),
    ],
)
def test_checkpoint_of_something_else_is_ignored(
    changes: dict[str, Any], asked: dict[str, Any]
) -> None:
    assert again(pack(kept(**changes)), **asked) is None


def test_early_step_does_not_depend_on_what_is_published() -> None:
    early = pack(kept(step="items-extraction"))

    assert again(early, data_commit="b" * 40) is not None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        zlib.compress(b"[]"),
        zlib.compress(json.dumps({"code": 1}).encode()),
        (pack(kept()) or b"")[:-10],
    ],
    ids=["empty", "garbage", "list", "other", "cut"],
)
def test_broken_checkpoint_is_ignored(content: bytes) -> None:
    assert again(content) is None


def test_checkpoint_that_unpacks_to_too_much_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = pack(kept(draft=Draft(warnings=("slow" * 1000,))))
    monkeypatch.setattr(checkpoints, "LARGEST_UNPACKED", 1000)

    assert again(content) is None


def test_checkpoint_that_is_too_large_is_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoints, "LARGEST", 10)

    assert pack(kept()) is None


facts = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), facts, max_size=3))
def test_facts_come_back_as_they_were(found: dict[str, Any]) -> None:
    draft = Draft(entries=(Entry(name="a", url="https://example.org", facts=found),))

    back = again(pack(kept(draft=draft)))

    assert back is not None
    assert back.draft.entries[0].facts == found


# --- publishing


@pytest.mark.parametrize(
    "when",
    [{"before": PublishBegin}, {"after": PublishBegin}, {"before": PublishDone}],
    ids=["before it is said", "when it was said", "before the end is told"],
)
def test_half_published_run_is_finished(
    tmp_path: Path, when: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.journal.PAUSES", ())
    root = tmp_path / "lost"
    second = next_attempt(first_attempt(root, **when))

    report = generate(second, make_host(root))

    assert trees(root) == undisturbed()
    nothing_left_over(root)
    assert one_commit_each(root)
    assert isinstance(second.last(RecordGenerationFinish), RecordGenerationFinish)
    assert report.items.new == 3


@pytest.mark.parametrize("moved", range(4))
def test_run_that_died_between_the_branches_is_finished(
    tmp_path: Path, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "lost"
    second = next_attempt(die_after_moving(root, moved, monkeypatch))

    report = generate(second, make_host(root))

    assert trees(root) == undisturbed()
    nothing_left_over(root)
    assert one_commit_each(root)
    assert report.steps[-1].attempt == 2


@pytest.mark.parametrize(("moved", "pushed"), list(product(range(3), KINDS)))
def test_what_a_person_pushed_meanwhile_stays(
    tmp_path: Path,
    moved: int,
    pushed: RepositoryKind,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = next_attempt(die_after_moving(tmp_path, moved, monkeypatch))
    commit = push(repositories(tmp_path)[pushed])

    generate(second, make_host(tmp_path))

    assert repositories(tmp_path)[pushed].contains(commit)
    for repository in repositories(tmp_path).values():
        assert repository.head()
    nothing_left_over(tmp_path)


def test_lost_objects_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = next_attempt(die_after_moving(tmp_path / "lost", 1, monkeypatch))
    nowhere: dict[RepositoryKind, PlannedCommit] = {
        kind: commit.model_copy(update={"new": "b" * 40}) if kind == "list" else commit
        for kind, commit in (second.context.planned_commits or {}).items()
    }
    second.context = second.context.model_copy(update={"planned_commits": nowhere})

    generate(second, make_host(tmp_path / "lost"))

    assert trees(tmp_path / "lost") == undisturbed()


def test_published_run_that_nobody_hears_of_is_not_called_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.journal.PAUSES", ())
    run = make_run(("list.md", CLOCKS))

    class Deaf(FakeOperations):
        def send(self, *commands: Command) -> Reply:
            if any(isinstance(command, PublishDone) for command in commands):
                raise InternalAPIUnreachable("the web side is away")
            return super().send(*commands)

    deaf = Deaf(run.context, run.documents)
    with pytest.raises(PublishedUnheard):
        generate(deaf, make_host(tmp_path))

    said = {type(command) for command in deaf.said}
    assert not said & {RecordGenerationFinish, RecordAttemptFailure}
    assert isinstance(generate(next_attempt(deaf), make_host(tmp_path)), Report)
    assert one_commit_each(tmp_path)


# --- attempts that fail


def test_push_in_between_ends_the_attempt_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Publication) -> None:
        self.discard()
        raise RepositoryMoved("somebody was quicker")

    monkeypatch.setattr(Publication, "publish", refuse)
    run = make_run(("list.md", CLOCKS))

    with pytest.raises(AttemptFailed, match="quicker"):
        generate(run, make_host(tmp_path))

    failure = run.last(RecordAttemptFailure)
    assert isinstance(failure, RecordAttemptFailure)
    assert (failure.reason, failure.retry_after) == ("somebody was quicker", 0)


@pytest.mark.parametrize(
    "want",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
    ],
)
def test_want_of_memory_ends_the_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, want: Exception
) -> None:
    def eat(*args: object) -> None:
        raise want

    monkeypatch.setattr("generation.orchestrator.read_data", eat)
    run = make_run(("list.md", CLOCKS))

    with pytest.raises(AttemptFailed, match="memory"):
        generate(run, make_host(tmp_path))


def die_after_moving(
    root: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> FakeOperations:
    """An attempt that is lost when so many of the three branches have moved."""
    moved: list[Repository] = []
    move = Repository.move

    def counted(self: Repository, ref: str, **to: Any) -> None:
        if ref == MAIN:
            if len(moved) == count:
                raise Died
            moved.append(self)
        move(self, ref, **to)

    run = make_run(("list.md", CLOCKS))
    dying = Dying(run.context, run.documents)
    if count == 3:
        dying.before = PublishDone
    with monkeypatch.context() as patch:
        patch.setattr("generation.journal.PAUSES", ())
        patch.setattr(Repository, "move", counted)
        # A process that is killed moves nothing back.
        patch.setattr(Publication, "_move_back", lambda *a: None)
        patch.setattr(Publication, "discard", lambda *a: None)
        with pytest.raises((Died, PublishedUnheard)):
            generate(dying, make_host(root))
    return dying


def push(repository: Repository) -> str:
    """A person commits a file of their own on top of what is on `main`."""
    old = repository.head()
    commit = Commit(
        old, "By hand", "Eve", "eve@example.org", NOON, {"own.txt": b"mine\n"}, ()
    )
    written = repository.write(commit, ref="refs/eve/main")
    repository.move(MAIN, new=written, old=old)
    repository.move("refs/eve/main", new=None, old=written)
    return written


def one_commit_each(root: Path) -> bool:
    """Tell whether every repository has exactly one commit of the run."""
    for repository in repositories(root).values():
        log = run_git(repository.path, "log", "--format=%B", MAIN).decode()
        if log.count(f"Run-Id: {RUN_ID}") != 1:
            return False
    return True


# --- within the step that fetches


def test_pages_that_were_fetched_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.pipeline.reading.KEEPS_EVERY", 0.0)
    urls = [f"https://example.org/{n}" for n in range(3)]
    pages = {url: CLOCKS.replace("horizontal", f"h{n}") for n, url in enumerate(urls)}
    run = make_run(source_urls=urls)
    host = make_host(tmp_path, pages)
    asked: list[str] = []

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        asked.append(url)
        return host.fetch(url, typed=typed, stop=stop)

    def die_at_the_last(
        url: str, *, typed: bool = True, stop: Stop | None = None
    ) -> Page:
        if url == urls[2]:
            time.sleep(0.5)
            raise Died
        return fetch(url, typed=typed, stop=stop)

    with pytest.raises(Died):
        generate(run, host._replace(fetch=die_at_the_last))
    assert sorted(asked) == urls[:2]
    asked.clear()

    report = generate(next_attempt(run), host._replace(fetch=fetch))

    assert asked == urls[2:]
    assert [source.source for source in report.sources] == urls
    assert report.items.total == 5


def test_busy_sources_are_asked_again_when_they_say(tmp_path: Path) -> None:
    run = make_run(source_urls=["https://example.org/a", "https://example.org/b"])

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        problem = SourceUnreachable("the server wants to be asked less often")
        problem.retry_after = 120 if url.endswith("a") else 40
        raise problem

    with pytest.raises(AttemptFailed, match="less often"):
        generate(run, make_host(tmp_path)._replace(fetch=fetch))

    failure = run.last(RecordAttemptFailure)
    assert isinstance(failure, RecordAttemptFailure)
    assert failure.retry_after == 40


def test_one_busy_source_of_several_is_only_missing(tmp_path: Path) -> None:
    run = make_run(("list.md", CLOCKS), source_urls=["https://example.org/a"])

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        problem = SourceUnreachable("the server wants to be asked less often")
        problem.retry_after = 120
        raise problem

    report = generate(run, make_host(tmp_path)._replace(fetch=fetch))

    assert report.items.total == 3
    assert any("less often" in warning for warning in report.warnings)


class Superseded(FakeOperations):
    """Is told that another attempt has the run, when it says what it will publish."""

    meanwhile: Callable[[], object]

    def send(self, *commands: Command) -> Reply:
        if any(isinstance(command, PublishBegin) for command in commands):
            self.meanwhile()
            raise RunRefused("attempt 2 has it")
        return super().send(*commands)


def test_attempt_that_comes_too_late_leaves_nothing_behind(tmp_path: Path) -> None:
    run = make_run(("list.md", CLOCKS))
    late = Superseded(run.context, run.documents)
    late.meanwhile = lambda: generate(next_attempt(late), make_host(tmp_path))

    with pytest.raises(RunRefused):
        generate(late, make_host(tmp_path))

    nothing_left_over(tmp_path)
    assert trees(tmp_path) == undisturbed()


def test_attempt_that_comes_too_late_takes_no_repository_away(tmp_path: Path) -> None:
    run = make_run(("list.md", CLOCKS))
    late = Superseded(run.context, run.documents)
    late.meanwhile = lambda: None

    with pytest.raises(RunRefused):
        generate(late, make_host(tmp_path))

    for repository in repositories(tmp_path).values():
        assert repository.exists()
        assert not repository.refs()


def test_what_was_read_is_said_by_the_attempt_that_goes_on(tmp_path: Path) -> None:
    lost = first_attempt(tmp_path, before=RecordSourcesRead)
    second = next_attempt(lost)

    generate(second, make_host(tmp_path))

    assert not any(isinstance(c, RecordSourcesRead) for c in lost.said)
    said = [c for c in second.said if isinstance(c, RecordSourcesRead)]
    assert said == [RecordSourcesRead(sources=1, entries=3)]
