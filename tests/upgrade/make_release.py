"""Make what an installation of one release leaves behind, for `test_upgrade.py` to upgrade.

    .venv/bin/python tests/upgrade/make_release.py CHECKOUT tests/upgrade/releases/NAME

CHECKOUT holds the code of the release, and it is that code which makes everything: directories
by `generate_directory`, edits by `items` and `taxonomy` and by pushes from clones, proposals,
tokens, and the rows and bundles by `backup`. Two runs are killed in the middle, the one while
it publishes and the other between two steps, and a third one waits in the queue.

Nothing of the machine gets into what is stored: times of the database are moved to EPOCH,
paths and names of processes are replaced, ids come from a seeded generator, and the secrets
are for these tests alone. README.md, beside this file, says what is where.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from directories.models import Directory, GenerationRun

# Long ago for every machine, so that leases have run out wherever the tests run.
EPOCH = datetime(2025, 1, 1, 12, tzinfo=UTC)
PATH_OF_STATE = "/srv/gazetteer"
NAME_OF_PROCESS = "worker.example.org:1"
QUEUE_KEY = "only for tests: the key of the queue"
SECRETS = {
    "SECRET_KEY": "only for tests: the key of the web side",
    "TRIGGER_SECRET_KEY": QUEUE_KEY,
    "TRIGGER_INTERNAL_SECRET": "only for tests: what the two sides share",
}
# One more than a table holds before it is cut into shards; an item has two files.
SHARDED = 2049

# Those of whose sources nothing is new.
QUIET = (
    *(f"ada/{slug}" for slug in ("workshop", "line-ends", "prompted", "everything")),
    *("ada/parts", "ada/reviewed", "bea/books"),
)

# Every description holds the word "today": the tests change it to have a changed source.
TOOLS = """\
# Workshop

## Saws

- [Hand saw](https://tools.example.org/hand-saw) - Cuts boards today. `wood`
- [Fret saw](https://tools.example.org/fret-saw) - Cuts curves today. `wood`
- [Table saw](https://tools.example.org/table-saw) - Cuts sheets today. `wood`
- [Jigsaw](https://tools.example.org/jigsaw) - Cuts holes today.

## Planes

- [Block plane](https://tools.example.org/block-plane) - Trims ends today.
- [Jointer](https://tools.example.org/jointer) - Makes edges straight today.

## Hammers

- [Mallet](https://tools.example.org/mallet) - Drives chisels today.
- [Sledge](https://tools.example.org/sledge) - Breaks walls today.
- [Big hammer](https://tools.example.org/big-hammer) - Breaks more walls today.
- [Claw hammer](https://tools.example.org/claw-hammer) - Pulls nails today.

## Odds & ends

- [2048](https://tools.example.org/2048) - Counts to 1.10 today.
- [NO](https://tools.example.org/no) - Says so today.
- [Chisel](https://tools.example.org/chisel) - Pares joints today.
- [Gimlet](https://tools.example.org/gimlet) - Bores holes by hand today.
- [Awl](https://tools.example.org/awl) - Marks wood today.
"""
FINDS = """\
name,url,description,category,tags,license,repository
Lathe,https://tools.example.org/lathe,Turns bowls today.,🚀 Machines,"turning, power",MIT,https://code.example.org/lathe
Drill press,https://tools.example.org/drill-press,Drills straight today.,🚀 Machines,power,GPL-3.0,https://code.example.org/drill
Band saw,https://tools.example.org/band-saw,Resaws timber today.,Saws,power,MIT,
Rocket plane 🚀,https://tools.example.org/rocket-plane,Goes up 🚀 and down today.,Planes,"electric, ☀ sun",,
Router,https://tools.example.org/router,Cuts grooves today.,Planes,electric,,
"""
STORIES = json.dumps(
    [
        {
            "name": "Spokeshave",
            "url": "https://tools.example.org/spokeshave",
            "description": "Shapes spokes today.",
            "category": "Planes",
            "markdown": "A spokeshave has two handles.\n\nPeople use it today.",
        },
        {
            "name": "Drawknife",
            "url": "https://tools.example.org/drawknife",
            "description": "Removes bark today.",
            "category": "Planes",
            "markdown": "A drawknife is pulled.\n\nIt is 🔪 sharp today.",
        },
    ],
    ensure_ascii=False,
    indent=1,
)
ENDS = """\
# Line ends

## Trees

- [Ash](https://trees.example.org/ash) - Stands today.
- [Birch](https://trees.example.org/birch) - Shines today.
- [Cedar](https://trees.example.org/cedar) - Smells today.
- [Elm](https://trees.example.org/elm) - Falls today.
- [Fir](https://trees.example.org/fir) - Grows today.
"""
BOOKS = """\
# Books

## Novels

- [Emma](https://books.example.org/emma) - Matches people today.
- [Dracula](https://books.example.org/dracula) - Bites today.
"""
ROUTER_TEXT = "My router.\r\n\r\n- It is loud.\r\n- It is 🧡 mine.\r\n"


def main() -> None:
    checkout, target = (Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="gazetteer-release-") as folder:
        release = Release(checkout, Path(folder))
        release.make()
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        release.store(target)


class Release:
    """An installation of the release, in this process, in a folder of its own."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout = checkout
        self.folder = folder
        self.state = folder / "state"
        self.began = datetime.now(UTC)
        self.before: dict[str, dict[str, dict[str, str]]] = {}
        self.expected: dict[str, Any] = {"secrets": SECRETS, "quiet": QUIET}
        self.expected |= {"edits": {}, "texts": {}}
        for name in [n for n in os.environ if n.startswith(("TRIGGER_", "GIT_"))]:
            del os.environ[name]
        os.environ |= {
            **SECRETS,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "STATE_ROOT": str(self.state),
            "DATABASE_URL": f"sqlite:///{self.state}/gazetteer.sqlite3",
            "GIT_ROOT": str(self.state / "repositories"),
            "CHECKPOINT_ROOT": str(self.state / "checkpoints"),
            "LOG_LEVEL": "ERROR",
        }
        generator = random.Random(self.__class__.__name__)
        uuid.uuid4 = lambda: uuid.UUID(int=generator.getrandbits(128), version=4)
        sys.path[0] = str(checkout)
        os.chdir(folder)
        self.day(0)
        import django

        django.setup()

    def make(self) -> None:
        self.manage("migrate", verbosity=0)
        self.make_users()
        self.make_workshop()
        self.make_line_ends()
        self.make_prompted()
        self.make_everything()
        self.make_books()
        self.make_parts()
        self.make_reviewed()
        self.make_accent()
        self.make_runs_under_way()
        self.note_directories()
        self.back_up()
        self.foresee()

    # --- what people did

    def make_users(self) -> None:
        from django.contrib.auth.models import Group, Permission, User

        for name in ("ada", "bea"):
            user = User.objects.create_user(name, f"{name}@example.org", is_staff=True)
            User.objects.filter(pk=user.pk).update(
                password="!", is_superuser=name == "ada"
            )
        reviewers = Group.objects.create(name="Reviewers")
        reviewers.permissions.add(Permission.objects.get(codename="decide_proposal"))
        reviewers.user_set.add(User.objects.get(username="bea"))
        self.expected["tokens"] = {name: self.token(name) for name in ("ada", "bea")}

    def token(self, username: str) -> str:
        from knox import crypto

        text = (f"{username}-only-for-tests-" * 4)[:64]
        crypto.create_token_string = lambda: text
        return self.manage("create_token", username).strip()

    def make_workshop(self) -> None:
        """Nearly everything that a person may do to an item."""
        self.write("tools.md", TOOLS)
        self.write("finds.csv", FINDS)
        self.write("stories.json", STORIES)
        sources = [f"--source={name}" for name in ("tools.md", "finds.csv")]
        self.generate(
            *("workshop", "--owner=ada", "--name=Workshop 🧰"),
            *("--description=What we saw with. 🪵", *sources, "--source=stories.json"),
        )
        self.day(1)
        with self.clone("ada/workshop-data", "Edit by hand") as clone:
            edit(clone, "hand-saw", ("Cuts boards today.", "Cuts my boards. 🪚"))
            edit(clone, "hand-saw", ("name:", "# mine, not theirs\nname:"))
            write_text(clone, "fret-saw", "My own text.\n")
            edit(clone, "table-saw", ("name: Table saw", "name: Saw in a table"))
            write_text(clone, "table-saw", "It stands *here*. 🏠\n")
            write_text(clone, "router", ROUTER_TEXT)
            write_text(clone, "chisel", "\ufeffSharp every day.\n")
            write_text(clone, "gimlet", "No line ends here.")
            edit(clone, "drawknife", ("category: planes", "category: odds-ends"))
            shutil.rmtree(clone / "data" / "block-plane")
            own = clone / "data" / "whetstone"
            own.mkdir()
            (own / "whetstone.yml").write_text(
                "name: Whetstone 🪨\nsource_url: https://own.example.org/whetstone\n"
                "category: odds-ends\ndescription: Sharpens  # still\ntags: [water, NO]\n"
                "updated_at: '2024-12-31 08:00'\nmine: [1, 2]\n"
            )
            (own / "whetstone.md").write_text("Wet it first.\n")
            (clone / ".gazetteer" / "decisions.yml").write_text(
                "# What we agreed on.\nsame:\n- [Sledge, Big hammer]\n"
                "different:\n- [mallet, https://tools.example.org/claw-hammer]\n"
            )
        self.edit_items(
            "ada/workshop", "edit", "lathe", "--description=Turns my bowls."
        )
        self.edit_items("ada/workshop", "remove", "mallet", "--reason=It broke. 💔")
        self.edit_items(
            *("ada/workshop", "edit", "awl", "--markdown=An awl\nis a needle. 🪡"),
            *("--tag=marking", "--featured", "--order=3"),
        )
        self.edit_items(
            *("ada/workshop", "add", "https://own.example.org/glue", "--name=Glue"),
            *("--category=Odds & ends", "--description=Holds.", "--fact=license=CC0"),
        )
        taxonomy = ("taxonomy", "rename", "ada/workshop")
        self.manage(*taxonomy, "category", "planes", "Hand planes", "--new-id=flat")
        self.manage(*taxonomy, "tag", "power", "Powered ⚡")
        merging = ("taxonomy", "merge", "ada/workshop", "tag", "electric")
        self.manage(*merging, "--into=power")
        self.day(2)
        # So that the release has merged those edits with a changed source itself.
        self.write("tools.md", TOOLS.replace("Cuts", "Really cuts"))
        self.generate("ada/workshop", *sources, "--source=stories.json")
        self.day(3)
        # What no run has seen yet.
        self.edit_items(
            "ada/workshop", "edit", "jigsaw", "--description=Cuts keyholes. 🗝️"
        )
        with self.clone("ada/workshop-data", "Edit what no run has seen") as clone:
            edit(clone, "drill-press", ("Drills straight today.", "Drills askew."))
            write_text(clone, "band-saw", "Bands break.\n")
        self.expected["edits"]["ada/workshop"] = {
            "hand-saw": {"description": "Cuts my boards. 🪚"},
            "table-saw": {"name": "Saw in a table"},
            "lathe": {"description": "Turns my bowls."},
            "drawknife": {"category": "odds-ends"},
            "awl": {"featured": True, "order": 3},
            "glue": {"name": "Glue", "description": "Holds."},
            "whetstone": {"name": "Whetstone 🪨", "mine": [1, 2]},
            "jigsaw": {"description": "Cuts keyholes. 🗝️"},
            "drill-press": {"description": "Drills askew."},
        }
        self.expected["texts"]["ada/workshop"] = {
            "fret-saw": "My own text.",
            "table-saw": "It stands *here*. 🏠",
            "router": ROUTER_TEXT.replace("\r\n", "\n").strip(),
            "chisel": "Sharp every day.",
            "gimlet": "No line ends here.",
            "awl": "An awl\nis a needle. 🪡",
            "whetstone": "Wet it first.",
            "band-saw": "Bands break.",
        }
        self.expected["gone"] = {"ada/workshop": ["block-plane", "mallet"]}

    def make_line_ends(self) -> None:
        """Texts of which a person changed nothing but white space, and one run later."""
        self.write("ends.md", ENDS)
        for slug in ("line-ends", "line-ends-later"):
            self.day(0)
            self.generate(slug, "--owner=ada", "--name=Line ends", "--source=ends.md")
            self.day(1)
            with self.clone(f"ada/{slug}-data", "Change line ends only") as clone:
                write_text(clone, "ash", "Stands today.\r\n")
                write_text(clone, "birch", "Shines today.")
                write_text(clone, "cedar", "Smells today. \n\n")
                write_text(clone, "elm", "\ufeffFalls today.\n")
        self.day(2)
        self.write("ends.md", ENDS.replace("today", "this day, today"))
        self.generate("ada/line-ends-later", "--source=ends.md")

    def make_prompted(self) -> None:
        """A prompt as a web form sends it, its lines ended by CRLF."""
        self.day(0)
        self.request(
            self.directory("ada", "prompted", "Prompted"),
            documents=[("books.md", BOOKS)],
            prompt="Books that people read.\r\nCategories: Novels, Poems.\r\n\r\nNo more.",
        )

    def make_everything(self) -> None:
        """A request with every option that there is, none as it is by default."""
        self.day(0)
        directory = self.directory("ada", "everything", "Everything")
        self.request(
            directory,
            documents=[("tools.md", TOOLS), ("finds.csv", FINDS)],
            prompt="All tools. Priority categories: Hammers.",
            company={"name": "The Works", "website": "https://works.example.org/"},
            initial_categories=["🪚 Saws", "Hammers", "Glues"],
            priority_categories=["Hammers"],
            target_keywords=["tool", "⚒"],
            # Refused before anything is looked up: the run warns and stays offline.
            source_urls=["http://127.0.0.1/tools"],
            repository_description="A list of tools.",
            generation_method="recreate",
            update_with_pull_request=False,
            allow_removals=True,
            badge_evaluation_enabled=True,
            website={
                "url": "https://tools.example.org/",
                "accent": "#0b6b5d",
                "language": "en",
                "domain": "tools.example.org",
            },
            config={
                "max_search_queries": 11,
                "max_results_per_query": 21,
                "max_pages_to_process": 12,
                "relevance_threshold_content": 0.6,
                "min_content_length_for_extraction": 301,
                "ai_first_generation_enabled": False,
                "content_filtering_enabled": False,
                "prompt_comparison_confidence_threshold": 0.7,
            },
        )

    def make_books(self) -> None:
        """Another person's directory, whose last run is one to be undone."""
        self.day(0)
        self.write("books.md", BOOKS)
        self.generate("books", "--owner=bea", "--name=Books", "--source=books.md")
        with self.clone("bea/books-data", "Say how it looks") as clone:
            config = clone / "config.yml"
            config.write_text(config.read_text() + "accent: '#112233'\nmine: 📚\n")
        self.day(1)
        self.generate("bea/books")
        books = self.files_of(self.found("bea/books"))
        self.expected["undone"] = {"bea/books": books["data"]}
        self.day(2)
        more = "- [Ulysses](https://books.example.org/ulysses) - Walks today.\n"
        self.write("books.md", BOOKS.replace("Bites", "Still bites") + more)
        self.generate("bea/books", "--source=books.md")

    def make_parts(self) -> None:
        """So many items that the table of files is cut into shards."""
        self.day(0)
        rows = io.StringIO()
        table = csv.writer(rows, lineterminator="\n")
        table.writerow(["name", "url", "description", "category"])
        for n in range(SHARDED):
            url = f"https://p.example.org/{n}"
            table.writerow([f"Part {n}", url, f"Fits {n} today.", f"Shelf {n % 8}"])
        self.write("parts.csv", rows.getvalue())
        self.generate("parts", "--owner=ada", "--name=Parts", "--source=parts.csv")
        self.day(1)
        self.edit_items("ada/parts", "edit", "part-7", "--description=Lost.")
        self.expected["edits"]["ada/parts"] = {"part-7": {"description": "Lost."}}

    def make_reviewed(self) -> None:
        """Proposals: one of a run, accepted in part; of edits, each at another stage."""
        from django.contrib.auth.models import User

        from directories.services import proposals

        self.day(0)
        self.write("tools.md", TOOLS)
        self.generate("reviewed", "--owner=ada", "--name=Reviewed", "--source=tools.md")
        self.manage("proposals", "review", "ada/reviewed", "on")
        self.day(1)
        changed = TOOLS.replace("Cuts", "Slowly cuts").replace("`wood`", "`timber`")
        self.write("tools.md", changed)
        self.generate("ada/reviewed", "--source=tools.md")
        item = ("edit", "sledge", "--description=Breaks the law.")
        self.edit_items("ada/reviewed", *item, "--user=bea")
        item = ("edit", "awl", "--description=Pricks.")
        self.edit_items("ada/reviewed", *item, "--proposal")
        item = ("edit", "chisel", "--description=Slips.")
        self.edit_items("ada/reviewed", *item, "--proposal")
        item = ("edit", "mallet", "--description=Bounces.")
        self.edit_items("ada/reviewed", *item, "--proposal")
        self.day(2)
        directory = self.found("ada/reviewed")
        ada = User.objects.get(username="ada")
        clock = self.clock
        decided = {n: proposals.find(directory, n) for n in (1, 4, 5)}
        proposals.accept(decided[1], user=ada, items=["hand-saw"], clock=clock)
        proposals.accept(decided[4], user=ada, clock=clock)
        proposals.reject(decided[5], user=ada, reason="It does not. 🙅")
        with self.clone(
            "ada/reviewed-data", "Say it better", branch="gazetteer/proposal-3"
        ) as clone:
            edit(clone, "awl", ("Pricks.", "Pricks a finger. 🩸"))
            edit(clone, "gimlet", ("Bores holes by hand today.", "Bores me."))

    def make_accent(self) -> None:
        """A website without an address: the release keeps such a request and fails on it."""
        from generation.exceptions import GenerationError

        self.day(0)
        self.write("books.md", BOOKS)
        self.generate("accent", "--owner=ada", "--name=Accent", "--source=books.md")
        self.day(1)
        (self.folder / "accent.toml").write_text(
            'name = "Accent"\nslug = "accent"\nsources = ["books.md"]\n'
            '[options.website]\naccent = "#112233"\n'
        )
        from pydantic import ValidationError

        try:
            self.generate("accent.toml")
        except (GenerationError, ValidationError):
            return
        raise AssertionError("this release knows what to do with it")

    def make_runs_under_way(self) -> None:
        """One run that was killed between two steps, one while it published, one queued."""
        from django.conf import settings
        from django_q.models import OrmQ

        from generation.git import MAIN, Repository
        from generation.journal import Journal

        self.day(0)
        for slug in ("half", "unfinished"):
            self.write("ends.md", ENDS)
            self.generate(slug, "--owner=ada", f"--name={slug}", "--source=ends.md")
            self.edit_items(f"ada/{slug}", "edit", "fir", "--description=Mine.")
            self.expected["edits"][f"ada/{slug}"] = {"fir": {"description": "Mine."}}
        self.day(1)
        settings.TRIGGER_ENABLED = True
        self.write(
            "ends.md", ENDS.replace("- [Ash]", "- [Asp]").replace("/ash", "/asp")
        )
        runs = {}
        for slug in ("half", "unfinished", "queued"):
            self.greet()
            new = ["--owner=ada", "--name=Queued"] if slug == "queued" else []
            name = slug if slug == "queued" else f"ada/{slug}"
            self.generate(name, "--source=ends.md", "--background", *new)
            runs[slug] = self.found(f"ada/{slug}").runs.get(state="queued")
        settings.TRIGGER_ENABLED = False

        def has_moved(repository: Any, ref: str, **options: Any) -> bool:
            return ref == MAIN and repository.path.name == "half-data.git"

        self.kill(runs["half"], Repository, "move", after=has_moved)
        self.kill(
            *(runs["unfinished"], Journal, "begin"),
            after=lambda journal, step: step == "items-processing",
        )
        payloads = {
            slug: next(
                row.payload
                for row in OrmQ.objects.all()
                if row.task["args"][0]["run_id"] == str(run.pk)
            )
            for slug, run in runs.items()
        }
        self.message = payloads["queued"]
        self.expected["runs"] = {slug: str(run.pk) for slug, run in runs.items()}

    # --- how they did it

    def day(self, number: int) -> None:
        self.clock = EPOCH + timedelta(days=number)
        stamp = str(int(self.clock.timestamp()))
        os.environ["SOURCE_DATE_EPOCH"] = stamp

    def manage(self, *arguments: str, **options: Any) -> str:
        from django.core.management import call_command

        said = io.StringIO()
        call_command(*arguments, stdout=said, stderr=io.StringIO(), **options)
        return said.getvalue()

    def generate(self, *arguments: str) -> None:
        self.manage("generate_directory", *arguments)

    def edit_items(self, directory: str, action: str, *arguments: str) -> None:
        self.manage("items", action, directory, *arguments)

    def request(
        self, directory: Directory, *, documents: list[tuple[str, str]], **fields: Any
    ) -> None:
        """Launch a run as the API and the admin do."""
        from directories.services import runs
        from directories.services.directories import GivenDocument
        from directories.services.requests import build_request

        given = [GivenDocument(name, text.encode()) for name, text in documents]
        run = runs.launch(
            directory,
            build_request(directory, fields, documents=given),
            trigger="api",
            user=directory.owner,
            documents=given,
            clock=self.clock,
        )
        assert run.state == "succeeded", run.error

    def directory(self, owner: str, slug: str, name: str) -> Directory:
        from django.contrib.auth.models import User

        from directories.services.directories import create_directory

        user = User.objects.get(username=owner)
        return create_directory(owner=user, slug=slug, name=name)

    def found(self, name: str) -> Directory:
        from directories.services.intake import named_directory

        return named_directory(name)

    def greet(self) -> None:
        """Let a worker be there, so that runs are handed to the queue."""
        from directories.services import workers
        from generation import dispatch
        from generation.contract.hello import Hello

        workers.greet(
            Hello(
                host="worker", pid=1, queue="gazetteer", queue_key=dispatch.queue_key()
            )
        )

    def kill(
        self, run: GenerationRun, owner: Any, name: str, *, after: Callable[..., bool]
    ) -> None:
        """Make a run in a process that dies after a certain call of a function."""
        from django.db import connections

        from directories.services import execution

        original = getattr(owner, name)

        def deadly(*arguments: Any, **options: Any) -> Any:
            result = original(*arguments, **options)
            if after(*arguments, **options):
                os._exit(9)
            return result

        connections.close_all()
        pid = os.fork()
        if pid == 0:
            setattr(owner, name, deadly)
            execution.run_here(run)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 9, "the run came to its end"

    @contextmanager
    def clone(self, name: str, message: str, *, branch: str = "main") -> Iterator[Path]:
        """Let Cleo change something in a clone, and push it."""
        clone = self.folder / "clone"
        repository = self.state / "repositories" / f"{name}.git"
        git(self.folder, "clone", "-q", "-b", branch, str(repository), str(clone))
        yield clone
        git(clone, "add", "--all")
        git(clone, "commit", "-q", "-m", message)
        git(clone, "push", "-q", "origin", branch)
        shutil.rmtree(clone)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_bytes(text.encode())

    # --- what is there in the end

    def note_directories(self) -> None:
        from directories.models import Directory
        from directories.services.proposing import repositories_of
        from generation.repositories.data import read_data

        told: dict[str, Any] = {}
        for directory in Directory.objects.all():
            repositories = {
                kind: repository
                for kind, repository in repositories_of(directory).items()
                if repository.exists()
            }
            for repository in repositories.values():
                small = ("-c", "pack.compression=9", "-c", "core.compression=9")
                git(repository.path, *small, "repack", "-adFq", "--window=250")
            items = read_data(repositories["data"]).items if repositories else ()
            told[str(directory)] = {
                "refs": {kind: it.refs() for kind, it in repositories.items()},
                "edited": [found.item.slug for found in items if found.edited],
            }
            self.before[str(directory)] = self.files_of(directory)
        self.expected["directories"] = told

    def files_of(self, directory: Directory) -> dict[str, dict[str, str]]:
        """List the files of each repository on `main`, path to blob."""
        from directories.services.proposing import repositories_of

        return {
            kind: repository.tree(head)
            for kind, repository in repositories_of(directory).items()
            if (head := repository.head())
        }

    def store(self, target: Path) -> None:
        """Write down what a backup holds, and what it leaves out."""
        with tarfile.open(self.backup) as archive:
            archive.extractall(target, filter="data")
        rows = target / "database.jsonl"
        rows.write_text(self.neutral(rows.read_text()))
        manifest = json.loads(self.neutral((target / "manifest.json").read_text()))
        manifest["sha256"]["database.jsonl"] = digest(rows)
        write_json(target / "manifest.json", manifest)
        shutil.copytree(self.left_out, target, dirs_exist_ok=True)
        (target / "message.txt").write_text(self.message + "\n")
        commit = git(self.checkout, "rev-parse", "HEAD")
        write_json(target / "expected.json", {"commit": commit, **self.expected})

    def back_up(self) -> None:
        """Take a backup, and beside it what that leaves out."""
        self.backup = self.folder / "backup.tar.gz"
        self.manage("backup", str(self.backup))
        self.left_out = self.folder / "left-out"
        self.copy_staged(self.left_out / "staged")
        shutil.copytree(self.state / "checkpoints", self.left_out / "checkpoints")

    def foresee(self) -> None:
        """Note what the release itself goes on to make, with no new input."""
        from django.db.models.functions import Now

        from directories.models import GenerationRun
        from directories.services import execution

        self.day(4)
        self.expected["clock"] = self.clock.timestamp()
        GenerationRun.objects.filter(state="running").update(lease_expires_at=Now())
        for slug in ("half", "unfinished", "queued"):
            run = GenerationRun.objects.get(pk=self.expected["runs"][slug])
            GenerationRun.objects.filter(pk=run.pk, clock=None).update(clock=self.clock)
            execution.execute(run)
            self.note_next(f"ada/{slug}")
        for name in (*QUIET, "ada/line-ends-later"):
            self.generate(name)
            self.note_next(name)

    def note_next(self, name: str) -> None:
        """Note the files that have another content now, and those that are gone."""
        told: dict[str, Any] = {}
        for kind, now in self.files_of(self.found(name)).items():
            before = self.before[name].get(kind, {})
            paths = sorted(p for p in {*before, *now} if before.get(p) != now.get(p))
            told[kind] = {path: now.get(path) for path in paths}
        self.expected.setdefault("next", {})[name] = told

    def copy_staged(self, target: Path) -> None:
        """Bundle commits that are on no branch: a backup has none of them."""
        root = self.state / "repositories"
        for path in sorted(root.glob("*/*.git")):
            refs = git(path, "for-each-ref", "--format=%(refname)", "refs/gazetteer")
            if refs and git(path, "rev-list", *refs.split(), "--not", "--branches"):
                bundle = target / f"{path.relative_to(root)}.bundle"
                bundle.parent.mkdir(parents=True, exist_ok=True)
                words = ("bundle", "create", "-q", str(bundle), *refs.split())
                git(path, *words, "--not", "--branches")

    def neutral(self, text: str) -> str:
        """Take the machine and the day out of rows."""
        name = f"{re.escape(platform.node())}:[0-9]+"
        text = re.sub(
            name, NAME_OF_PROCESS, text.replace(str(self.state), PATH_OF_STATE)
        )
        ago = self.began - EPOCH

        def moved(match: re.Match[str]) -> str:
            at = datetime.fromisoformat(match[0])
            if at < self.began - timedelta(hours=1):
                return match[0]
            then = (at - ago).astimezone(UTC).isoformat(timespec="milliseconds")
            return then.replace("+00:00", "Z")

        moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"
        return re.sub(moment, moved, text)


def edit(clone: Path, slug: str, change: tuple[str, str]) -> None:
    path = clone / "data" / slug / f"{slug}.yml"
    text = path.read_text()
    assert change[0] in text, f"{path} does not hold {change[0]!r}"
    path.write_text(text.replace(change[0], change[1], 1))


def write_text(clone: Path, slug: str, text: str) -> None:
    (clone / "data" / slug / f"{slug}.md").write_bytes(text.encode())


def git(folder: Path, *arguments: str) -> str:
    person = {"NAME": "Cleo", "EMAIL": "cleo@example.org"}
    own = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in person.items()
    }
    own |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    stamp = f"{os.environ['SOURCE_DATE_EPOCH']} +0000"
    own |= {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=os.environ | own,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, document: Any) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
