"""What a release has left behind goes on as if the release had stayed.

Migrate, run without new input, edit, accept, undo: nothing is lost, nothing is taken for a
person's edit that is none, `updated_at` stays, and trees change only as ANNOUNCED says.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management import call_command
from django.db.models.functions import Now
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from config.env import CHECKOUT, Environment
from directories.exceptions import NotPossible
from directories.models import (
    Directory,
    GenerationRun,
    Proposal,
    ProposalState,
    RunState,
)
from directories.services import editing, proposals, runs, sweeping
from directories.services.backups import restore
from directories.services.directories import GivenDocument
from directories.services.editing import How
from directories.services.proposing import repositories_of
from directories.services.requests import build_request
from generation.contract.request import GenerationRequest, Website
from generation.editing.operations import AddItem, RemoveItem, RenameLabel, UpdateItem
from generation.git import MAIN
from generation.repositories.state import FILES, is_table
from tests.upgrade.installation import (
    NEW,
    OLD,
    RELEASES,
    Installation,
    Release,
    files_of,
    plain,
    report_of,
)

Files = dict[str, dict[str, str]]


class Announced(NamedTuple):
    """Files that a release may change without new input, and the words that say so."""

    kind: str
    paths: str
    words: str


# Every entry is a promise to users: its words stand in CHANGELOG.md. `paths` is a regular
# expression for whole paths in the repository of that kind.
ANNOUNCED: tuple[Announced, ...] = (
    Announced(
        "website",
        r"(?:.*/)?[^/]+\.html|assets/(?:style\.css|site\.js)",
        "The website has a menu on screens below 1,024 px, too",
    ),
    *(
        Announced(
            kind,
            paths,
            "An item of an existing directory whose file holds such a word without quotes "
            "shows it as it stands",
        )
        for kind, paths in (
            ("data", r"tags\.yml|\.gazetteer/labels\.jsonl"),
            ("list", r"details/chisel\.md"),
            ("website", r"assets/items\.js|items\.(?:csv|json)"),
        )
    ),
)
# By which code each page was made: nobody is shown that, and any code is another one.
MADE_BY = ("website", ".gazetteer/pages.jsonl")

# Where one run after another takes long.
LARGE = ("ada/parts",)

QUIET = [
    (folder, name)
    for folder in sorted(RELEASES.iterdir())
    for name in Release.read(folder).expected["quiet"]
]
each_quiet = pytest.mark.parametrize(
    ("release", "name"),
    QUIET,
    indirect=["release"],
    ids=[f"{folder.name}-{name}" for folder, name in QUIET],
)


def unannounced(
    installation: Installation,
    name: str,
    before: Files,
    after: Files,
    *,
    announced: tuple[Announced, ...] = ANNOUNCED,
) -> list[str]:
    """Files that are not as they were, nor as the release itself would have made them."""
    would_be = installation.expected["next"][name]
    found: list[str] = []
    for kind, files in after.items():
        changed = [
            path
            for path in sorted({*before[kind], *files})
            if files.get(path)
            not in (
                before[kind].get(path),
                would_be[kind].get(path, before[kind].get(path)),
            )
            and (kind, path) != MADE_BY
        ]
        rest = [
            path
            for path in changed
            if not any(
                a.kind == kind and re.fullmatch(a.paths, path) for a in announced
            )
        ]
        if len(rest) < len(changed):
            # The table of what was written names each file with its content.
            rest = [path for path in rest if not is_table(path, FILES)]
        found += [f"{kind}: {path}" for path in rest]
    return found


def test_only_what_is_announced_may_change(installation: Installation) -> None:
    name = "bea/books"
    before = installation.files(name)
    files = [".gazetteer/files.jsonl", "assets/style.css", "index.html"]
    changed = before["website"] | dict.fromkeys(files, "0" * 40)
    after = before | {"website": changed}
    style = Announced("website", r"assets/.*", "Links are green.")

    found = unannounced(installation, name, before, after, announced=())
    with_style = unannounced(installation, name, before, after, announced=(style,))

    assert found == [f"website: {path}" for path in files]
    assert with_style == ["website: index.html"]


def test_every_announced_change_stands_in_the_changelog() -> None:
    changelog = " ".join((CHECKOUT / "CHANGELOG.md").read_text().split())

    assert [a.words for a in ANNOUNCED if a.words not in changelog] == []


# --- migrating


def test_every_row_is_there_with_all_that_it_said(installation: Installation) -> None:
    stored = (installation.release.folder / "database.jsonl").read_text().splitlines()

    lost = []
    for row in map(json.loads, stored):
        model = apps.get_model(row["model"])
        found = model._default_manager.filter(pk=row["pk"])
        now = json.loads(
            serializers.serialize("json", found, use_natural_foreign_keys=True)
        )
        fields = now[0]["fields"] if now else {}
        lost += [
            (row["model"], row["pk"], field)
            for field, value in row["fields"].items()
            if fields.get(field, value) != value or not now
        ]

    assert lost == []


def test_every_branch_is_there(installation: Installation) -> None:
    directories = installation.expected["directories"]

    assert {str(d) for d in Directory.objects.all()} == set(directories)
    assert {name: installation.refs(name) for name in directories} == {
        name: told["refs"] for name, told in directories.items()
    }


def test_nothing_is_taken_for_a_persons_edit(installation: Installation) -> None:
    found = {
        name: installation.edited(name) - set(told["edited"])
        for name, told in installation.expected["directories"].items()
    }

    assert {name: slugs for name, slugs in found.items() if slugs} == {}


def test_backup_is_restored_or_refused_with_the_way_to_go(
    installation: Installation, tmp_path: Path, settings: Settings
) -> None:
    backup = installation.release.backup(tmp_path / "backup.tar.gz")
    settings.GIT_ROOT = tmp_path / "elsewhere"
    call_command("flush", interactive=False, verbosity=0)

    if not installation.release.has_our_scheme():
        with pytest.raises(NotPossible, match="restore it with the release that made"):
            restore(backup)
        assert not Directory.objects.exists()
        return
    restored = restore(backup)

    directories = installation.expected["directories"]
    assert restored.directories == len(directories)
    for name, told in directories.items():
        for kind, refs in told["refs"].items():
            branches = {r: c for r, c in refs.items() if r.startswith("refs/heads/")}
            repositories = repositories_of(installation.directory(name))
            assert repositories[kind].refs() == branches


# --- running


@each_quiet
def test_run_without_new_input_changes_nothing_unannounced(
    installation: Installation, name: str
) -> None:
    before, dates = installation.files(name), installation.dates(name)
    would_be = installation.expected["next"][name]["data"]

    installation.generate(name)

    after = installation.files(name)
    assert unannounced(installation, name, before, after) == []
    # What a person has changed since is of another date, by the release as well.
    seen = [slug for slug in dates if f"data/{slug}/{slug}.yml" not in would_be]
    now = installation.dates(name)
    assert {slug: now[slug] for slug in seen} == {slug: dates[slug] for slug in seen}
    known = set(installation.expected["directories"][name]["edited"])
    assert installation.edited(name) <= known
    if name not in LARGE:
        heads = installation.heads(name)
        installation.generate(name)
        assert installation.heads(name) == heads


def test_what_a_person_wrote_survives_a_changed_source(followed: Installation) -> None:
    assert followed.lost_edits("ada/workshop") == []


def test_changed_source_reaches_all_that_a_person_left_alone(
    followed: Installation,
) -> None:
    name = "ada/workshop"
    own = followed.expected["edits"][name]

    said, texts = followed.descriptions(name), followed.texts(name)

    stale = {slug for slug, text in said.items() if OLD.decode() in text}
    # The description of an item whose other fields a person has edited follows.
    assert {s for s in stale if "description" not in own.get(s, {})} == set()
    edited = followed.expected["directories"][name]["edited"]
    untouched = [slug for slug in texts if slug not in edited]
    assert len(untouched) > 3
    assert [slug for slug in untouched if NEW not in texts[slug]] == []


def test_both_copies_of_a_text_say_the_same(followed: Installation) -> None:
    texts = followed.texts("ada/workshop")

    torn = [
        slug
        for slug, document in followed.documents("ada/workshop").items()
        # Nothing is added to an item that a person has made without the key.
        if slug in texts
        and "markdown" in document
        and plain(texts[slug]) != plain(document["markdown"].encode())
    ]

    assert torn == []


def test_decisions_are_obeyed(followed: Installation) -> None:
    slugs = followed.documents("ada/workshop").keys()

    assert len({"sledge", "big-hammer"} & slugs) == 1
    run = followed.directory("ada/workshop").runs.all()[0]
    assert [w for w in report_of(run).warnings if "decisions.yml" in w] == []


def test_directory_of_every_option_follows_a_changed_source(
    installation: Installation,
) -> None:
    installation.generate("ada/everything", changed=True)

    said = installation.descriptions("ada/everything")
    assert [slug for slug, text in said.items() if NEW.decode() not in text] == []


def test_one_item_of_sharded_tables_follows_its_source(
    installation: Installation,
) -> None:
    directory = installation.directory("ada/parts")
    [document] = directory.documents.all()
    content = bytes(document.content).replace(b"Fits 5 today.", b"Fits 5 by now.")
    before = installation.files("ada/parts")["data"]
    assert ".gazetteer/files/00.jsonl" in before

    installation.generate(
        "ada/parts", documents=[GivenDocument(document.name, content, "text/csv")]
    )

    after = installation.files("ada/parts")["data"]
    changed = {path for path in after if after[path] != before.get(path)}
    items = {path for path in changed if path.startswith("data/")}
    assert items == {"data/part-5/part-5.md", "data/part-5/part-5.yml"}
    assert len(changed) <= 6
    assert installation.lost_edits("ada/parts") == []


def test_text_with_other_line_ends_follows_its_source(
    installation: Installation,
) -> None:
    """CRLF, no last line end, a trailing blank and a byte order mark are no edit."""
    name = "ada/line-ends"

    installation.generate(name, changed=True)

    texts, documents = installation.texts(name), installation.documents(name)
    assert [slug for slug, text in texts.items() if NEW not in text] == []
    assert [s for s, d in documents.items() if NEW.decode() not in d["markdown"]] == []
    installation.generate(name)
    assert (installation.texts(name), installation.documents(name)) == (
        texts,
        documents,
    )


def test_text_that_has_followed_does_not_flip_back(installation: Installation) -> None:
    """The release has written one of the two copies, and remembers the other's."""
    name, new = "ada/line-ends-later", "this day, today."
    said = installation.descriptions(name).values()
    assert [text for text in said if not text.endswith(new)] == []

    installation.generate(name)

    texts, documents = installation.texts(name), installation.documents(name)
    assert [slug for slug, text in texts.items() if new.encode() not in text] == []
    assert [slug for slug, d in documents.items() if new not in d["markdown"]] == []


def test_prompt_of_a_web_form_is_the_same_prompt_on_the_command_line(
    installation: Installation,
) -> None:
    name = "ada/prompted"
    kept = installation.directory(name).request
    assert kept is not None
    assert "\r\n" in kept["prompt"]
    installation.generate(name)
    heads = installation.heads(name)

    installation.generate(name, prompt=kept["prompt"].replace("\r\n", "\n"))

    assert installation.heads(name) == heads


# --- stored requests


def test_every_stored_request_is_understood(installation: Installation) -> None:
    fields = set(GenerationRequest.model_fields)
    everything = installation.directory("ada/everything").request
    assert everything is not None

    for run in GenerationRun.objects.exclude(directory__slug="accent"):
        assert GenerationRequest.model_validate(run.request)
    for directory in Directory.objects.exclude(slug="accent"):
        assert build_request(directory, {})

    # A complete dump: what it does not name has come since.
    assert set(everything) <= fields
    default = GenerationRequest(name="x", prompt="x").model_dump(mode="json")
    same = [key for key, value in everything.items() if value == default.get(key)]
    assert same == ["website_repository_creation_method"]


@pytest.mark.parametrize(
    "said",
    [{"accent": "#112233"}, {"domain": "example.org"}, {"language": "en"}, {}],
    ids=["accent", "domain", "language", "empty"],
)
def test_request_with_a_website_without_address_is_understood(
    installation: Installation, said: dict[str, str]
) -> None:
    directory = installation.directory("ada/accent")
    failed = directory.runs.get(state=RunState.FAILED)
    # As the release stores it: every field is there.
    nothing = dict.fromkeys(("url", "accent", "language", "domain"), "")
    assert failed.request["website"] == nothing | {"accent": "#112233"}
    assert directory.request == failed.request
    directory.request["website"] = nothing | said

    request = build_request(directory, {})

    assert request.website == Website.model_validate(nothing | said)
    assert GenerationRequest.model_validate(directory.request)


def test_directory_with_a_website_without_address_is_generated(
    installation: Installation,
) -> None:
    run = installation.generate("ada/accent")

    assert run.state == RunState.SUCCEEDED
    [style] = [
        content
        for path, content in files_of(repositories_of(run.directory)["website"]).items()
        if path == "assets/style.css"
    ]
    assert b"#112233" in style


def test_run_with_a_website_without_address_is_repeated(
    installation: Installation,
) -> None:
    directory = installation.directory("ada/accent")
    failed = directory.runs.get(state=RunState.FAILED)

    again = runs.retry(
        failed, trigger=GenerationRun.Trigger.COMMAND, user=directory.owner
    )

    assert again.state == RunState.SUCCEEDED


# --- editing


def test_items_and_labels_are_edited(installation: Installation) -> None:
    name = "ada/workshop"
    directory = installation.directory(name)
    how = How(directory.owner, clock=installation.clock)
    known = installation.edited(name)
    new = "https://own.example.org/vice"

    editing.change_items(
        directory,
        [
            UpdateItem(slug="claw-hammer", description="Pulls my nails. 🔨"),
            UpdateItem(slug="lathe", meta={"license": "BSD"}),
            RemoveItem(slug="awl", reason="Lost."),
            AddItem(name="Vice", source_url=new, category="Odds & ends"),
        ],
        how,
    )
    editing.change_labels(
        directory, RenameLabel(kind="categories", id="flat", name="Flat things"), how
    )
    installation.generate(name, changed=True)

    documents = installation.documents(name)
    assert documents["claw-hammer"]["description"] == "Pulls my nails. 🔨"
    assert documents["lathe"]["meta"]["license"] == "BSD"
    assert documents["lathe"]["description"] == "Turns my bowls."
    assert documents["vice"]["source_url"] == new
    assert "awl" not in documents
    names = {label.id: label.name for label in installation.stored(name).categories}
    assert names["flat"] == "Flat things"
    assert installation.lost_edits(name, but="awl") == []
    assert installation.edited(name) <= known | {"claw-hammer", "lathe", "vice"}


def test_item_that_was_removed_comes_back_without_its_tombstone(
    installation: Installation,
) -> None:
    name = "ada/workshop"
    path = ".gazetteer/tombstones.yml"
    [data] = [files_of(installation.data(name))[path].decode()]
    entries = re.split(r"(?m)^(?=- )", data)
    assert sum("slug: mallet" in entry for entry in entries) == 1
    kept = "".join(entry for entry in entries if "slug: mallet" not in entry)

    installation.commit(name, {path: kept.encode()})
    installation.generate(name)

    assert "mallet" in installation.documents(name)
    assert "block-plane" not in installation.documents(name)


# --- proposals


def test_open_proposals_are_accepted(installation: Installation) -> None:
    name = "ada/reviewed"
    directory = installation.directory(name)
    waiting = directory.proposals.filter(state=ProposalState.OPEN).order_by("number")

    for number in waiting.values_list("number", flat=True):
        found = proposals.find(directory, number)
        accepted = proposals.accept(found, user=directory.owner)
        assert accepted.state == ProposalState.ACCEPTED
        assert accepted.conflicts == []

    said = installation.descriptions(name)
    # Of a run; of a person who may only propose; of one who has edited the branch.
    assert said["fret-saw"] == "Slowly cuts curves today."
    assert said["sledge"] == "Breaks the law."
    assert said["awl"] == "Pricks a finger. 🩸"
    assert said["gimlet"] == "Bores me."
    # Decided by the release.
    assert said["hand-saw"] == "Slowly cuts boards today."
    assert said["chisel"] == "Slips."
    assert said["mallet"] == "Drives chisels today."
    installation.generate(name)
    assert installation.descriptions(name) == said


def test_proposal_that_was_accepted_in_part_is_accepted_further(
    installation: Installation,
) -> None:
    name = "ada/reviewed"
    directory = installation.directory(name)
    before = Counter(installation.descriptions(name).values())

    proposal = proposals.accept(
        proposals.find(directory, 1), user=directory.owner, items=["fret-saw"]
    )

    assert proposal.state == ProposalState.OPEN
    changed = Counter(installation.descriptions(name).values()) - before
    assert dict(changed) == {"Slowly cuts curves today.": 1}
    assert len(proposal.commits) == 2


def test_open_proposals_are_rejected(installation: Installation) -> None:
    name = "ada/reviewed"
    directory = installation.directory(name)
    before = installation.files(name)

    for proposal in directory.proposals.filter(state=ProposalState.OPEN):
        proposals.reject(proposal, user=directory.owner, reason="No.")

    assert not Proposal.objects.filter(state=ProposalState.OPEN).exists()
    assert installation.files(name) == before
    assert {ref for refs in installation.refs(name).values() for ref in refs} == {MAIN}


def test_run_leaves_what_waits_as_it_waits(installation: Installation) -> None:
    name = "ada/reviewed"
    directory = installation.directory(name)
    branches = branches_of_edits(directory)
    rows = list(directory.proposals.values("number", "state", "summary", "conflicts"))

    installation.generate(name)

    assert branches_of_edits(directory) == branches
    found = directory.proposals.values("number", "state", "summary", "conflicts")
    assert list(found) == rows


def branches_of_edits(directory: Directory) -> dict[str, dict[str, str]]:
    """Where the branches of people's proposals are: the first one is of a run."""
    return {
        kind: {
            ref: commit
            for ref, commit in repository.refs("refs/heads/gazetteer/").items()
            if not ref.endswith("-1")
        }
        for kind, repository in repositories_of(directory).items()
    }


# --- undoing


def test_last_run_is_undone(installation: Installation) -> None:
    name = "bea/books"
    directory = installation.directory(name)
    run = directory.runs.filter(state=RunState.SUCCEEDED)[0]

    editing.undo_run(run, How(directory.owner, clock=installation.clock))

    undone = installation.expected["undone"][name]
    assert installation.files(name)["data"] == undone
    assert set(installation.documents(name)) == {"dracula", "emma"}


def test_run_is_undone_without_the_edits_since(installation: Installation) -> None:
    name = "ada/workshop"
    directory = installation.directory(name)
    run = directory.runs.filter(state=RunState.SUCCEEDED)[0]

    how = How(directory.owner, clock=installation.clock)
    editing.undo_run(run, how, keep_edits=True)

    assert installation.descriptions(name)["fret-saw"] == "Cuts curves today."
    assert installation.lost_edits(name) == []


# --- runs that were under way


@pytest.mark.parametrize("slug", ["half", "unfinished", "queued"])
def test_sweep_ends_a_run_that_was_under_way(
    installation: Installation, slug: str
) -> None:
    name = f"ada/{slug}"
    before = installation.files(name)
    run = GenerationRun.objects.get(pk=installation.expected["runs"][slug])
    assert slug == "queued" or run.state == RunState.RUNNING
    assert slug != "half" or run.planned_commits

    # The others are for other tests, and so are repositories that could be packed.
    others = GenerationRun.objects.exclude(pk=run.pk)
    others.active().delete()
    others.update(tidied_at=Now())
    sweeping.sweep(makes_here=True)

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED, run.error
    assert run.attempt == (1 if slug == "queued" else 2)
    after = installation.files(name)
    assert unannounced(installation, name, before, after) == []
    assert installation.lost_edits(name) == []
    sweeping.sweep()
    assert {ref for refs in installation.refs(name).values() for ref in refs} == {MAIN}
    # What is published belongs together.
    installation.generate(name)
    again = installation.files(name)
    assert unannounced(installation, name, after, again) == []


@pytest.mark.parametrize("slug", ["half", "unfinished"])
def test_next_run_takes_the_place_of_a_run_that_was_lost(
    installation: Installation, slug: str
) -> None:
    name = f"ada/{slug}"
    lost = GenerationRun.objects.get(pk=installation.expected["runs"][slug])

    installation.generate(name)

    lost.refresh_from_db()
    assert lost.state == RunState.FAILED
    files = files_of(repositories_of(lost.directory)["list"])
    assert b"Asp" in files["README.md"]
    assert "asp" in installation.documents(name)
    assert installation.lost_edits(name) == []
    heads = installation.heads(name)
    installation.generate(name)
    assert installation.heads(name) == heads


def test_lost_run_is_retried_from_its_checkpoint_or_its_start(
    installation: Installation,
) -> None:
    lost = GenerationRun.objects.get(pk=installation.expected["runs"]["unfinished"])
    assert (installation.state / "checkpoints" / str(lost.pk)).exists()
    directory = lost.directory
    before = installation.files(str(directory))
    runs.give_up_lost_runs(directory)
    lost.refresh_from_db()

    again = runs.retry(
        lost, trigger=GenerationRun.Trigger.COMMAND, user=directory.owner
    )

    assert again.state == RunState.SUCCEEDED, again.error
    after = installation.files(str(directory))
    assert unannounced(installation, str(directory), before, after) == []


# What a worker of Django-Q2 does with a message: it never shares a process with the web side.
WORKER = """
import sys
from pydoc import locate
import django
django.setup()
from django_q.signing import SignedPackage

task = SignedPackage.loads(sys.stdin.read().strip())
print(task["args"], locate(task["func"])(*task["args"], **task["kwargs"]))
"""


def test_worker_understands_a_message_that_waited_in_the_queue(
    installation: Installation, tmp_path: Path, settings: Settings
) -> None:
    secrets = installation.expected["secrets"]
    settings.TRIGGER_INTERNAL_SECRET = secrets["TRIGGER_INTERNAL_SECRET"]
    run = GenerationRun.objects.get(pk=installation.expected["runs"]["queued"])
    web_side = LiveServer("127.0.0.1")
    own = {name.upper() for name in Environment.model_fields}

    try:
        done = subprocess.run(
            [sys.executable, "-c", WORKER],
            cwd=CHECKOUT,
            env={
                **{
                    name: value for name, value in os.environ.items() if name not in own
                },
                **secrets,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "GAZETTEER_ROLE": "worker",
                "STATE_ROOT": str(tmp_path / "worker"),
                "GIT_ROOT": str(installation.state / "repositories"),
                "TRIGGER_API_URL": "redis://127.0.0.1:1/0",
                "TRIGGER_INTERNAL_API_URL": f"{web_side.url}/internal/trigger",
            },
            input=(installation.release.folder / "message.txt").read_text(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        web_side.stop()

    payload = {"v": 1, "run_id": str(run.pk)}
    assert done.stdout.strip() == f"({payload!r},) succeeded", done.stderr
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    assert "asp" in installation.documents("ada/queued")


# --- the API


def test_token_still_opens_the_api(installation: Installation) -> None:
    own = {"ada": "ada/", "bea": "bea/"}

    for username, token in installation.expected["tokens"].items():
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        answer = client.get("/api/directories/")

        assert answer.status_code == 200
        wanted = {
            name.rpartition("/")[2]
            for name in installation.expected["directories"]
            if name.startswith(own[username])
        }
        assert {found["slug"] for found in answer.json()["results"]} == wanted


def test_all_that_is_stored_of_runs_and_proposals_is_shown(
    installation: Installation,
) -> None:
    for username, token in installation.expected["tokens"].items():
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        for run in GenerationRun.objects.filter(directory__owner__username=username):
            assert client.get(f"/api/runs/{run.pk}/").json()["state"] == run.state
            assert client.get(f"/api/runs/{run.pk}/log/").status_code == 200
            assert run.report is None or report_of(run)
        for proposal in Proposal.objects.filter(directory__owner__username=username):
            found = f"/api/directories/{proposal.directory_id}/proposals/"
            shown = client.get(f"{found}{proposal.number}/")
            assert shown.status_code == 200
            assert shown.json()["title"] == proposal.title


def test_token_still_edits(installation: Installation) -> None:
    client = APIClient()
    token = installation.expected["tokens"]["ada"]
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    directory = installation.directory("ada/workshop")

    answer = client.patch(
        f"/api/directories/{directory.pk}/items/jointer/", {"description": "Joins."}
    )

    assert answer.status_code == 200
    assert installation.descriptions("ada/workshop")["jointer"] == "Joins."
