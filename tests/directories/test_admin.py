"""The admin: who may generate, what is asked first, what is said, and what is only read."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from directories.forms import DirectoryForm
from directories.models import (
    Directory,
    GenerationRun,
    RunAttempt,
    RunLogLine,
    RunState,
    SourceDocument,
)
from directories.services import execution, runs
from directories.services.directories import create_directory
from generation.contract.commands import GenerateStatus, UpdateGenerateStatus
from generation.contract.request import MAX_DOCUMENT_BYTES
from tests.directories.makers import (
    PRIVATE_URL,
    WITHOUT_ITEMS,
    ask,
    document,
    say,
    start,
)
from tests.fakes import CLOCKS

# A run is dispatched when its row is committed.
pytestmark = pytest.mark.django_db(transaction=True)

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

CHANGELIST = "/admin/directories/directory/"
ADD = "/admin/directories/directory/add/"
HISTORY = "/admin/directories/generationrun/"


@pytest.fixture
def browser(owner: User) -> Client:
    """A superuser who is logged in, and owns the directories."""
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client()
    client.force_login(owner)
    return client


def staff_client(*permissions: str) -> Client:
    """A member of staff who may do these things, and no more."""
    user = User.objects.create_user("eve", password="eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    assert user.user_permissions.count() == len(permissions)
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, *directories: Directory, **fields: str) -> Answer:
    """Choose the action for these directories, and follow to the page that answers."""
    return client.post(
        CHANGELIST,
        {
            "action": "generate_directory",
            ACTION_CHECKBOX_NAME: [str(directory.pk) for directory in directories],
            **fields,
        },
        follow=True,
    )


def confirm(client: Client, *directories: Directory) -> list[tuple[str, str]]:
    """Run the action for these directories, and read what is said: level and text."""
    answer = act(client, *directories, confirmed="yes")
    assert answer.redirect_chain
    return [(m.level_tag, unescape(str(m))) for m in answer.context["messages"]]


def text_of(answer: Answer) -> str:
    assert answer.status_code == 200
    return unescape(answer.content.decode())


# --- who may generate


def test_staff_who_may_not_generate_do_not_see_the_action(directory: Directory) -> None:
    client = staff_client("view_directory", "change_directory")

    assert "generate_directory" not in text_of(client.get(CHANGELIST))


@pytest.mark.parametrize("fields", [{}, {"confirmed": "yes"}])
def test_staff_who_may_not_generate_do_not_reach_the_action(
    directory: Directory, fields: dict[str, str]
) -> None:
    ask(directory)
    client = staff_client("view_directory", "change_directory", "delete_directory")

    answer = act(client, directory, **fields)

    assert "Generate directory" not in text_of(answer)
    assert not GenerationRun.objects.exists()


def test_a_directory_is_not_deleted_without_its_repositories(
    directory: Directory,
) -> None:
    client = staff_client("view_directory", "change_directory", "delete_directory")

    answer = act(client, directory, action="delete_selected", post="yes")

    assert answer.status_code == 200
    assert Directory.objects.filter(pk=directory.pk).exists()


def test_staff_who_may_generate_do(directory: Directory) -> None:
    ask(directory)
    client = staff_client("view_directory", "generate_directory")

    assert "Generate directory" in text_of(client.get(CHANGELIST))
    ((level, _),) = confirm(client, directory)
    assert level == "success"
    run = GenerationRun.objects.get()
    assert run.triggered_by is not None
    assert (run.triggered_by.username, run.trigger) == ("eve", "admin")


def test_visitor_is_asked_to_log_in(directory: Directory) -> None:
    ask(directory)

    answer = act(Client(), directory, confirmed="yes")

    assert answer.redirect_chain[0][0].startswith("/admin/login/")
    assert not GenerationRun.objects.exists()


def test_staff_who_may_only_look_see_the_page_of_a_directory(
    directory: Directory,
) -> None:
    ask(directory)
    client = staff_client("view_directory")

    page = text_of(client.get(f"{CHANGELIST}{directory.pk}/change/"))

    assert "Clocks" in page
    assert 'name="prompt"' not in page


# --- the confirmation


def test_action_asks_first_and_runs_nothing(
    browser: Client, directory: Directory
) -> None:
    ask(directory, source_urls=["https://example.org/a", "https://example.org/b"])

    page = text_of(act(browser, directory))

    assert "Generate 1 directory now?" in page
    assert "ada/clocks" in page
    assert "2 URLs" in page
    assert 'name="confirmed" value="yes"' in page
    assert f'value="{directory.pk}"' in page
    assert not GenerationRun.objects.exists()


def test_confirmation_names_what_has_nothing_to_generate(
    browser: Client, directory: Directory
) -> None:
    assert "has no prompt and no source yet" in text_of(act(browser, directory))


def test_confirmation_cannot_be_forged(owner: User, directory: Directory) -> None:
    ask(directory)
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)

    answer = act(client, directory, confirmed="yes")

    assert answer.status_code == 403
    assert not GenerationRun.objects.exists()


# --- what is said


def test_success_is_said_with_its_counts_and_the_way_to_the_run(
    browser: Client, directory: Directory, git_root: Path
) -> None:
    ask(directory)

    ((level, text),) = confirm(browser, directory)

    run = directory.runs.get()
    assert level == "success"
    assert text.startswith(
        "ada/clocks succeeded: 3 items (3 new, 0 updated, 0 removed). "
    )
    assert f'<a href="{HISTORY}{run.pk}/change/">' in text
    assert (git_root / "ada" / "clocks-website.git" / "HEAD").is_file()


def test_success_with_warnings_is_a_warning(
    browser: Client, directory: Directory
) -> None:
    ask(directory, source_urls=[PRIVATE_URL])

    ((level, text),) = confirm(browser, directory)

    assert level == "warning"
    assert "ada/clocks succeeded: 3 items" in text
    assert ", 1 warning." in text


def test_failure_is_said_with_its_reason(browser: Client, directory: Directory) -> None:
    ask(directory, document(WITHOUT_ITEMS))

    ((level, text),) = confirm(browser, directory)

    run = directory.runs.get()
    assert level == "error"
    assert run.error
    assert f"ada/clocks failed: {run.error}" in text


def test_active_run_is_said_by_its_name(
    browser: Client, directory: Directory, queued: GenerationRun
) -> None:
    ask(directory)

    ((level, text),) = confirm(browser, directory)

    assert level == "error"
    assert f"ada/clocks has a run that is not over: {queued.pk}" in text
    assert directory.runs.count() == 1


def test_nothing_to_generate_is_said(browser: Client, directory: Directory) -> None:
    ((level, text),) = confirm(browser, directory)

    assert level == "error"
    assert "ada/clocks was not started: it has nothing to read" in text
    assert not directory.runs.exists()


def test_each_directory_is_said_for_itself(
    browser: Client, owner: User, directory: Directory
) -> None:
    names = ("hourglasses", "sundials")
    hourglasses, sundials = (
        create_directory(owner=owner, slug=name, name=name.title()) for name in names
    )
    ask(directory)
    ask(sundials, document(WITHOUT_ITEMS))

    said = confirm(browser, directory, hourglasses, sundials)

    assert [(level, text.split()[0]) for level, text in said] == [
        ("success", "ada/clocks"),
        ("error", "ada/hourglasses"),
        ("error", "ada/sundials"),
    ]


def test_markup_in_a_reason_is_shown_as_text(
    browser: Client, directory: Directory
) -> None:
    ask(directory, document(WITHOUT_ITEMS, "<script>alert(1)</script>.md"))

    answer = act(browser, directory, confirmed="yes")

    assert b"<script>alert(1)" not in answer.content


@pytest.mark.parametrize(("count", "is_taken"), [(5, True), (6, False)])
def test_more_than_five_are_refused(
    browser: Client, owner: User, git_root: Path, count: int, is_taken: bool
) -> None:
    several = [
        create_directory(owner=owner, slug=f"clocks-{n}", name="Clocks")
        for n in range(count)
    ]

    page = text_of(act(browser, *several))

    assert (f"Generate {count} directories now?" in page) is is_taken
    assert ("Choose at most 5 directories" in page) is not is_taken


def test_six_are_refused_even_when_confirmed(
    browser: Client, owner: User, git_root: Path
) -> None:
    several = [
        create_directory(owner=owner, slug=f"clocks-{n}", name="Clocks")
        for n in range(6)
    ]
    ask(several[0])

    ((level, text),) = confirm(browser, *several)

    assert (level, text.partition(",")[0]) == ("error", "Choose at most 5 directories")
    assert not GenerationRun.objects.exists()


# --- the history of runs


@pytest.fixture
def told(directory: Directory) -> GenerationRun:
    """A run that is over and has much to tell."""
    twice = "- [Vertical](https://example.org/vertical/) - On a wall.\n"
    no_link = "- [Broken](javascript:alert) - Does not open.\n"
    run = runs.start(
        directory,
        ask(
            directory,
            document(CLOCKS + twice + no_link),
            source_urls=[PRIVATE_URL],
        ),
        trigger=GenerationRun.Trigger.COMMAND,
        user=directory.owner,
    )
    execution.run_here(run)
    assert run.state == RunState.SUCCEEDED, run.error
    return run


def page_of(client: Client, run: GenerationRun) -> str:
    return text_of(client.get(f"{HISTORY}{run.pk}/change/"))


def test_run_is_told_whole(browser: Client, told: GenerationRun) -> None:
    page = page_of(browser, told)
    report: dict[str, Any] = told.report or {}

    assert "100 %" in page
    assert "3: 3 new" in page
    assert "host" not in told.ran_on
    assert told.ran_on in page
    for source in report["sources"]:
        assert source["source"] in page
        assert f"<td>{source['error']}</td>" in page
    for warning in report["warnings"]:
        assert f"<li>{warning}</li>" in page
    for step in report["steps"]:
        assert f"<th>{step['name']}</th>" in page
        assert step["note"] in page
    for repository in report["repositories"].values():
        assert repository["commit"][:10] in page


def test_run_page_shows_its_log_and_attempts(
    browser: Client, told: GenerationRun
) -> None:
    page = page_of(browser, told)

    assert told.log.count() > 10
    assert all(line.message in page for line in told.log.all())
    assert told.attempts.get().worker in page


def test_run_page_says_what_was_left_out_and_why(
    browser: Client, told: GenerationRun
) -> None:
    page = page_of(browser, told)
    left_out: list[dict[str, str]] = (told.report or {})["left_out"]

    assert left_out
    assert f"Left out ({len(left_out)})" in page
    assert all(entry["reason"] in page for entry in left_out)
    assert all((entry["name"] or entry["url"]) in page for entry in left_out)


def test_run_page_offers_lines_to_decide_with(
    browser: Client, directory: Directory
) -> None:
    twins = (
        "# Hours\n\n## Web\n\n"
        "- [Kimai](https://www.kimai.org) - Tracks hours.\n"
        "- [Kimai](https://github.com/kimai/kimai) - Tracks the hours of teams.\n"
        "- [Traggo](https://traggo.net) - Has tags.\n"
        "- [Traggo server](https://traggo.net/) - Has tags as well.\n"
        "- [Words alone]() - Leads nowhere.\n"
    )
    run = runs.start(
        directory,
        ask(directory, document(twins)),
        trigger=GenerationRun.Trigger.COMMAND,
        user=directory.owner,
    )
    execution.run_here(run)

    page = page_of(browser, run)
    report: dict[str, Any] = run.report or {}

    [flag], [merge], [source] = report["flags"], report["merges"], report["sources"]
    assert "Perhaps the same (1)" in page
    assert flag["same"] in page
    assert flag["different"] in page
    assert "Merged (1)" in page
    assert merge["undo"] in page
    assert "heading: 3" in page
    assert source["found"] == source["kept"] + source["merged"] + source["left_out"]
    assert source["left_out"] == 1
    assert all(f"1: {reason}" in page for reason in source["reasons"])


def test_run_page_shows_the_step_of_a_run_that_works(
    browser: Client, running: GenerationRun
) -> None:
    GenerationRun.objects.filter(pk=running.pk).update(step="items-merge", percent=70)

    for page in (page_of(browser, running), text_of(browser.get(HISTORY))):
        assert "items-merge" in page
        assert "70 %" in page


def test_run_page_says_why_a_run_failed(browser: Client, directory: Directory) -> None:
    run = runs.start(
        directory,
        ask(directory, document(WITHOUT_ITEMS)),
        trigger=GenerationRun.Trigger.API,
        user=None,
    )
    execution.run_here(run)

    assert run.error
    assert run.error in page_of(browser, run)


def test_history_is_listed_by_directory(
    browser: Client, told: GenerationRun, owner: User
) -> None:
    other = start(create_directory(owner=owner, slug="watches", name="Watches"))
    link = f"{HISTORY}?directory__id__exact={told.directory_id}"

    assert link in text_of(browser.get(CHANGELIST))
    listed = text_of(browser.get(link))
    assert f"{told.pk}/change/" in listed
    assert f"{other.pk}/change/" not in listed


def test_history_says_how_long_a_run_took(browser: Client, told: GenerationRun) -> None:
    told.finished_at = (told.started_at or told.created_at) + timedelta(seconds=2.5)
    told.save()

    assert "2.5 s" in text_of(browser.get(HISTORY))


def test_history_cannot_be_written(browser: Client, told: GenerationRun) -> None:
    run = f"{HISTORY}{told.pk}/"
    before = GenerationRun.objects.values().get()

    assert browser.get(f"{HISTORY}add/").status_code == 403
    assert browser.post(f"{HISTORY}add/", {}).status_code == 403
    assert browser.post(f"{run}change/", {"state": "failed"}).status_code == 403
    assert browser.post(f"{run}delete/", {"post": "yes"}).status_code == 403
    assert GenerationRun.objects.values().get() == before


def test_history_offers_nothing_to_write(browser: Client, told: GenerationRun) -> None:
    listed, page = text_of(browser.get(HISTORY)), page_of(browser, told)

    assert "delete_selected" not in listed
    assert f"{HISTORY}add/" not in listed
    assert 'name="_save"' not in page
    assert "deletelink" not in page


@pytest.mark.parametrize("model", [RunAttempt, RunLogLine, SourceDocument])
def test_parts_have_no_pages_of_their_own(browser: Client, model: type[Any]) -> None:
    name = model._meta.model_name

    assert browser.get(f"/admin/directories/{name}/").status_code == 404


# --- the form


@pytest.fixture
def filled(owner: User, git_root: Path) -> dict[str, Any]:
    """What a person types to add a directory."""
    return {
        "owner": str(owner.pk),
        "slug": "sundials",
        "name": "Sundials",
        "description": "They need sun.",
        "prompt": "sundials",
        "source_urls": "https://example.org/a\r\n\r\nhttps://example.org/b\r\n",
        "categories": "Horizontal\r\nVertical",
        "generation_method": "recreate",
        "documents-TOTAL_FORMS": "0",
        "documents-INITIAL_FORMS": "0",
    }


def upload(content: bytes, name: str = "clocks.md") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


def errors_of(answer: Answer) -> dict[str, list[str]]:
    """What the form shows, and at which field."""
    assert answer.status_code == 200
    errors: dict[str, list[str]] = answer.context["adminform"].form.errors
    page = unescape(answer.content.decode())
    assert all(text in page for texts in errors.values() for text in texts)
    return {field: list(texts) for field, texts in errors.items()}


def test_directory_is_added(browser: Client, filled: dict[str, Any]) -> None:
    answer = browser.post(ADD, filled)

    directory = Directory.objects.get()
    assert answer.status_code == 302
    assert str(directory) == "ada/sundials"
    assert directory.description == "They need sun."
    request = directory.request or {}
    assert request["prompt"] == "sundials"
    assert request["source_urls"] == ["https://example.org/a", "https://example.org/b"]
    assert request["initial_categories"] == ["Horizontal", "Vertical"]
    assert request["generation_method"] == "recreate"


def test_uploaded_document_is_kept(browser: Client, filled: dict[str, Any]) -> None:
    browser.post(ADD, {**filled, "source_document": upload(CLOCKS.encode())})

    kept = SourceDocument.objects.get()
    (named,) = (Directory.objects.get().request or {})["source_documents"]
    assert bytes(kept.content) == CLOCKS.encode()
    assert (kept.name, kept.media_type) == ("clocks.md", "text/markdown")
    assert named["sha256"] == kept.sha256


def test_directory_without_anything_to_read_may_be_added(
    browser: Client, filled: dict[str, Any]
) -> None:
    browser.post(ADD, {**filled, "prompt": "", "source_urls": "", "categories": ""})

    assert Directory.objects.get().request is None


def test_upload_is_added_to_the_ones_before(
    browser: Client, directory: Directory, filled: dict[str, Any]
) -> None:
    ask(directory)
    page = f"{CHANGELIST}{directory.pk}/change/"

    browser.post(page, {**filled, "source_document": upload(b"- new", "new.md")})

    directory.refresh_from_db()
    request = directory.request or {}
    assert [d["name"] for d in request["source_documents"]] == ["clocks.md", "new.md"]


def test_form_changes_nothing_that_a_run_has_written_meanwhile(
    browser: Client,
    directory: Directory,
    filled: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clean = DirectoryForm.clean

    def clean_while_a_run_ends(form: DirectoryForm) -> dict[str, Any]:
        Directory.objects.filter(pk=directory.pk).update(items_count=3)
        return clean(form)

    monkeypatch.setattr(DirectoryForm, "clean", clean_while_a_run_ends)

    browser.post(f"{CHANGELIST}{directory.pk}/change/", {**filled, "review": "on"})

    directory.refresh_from_db()
    assert (directory.name, directory.items_count) == ("Sundials", 3)
    assert directory.review


def test_upload_of_the_same_name_replaces_the_one_before(
    browser: Client, directory: Directory, filled: dict[str, Any]
) -> None:
    ask(directory)
    page = f"{CHANGELIST}{directory.pk}/change/"

    browser.post(page, {**filled, "source_document": upload(b"- new")})

    directory.refresh_from_db()
    ((name, size),) = (
        (d["name"], d["size"]) for d in (directory.request or {})["source_documents"]
    )
    assert (name, size) == ("clocks.md", 5)


def test_same_upload_by_another_name_is_read_once(
    browser: Client, directory: Directory, filled: dict[str, Any]
) -> None:
    ask(directory)
    page = f"{CHANGELIST}{directory.pk}/change/"

    browser.post(
        page, {**filled, "source_document": upload(CLOCKS.encode(), "copy.md")}
    )

    directory.refresh_from_db()
    assert len((directory.request or {})["source_documents"]) == 1


def test_directory_cannot_be_moved(
    browser: Client, directory: Directory, stranger: User, filled: dict[str, Any]
) -> None:
    page = f"{CHANGELIST}{directory.pk}/change/"

    answer = browser.post(page, {**filled, "owner": str(stranger.pk)})

    directory.refresh_from_db()
    assert answer.status_code == 302
    assert (str(directory), directory.name) == ("ada/clocks", "Sundials")
    assert directory.owner.username == "ada"


def test_form_shows_what_is_kept(
    browser: Client, directory: Directory, filled: dict[str, Any]
) -> None:
    browser.post(ADD, {**filled, "source_document": upload(CLOCKS.encode())})
    added = Directory.objects.get(slug="sundials")

    page = text_of(browser.get(f"{CHANGELIST}{added.pk}/change/"))

    for shown in ("https://example.org/b", "Vertical", "clocks.md", "text/markdown"):
        assert shown in page
    assert '<option value="recreate" selected>' in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("source_urls", "ftp://example.org", "must be an absolute http:// or https://"),
        (
            "source_urls",
            "https://example.org/\nexample.org",
            "must be an absolute http:// or https://",
        ),
        (
            "source_urls",
            "\n".join(["https://example.org"] * 101),
            "at most 100 items",
        ),
        ("prompt", "p" * 5001, "at most 5000 characters"),
        ("categories", "c" * 201, "at most 200 characters"),
        ("generation_method", "append", "Select a valid choice"),
        ("slug", "A B", "use lower-case letters"),
        ("slug", "git", "use lower-case letters"),
        ("slug", "", "This field is required"),
        ("name", "", "This field is required"),
        ("name", "n" * 201, "at most 200 characters"),
    ],
)
def test_wrong_value_is_shown_at_its_field(
    browser: Client, filled: dict[str, Any], field: str, value: str, message: str
) -> None:
    errors = errors_of(browser.post(ADD, {**filled, field: value}))

    assert list(errors) == [field]
    assert message in errors[field][0]
    assert not Directory.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"\xff\xfe\x00\xd8- [a](https://example.org)", "a.md", ""),
        (b"\x00\x01\x02\x03" * 100, "a.md", ""),
        (b"\x89PNG\r\n\x1a\n", "a.md", "an image"),
        (b"", "a.md", "The submitted file is empty."),
        (b" " * (MAX_DOCUMENT_BYTES + 1), "a.md", "The file is larger than 8 MiB."),
        (b"- [a](https://example.org)", f"{'n' * 230}.md", "at most 200 characters"),
    ],
    ids=["half UTF-16", "binary", "image", "empty", "too large", "long name"],
)
def test_upload_that_nobody_could_read_is_refused(
    browser: Client, filled: dict[str, Any], content: bytes, name: str, message: str
) -> None:
    answer = browser.post(ADD, {**filled, "source_document": upload(content, name)})

    errors = errors_of(answer)
    assert list(errors) == ["source_document"]
    assert message in errors["source_document"][0]
    assert not Directory.objects.exists()
    assert not SourceDocument.objects.exists()


def test_largest_upload_is_taken(browser: Client, filled: dict[str, Any]) -> None:
    content = CLOCKS.encode().ljust(MAX_DOCUMENT_BYTES)

    browser.post(ADD, {**filled, "source_document": upload(content)})

    assert SourceDocument.objects.get().size == MAX_DOCUMENT_BYTES


@pytest.mark.parametrize("slug", ["clocks", "clocks-data", "clocks-website"])
def test_slug_that_clashes_is_shown_at_its_field(
    browser: Client, directory: Directory, filled: dict[str, Any], slug: str
) -> None:
    errors = errors_of(browser.post(ADD, {**filled, "slug": slug}))

    assert list(errors) == ["slug"]
    assert "ada/clocks" in errors["slug"][0]


def test_slug_of_one_who_shares_the_namespace_clashes(
    browser: Client, directory: Directory, filled: dict[str, Any]
) -> None:
    namesake = User.objects.create_user("Ada")

    errors = errors_of(
        browser.post(ADD, {**filled, "owner": str(namesake.pk), "slug": "clocks"})
    )

    assert list(errors) == ["slug"]
    assert "there is a directory ada/clocks already" in errors["slug"][0]


def test_slug_of_another_namespace_is_free(
    browser: Client, directory: Directory, stranger: User, filled: dict[str, Any]
) -> None:
    browser.post(ADD, {**filled, "owner": str(stranger.pk), "slug": "clocks"})

    assert str(stranger.directories.get()) == "bob/clocks"


def test_added_directory_is_generated(browser: Client, filled: dict[str, Any]) -> None:
    browser.post(
        ADD,
        {**filled, "source_urls": "", "source_document": upload(CLOCKS.encode())},
        follow=True,
    )
    directory = Directory.objects.get()

    ((level, text),) = confirm(browser, directory)

    assert level in {"success", "warning"}
    assert "ada/sundials succeeded: 3 items" in text
    directory.refresh_from_db()
    assert directory.items_count == 3
    assert "Clepsydra" in page_of(browser, directory.runs.get())


def test_root_leads_to_the_admin(browser: Client) -> None:
    assert browser.get("/").headers["Location"] == reverse("admin:index")


# --- steering runs


def steer(client: Client, run: GenerationRun, what: str) -> str:
    """Press a button of a run's page, and read the page that follows."""
    return text_of(client.post(f"{HISTORY}{run.pk}/{what}/", follow=True))


def test_waiting_run_is_cancelled(browser: Client, queued: GenerationRun) -> None:
    assert "Cancel the run" in page_of(browser, queued)

    page = steer(browser, queued, "cancel")

    queued.refresh_from_db()
    assert queued.state == RunState.CANCELLED
    assert "Cancel the run" not in page
    assert "Retry from where it was" in page


def test_cancelled_run_is_retried(browser: Client, queued: GenerationRun) -> None:
    ask(queued.directory)
    runs.cancel(queued, by="ada")

    steer(browser, queued, "retry")

    newest = GenerationRun.objects.first()
    assert newest is not None
    assert (newest.retry_of, newest.state) == (queued, RunState.SUCCEEDED)


def test_run_that_succeeded_is_not_retried_but_run_again(
    browser: Client, told: GenerationRun
) -> None:
    page = steer(browser, told, "retry")
    assert "only a failed or cancelled one is retried" in page

    steer(browser, told, "again")

    assert GenerationRun.objects.filter(retry_of=told).count() == 1


def test_runs_are_not_steered_by_a_link(browser: Client, queued: GenerationRun) -> None:
    assert browser.get(f"{HISTORY}{queued.pk}/cancel/").status_code == 405


def test_who_may_only_look_steers_nothing(queued: GenerationRun) -> None:
    client = staff_client("view_generationrun")

    refused = client.post(f"{HISTORY}{queued.pk}/cancel/")

    queued.refresh_from_db()
    assert (refused.status_code, queued.state) == (403, RunState.QUEUED)
    assert "Cancel the run" not in page_of(client, queued)


def test_page_of_a_run_asks_how_far_it_is(
    browser: Client, running: GenerationRun
) -> None:
    say(
        running,
        UpdateGenerateStatus(
            status=GenerateStatus.GENERATING, step="items-merge", percent=40
        ),
    )

    told = browser.get(f"{HISTORY}{running.pk}/progress/").json()

    assert told == {
        "state": "running",
        "step": "items-merge",
        "percent": 40,
        "is_over": False,
    }
    assert 'id="live-run"' in browser.get(f"{HISTORY}{running.pk}/change/").text


def test_runs_are_compared(browser: Client, told: GenerationRun) -> None:
    again = runs.again(told, trigger=GenerationRun.Trigger.ADMIN, user=None)

    page = text_of(
        browser.post(
            HISTORY,
            {"action": "compare", "_selected_action": [str(told.pk), str(again.pk)]},
        )
    )

    assert str(told.pk)[:8] in page
    assert str(again.pk)[:8] in page
    assert page.count("website-repository") == 1
