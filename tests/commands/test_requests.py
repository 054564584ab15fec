"""What `generate_directory` asks of a run, and what the directory keeps of it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from directories.models import Directory, GenerationRun
from directories.services.directories import create_directory
from tests.commands.conftest import LIST
from tests.directories.makers import PRIVATE_URL

pytestmark = pytest.mark.django_db(transaction=True)
MORE = "- [Clepsydra](https://example.org/clepsydra) - Drips.\n"


@pytest.fixture(autouse=True)
def folder(
    tmp_path: Path, git_root: Path, monkeypatch: pytest.MonkeyPatch, owner: User
) -> Path:
    """The folder in which the commands are typed: ada is the only user."""
    (tmp_path / "list.md").write_text(LIST)
    (tmp_path / "more.md").write_text(MORE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(*arguments: str) -> tuple[int, str]:
    """How the command ends, and what it says on standard error."""
    out, err = StringIO(), StringIO()
    try:
        call_command("generate_directory", *arguments, stdout=out, stderr=err)
    except SystemExit as exc:
        return int(exc.code or 0), err.getvalue()
    return 0, err.getvalue()


def make(*arguments: str) -> Directory:
    status, said = generate(
        "clocks", "--name", "Clocks", *(arguments or ("--source", "list.md"))
    )
    assert status == 0, said
    return Directory.objects.get()


def read() -> list[str]:
    """The sources that the directory keeps."""
    request: dict[str, Any] = Directory.objects.get().request or {}
    return [*request["source_urls"], *(d["name"] for d in request["source_documents"])]


def test_a_mistyped_source_leaves_the_others(folder: Path) -> None:
    make()

    failed, said = generate("clocks", "--source", PRIVATE_URL)
    again, _ = generate("clocks")

    assert (failed, again) == (1, 0)
    assert "--source replaces 1 source: list.md; --add-source would keep them" in said
    assert "ada/clocks keeps what it read before: list.md" in said
    assert read() == ["list.md"]


def test_a_new_directory_takes_another_source_after_a_mistyped_one() -> None:
    mistyped, _ = generate("clocks", "--name", "Clocks", "--source", PRIVATE_URL)
    plain, said = generate("clocks")
    right, _ = generate("clocks", "--source", "list.md")

    assert (mistyped, plain, right) == (1, 2, 0)
    assert "ada/clocks keeps nothing that a run could read: give it a --source" in said
    assert read() == ["list.md"]


def test_a_source_is_added_and_removed() -> None:
    make()

    added, said = generate("clocks", "--add-source", "more.md")
    both = read()
    removed, _ = generate("clocks", "--remove-source", "./list.md")

    assert (added, removed, said) == (0, 0, "")
    assert both == ["list.md", "more.md"]
    assert read() == ["more.md"]


def test_an_added_file_is_read_anew_under_its_name(folder: Path) -> None:
    make()
    (folder / "list.md").write_text(LIST + MORE)

    generate("clocks", "--add-source", "list.md")

    assert read() == ["list.md"]
    assert Directory.objects.get().items_count == 3


def test_parts_of_a_folder_are_one_source(folder: Path) -> None:
    (folder / "lists").mkdir()
    for number in range(3):
        filling = "\n".join(f"{number} {word:08}" for word in range(400_000))
        (folder / "lists" / f"{number}.md").write_text(f"{LIST}\n\n<!-- {filling} -->")
    make("--source", "list.md", "--source", "lists")
    assert len(read()) > 2

    status, said = generate("clocks", "--remove-source", "lists")

    assert status == 0, said
    assert read() == ["list.md"]


def test_a_url_is_removed_however_it_is_spelled() -> None:
    make("--source", "list.md", "--source", f"{PRIVATE_URL}/")

    generate("clocks", "--remove-source", PRIVATE_URL)

    assert read() == ["list.md"]


def test_a_source_that_is_not_there_cannot_be_removed() -> None:
    make()

    status, said = generate("clocks", "--remove-source", "lists.md")

    assert status == 2
    assert "lists.md is none of the sources, which are: list.md" in said


def test_what_is_replaced_is_named() -> None:
    make("--source", "list.md", "--prompt", "Sundials.", "--category", "Old")

    _, said = generate(
        "clocks", "--prompt", "Clocks.", "--category", "New", "--method", "recreate"
    )

    assert "--prompt replaces: Sundials." in said
    assert "--category replaces: Old" in said
    assert "--method" not in said
    assert "source" not in said


def test_a_file_names_what_it_replaces(folder: Path) -> None:
    make("--source", "list.md", "--category", "Old")
    (folder / "clocks.toml").write_text(
        'name = "Clocks"\nslug = "clocks"\nsources = ["more.md"]\n'
    )

    status, said = generate("clocks.toml")

    assert status == 0
    assert "clocks.toml replaces 1 source: list.md" in said
    assert "category of clocks.toml replaces: Old" in said


def test_what_a_stored_request_cannot_say_any_more_is_named() -> None:
    directory = make()
    Directory.objects.update(request={**(directory.request or {}), "gone": 1})

    status, said = generate("clocks")

    assert status == 0
    assert "gone of the stored request is left out" in said


@pytest.mark.parametrize("typed", ["README.md", "./list.csv", "Makefile", "lists/"])
def test_a_file_in_the_place_of_a_slug_is_told_to_be_a_source(
    folder: Path, typed: str
) -> None:
    (folder / "lists").mkdir()
    for name in ("README.md", "list.csv", "Makefile"):
        (folder / name).write_text(LIST)

    status, said = generate(typed)

    assert status == 2
    assert "and no slug" in said
    assert f"--source {typed}" in said


def test_another_toml_file_is_told_to_be_a_source(folder: Path) -> None:
    (folder / "list.toml").write_text(
        '[[items]]\nname = "A"\nurl = "https://a.example"\n'
    )

    status, said = generate("list.toml")

    assert status == 2
    assert "To read a list from it: --source list.toml" in said


def test_a_url_in_the_place_of_a_slug_is_told_to_be_a_source() -> None:
    status, said = generate("https://example.org/list.md")

    assert status == 2
    assert "--source https://example.org/list.md" in said


def test_a_prompt_alone_is_refused_and_leaves_nothing(folder: Path) -> None:
    (folder / "clocks.toml").write_text(
        'name = "Clocks"\nslug = "clocks"\nprompt = "Clocks."\n'
    )

    for arguments in (
        ("clocks", "--name", "Clocks", "--prompt", "x"),
        ("clocks.toml",),
    ):
        status, said = generate(*arguments)

        assert status == 2
        assert "a prompt alone finds nothing" in said
    assert not Directory.objects.exists()


def test_a_prompt_that_names_a_page_is_none_alone() -> None:
    status, said = generate(
        "clocks", "--name", "Clocks", "--prompt", f"Read {PRIVATE_URL}."
    )

    assert status == 1
    assert "no source could be read" in said


def test_a_directory_of_a_prompt_alone_is_refused_as_well(directory: Directory) -> None:
    Directory.objects.update(request={"name": "Clocks", "prompt": "Clocks."})

    status, said = generate("clocks")

    assert status == 2
    assert "a prompt alone finds nothing" in said
    assert not GenerationRun.objects.exists()


def test_two_owners_may_use_one_slug() -> None:
    make()
    User.objects.create_user("eve")

    status, said = generate(
        "clocks", "--name", "Mine", "--source", "list.md", "--owner", "eve"
    )
    either, which = generate("clocks")

    assert status == 0, said
    assert {str(d) for d in Directory.objects.all()} == {"ada/clocks", "eve/clocks"}
    assert either == 2
    assert "ada/clocks, eve/clocks" in which


@pytest.mark.parametrize("slug", ["clocks", "clocks-data"])
def test_two_owners_of_one_namespace_do_not_share_a_slug(slug: str) -> None:
    create_directory(owner=User.objects.create_user("A B"), slug="clocks", name="One")
    User.objects.create_user("a-b")

    for options in ((), ("--dry-run",)):
        status, said = generate(
            slug, "--name", "Two", "--source", "list.md", "--owner", "a-b", *options
        )

        assert status == 2
        assert f"a-b/{slug}" in said
    assert Directory.objects.get().name == "One"


def sources(*arguments: str) -> str:
    out = StringIO()
    call_command("sources", *arguments, stdout=out)
    return out.getvalue()


def test_sources_are_listed(folder: Path) -> None:
    make("--source", "list.md", "--source", PRIVATE_URL)
    generate("clocks", "--add-source", "more.md")
    generate("clocks", "--remove-source", "list.md")

    url, first, second = sources("list", "clocks").splitlines()
    document = json.loads(sources("list", "clocks", "--json"))

    assert url == PRIVATE_URL
    assert first.startswith("list.md  ")
    assert first.endswith(f"{len(LIST)} bytes  (not read any more)")
    assert second.endswith(f"{len(MORE)} bytes")
    assert document["urls"] == [PRIVATE_URL]
    assert [d["is_read"] for d in document["documents"]] == [False, True]


def test_a_document_is_shown_and_removed() -> None:
    make()
    generate("clocks", "--add-source", "more.md")

    assert sources("show", "clocks", "list.md") == LIST
    assert sources("remove", "clocks", "list.md") == "ada/clocks: removed list.md\n"

    assert read() == ["more.md"]
    with pytest.raises(CommandError, match=r"no document list\.md") as refused:
        sources("show", "clocks", "list.md")
    assert refused.value.returncode == 2


def test_a_directory_without_sources_says_how_to_give_one(directory: Directory) -> None:
    assert "generate_directory clocks --source" in sources("list", "clocks")


def test_a_field_without_effect_is_warned_of(folder: Path) -> None:
    (folder / "clocks.toml").write_text(
        'name = "Clocks"\nslug = "clocks"\nsources = ["list.md"]\n'
        '[options]\ntarget_keywords = ["brass"]\n'
    )
    out = StringIO()

    call_command("generate_directory", "clocks.toml", "--json", stdout=out)

    assert json.loads(out.getvalue())["warnings"][0] == (
        "target_keywords has no effect in this version."
    )
