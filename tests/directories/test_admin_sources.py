"""The form of a directory: what it reads, and the documents that were given for it."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from directories.models import Directory, GenerationRun, SourceDocument
from generation.contract.commands import RecordSourcesRead
from tests.directories.makers import ask, claim, document, say, start

pytestmark = pytest.mark.django_db

OTHER = document("- [Other](https://other.example/)\n", "other.md")
URLS = "https://a.example/\r\nhttps://b.example/"


@pytest.fixture
def browser(owner: User) -> Client:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client()
    client.force_login(owner)
    return client


def page_of(directory: Directory) -> str:
    return reverse("admin:directories_directory_change", args=[directory.pk])


def shown(client: Client, directory: Directory) -> dict[str, Any]:
    """What a browser would send of the form as it is shown."""
    form = client.get(page_of(directory)).context["adminform"].form
    fields: dict[str, Any] = {"documents-TOTAL_FORMS": 0, "documents-INITIAL_FORMS": 0}
    for bound in form:
        value = bound.value()
        if bound.name in ("owner", "slug") or value in (None, False):
            continue
        fields[bound.html_name] = value
        if bound.field.show_hidden_initial:
            fields[bound.html_initial_name] = value
    return fields


def save(client: Client, directory: Directory, sent: dict[str, Any]) -> dict[str, Any]:
    """Send the form, and return its errors."""
    answer = client.post(page_of(directory), sent)
    if answer.status_code == 302:
        directory.refresh_from_db()
        return {}
    return {**answer.context["adminform"].form.errors}


def kept(directory: Directory) -> list[str]:
    directory.refresh_from_db()
    request = directory.request or {}
    names = [each["name"] for each in request["source_documents"]]
    return [*request["source_urls"], *names]


def test_documents_are_listed_with_links(browser: Client, directory: Directory) -> None:
    ask(directory, document(), OTHER)

    page = browser.get(page_of(directory)).content.decode()

    for found in SourceDocument.objects.all():
        address = reverse(
            "admin:directories_directory_document", args=[directory.pk, found.sha256]
        )
        assert f'<a href="{address}" download>{found.name}</a>' in page


def test_a_document_is_opened_as_a_file(browser: Client, directory: Directory) -> None:
    ask(directory, document("<script>alert(1)</script>", "evil.html"))
    found = SourceDocument.objects.get()
    address = reverse(
        "admin:directories_directory_document", args=[directory.pk, found.sha256]
    )

    answer = browser.get(address)

    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"] == 'attachment; filename="evil.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_document_is_for_those_who_may_see_the_directory(
    directory: Directory, stranger: User
) -> None:
    ask(directory)
    found = SourceDocument.objects.get()
    address = reverse(
        "admin:directories_directory_document", args=[directory.pk, found.sha256]
    )
    client = Client()
    client.force_login(stranger)
    nobody = client.get(address).status_code
    stranger.is_staff = True
    stranger.save()
    staff = client.get(address).status_code
    stranger.user_permissions.add(Permission.objects.get(codename="view_directory"))

    assert (nobody, staff, client.get(address).status_code) == (302, 403, 200)


def test_marked_documents_are_removed(browser: Client, directory: Directory) -> None:
    ask(directory, document(), OTHER)

    sent = {"remove_documents": [OTHER.reference().sha256]}
    assert save(browser, directory, shown(browser, directory) | sent) == {}

    assert kept(directory) == ["clocks.md"]
    assert SourceDocument.objects.get().name == "clocks.md"


def test_no_document_is_removed_while_a_run_is_active(
    browser: Client, directory: Directory
) -> None:
    ask(directory)
    start(directory)

    sent = {"remove_documents": [document().reference().sha256]}
    errors = save(browser, directory, shown(browser, directory) | sent)

    assert "is not over" in errors["remove_documents"][0]
    assert kept(directory) == ["clocks.md"]


def test_a_directory_without_documents_is_not_asked_which_to_remove(
    browser: Client, directory: Directory
) -> None:
    page = browser.get(page_of(directory)).content.decode()

    assert 'name="remove_documents"' not in page
    assert "field-remove_documents" not in page


def test_a_form_leaves_what_a_run_has_kept_since(
    browser: Client, directory: Directory
) -> None:
    ask(directory)
    sent = shown(browser, directory)
    run = start(directory, source_urls=["https://a.example/"])
    claim(run)
    say(run, RecordSourcesRead(sources=1, entries=2))

    save(browser, directory, sent | {"description": "They tick."})
    untouched = kept(directory)
    save(browser, directory, sent | {"categories": "Sundials"})

    assert untouched == kept(directory) == ["https://a.example/", "clocks.md"]
    assert directory.description == "They tick."
    assert (directory.request or {})["initial_categories"] == ["Sundials"]


def test_what_a_person_says_in_the_form_outlasts_a_run_that_is_under_way(
    browser: Client, running: GenerationRun
) -> None:
    directory = running.directory
    ask(directory)

    save(browser, directory, shown(browser, directory) | {"source_urls": URLS})
    say(running, RecordSourcesRead(sources=1, entries=2))

    assert kept(directory) == [*URLS.split(), "clocks.md"]


def test_sources_that_are_cleared_leave_the_rest_of_the_request(
    browser: Client, directory: Directory
) -> None:
    ask(directory, website={"accent": "#112233"})

    marked = {"remove_documents": [document().reference().sha256]}
    save(browser, directory, shown(browser, directory) | marked)

    request = directory.request or {}
    assert kept(directory) == []
    assert request["website"]["accent"] == "#112233"


@pytest.mark.parametrize("is_new", [True, False])
def test_a_prompt_alone_is_refused(
    browser: Client, directory: Directory, owner: User, is_new: bool
) -> None:
    sent = shown(browser, directory) | {
        "prompt": "clocks",
        "generation_method": "create-update",
    }
    if is_new:
        sent |= {"slug": "sundials", "owner": owner.pk}
        answer = browser.post(reverse("admin:directories_directory_add"), sent)
        errors = answer.context["adminform"].form.errors
    else:
        errors = save(browser, directory, sent)

    assert "A prompt alone finds nothing" in unescape(errors["source_urls"][0])
    assert [d.slug for d in Directory.objects.all()] == ["clocks"]
    assert not Directory.objects.get().request


def test_a_directory_of_a_prompt_alone_is_still_described(
    browser: Client, directory: Directory
) -> None:
    Directory.objects.update(request={"name": "Clocks", "prompt": "clocks"})

    sent = shown(browser, directory) | {"description": "They tick."}

    assert save(browser, directory, sent) == {}
    assert directory.description == "They tick."


def test_the_action_refuses_a_prompt_alone(
    browser: Client, directory: Directory
) -> None:
    Directory.objects.update(request={"name": "Clocks", "prompt": "clocks"})
    sent = {
        "action": "generate_directory",
        "_selected_action": [str(directory.pk)],
        "confirmed": "yes",
    }

    answer = browser.post(
        reverse("admin:directories_directory_changelist"), sent, follow=True
    )

    assert "a prompt alone finds nothing" in unescape(answer.content.decode())
    assert not directory.runs.exists()
