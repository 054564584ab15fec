"""A copy that people and other tools have damaged: what is found, and what is mended."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from generation.git import Repository
from generation.repositories.checking import Checkup, check
from generation.repositories.data import read_data
from generation.repositories.folders import Folder, open_data
from generation.yaml import parse
from tests.generation.made import first_run
from tests.generation.test_orchestrator import commit_by_hand, repository, run

NOW = "2026-11-25 12:00"
WHOLE = """\
name: Kimai
description: Tracks hours.
source_url: https://www.kimai.org/
category: web
tags: [php]
updated_at: '2026-11-22 14:40'
markdown: Tracks hours.
"""
CATEGORIES = "- id: web\n  name: Web\n"
TAGS = "- id: php\n  name: PHP\n"


def folder_of(root: Path, item: str, **files: str) -> Folder:
    texts = {
        "data/kimai/kimai.yml": item,
        "data/kimai/kimai.md": "Tracks hours.\n",
        "categories.yml": CATEGORIES,
        "tags.yml": TAGS,
        **files,
    }
    folder = Folder(root)
    folder.write({path: text.encode() for path, text in texts.items()}, ())
    return folder


def checked(folder: Folder) -> Checkup:
    return check(folder, ref=None, now=NOW)


def repaired(folder: Folder) -> Checkup:
    found = checked(folder)
    folder.write(found.files, found.removals)
    return checked(folder)


def test_a_sound_repository_has_no_problem(tmp_path: Path) -> None:
    found = checked(folder_of(tmp_path, WHOLE))

    assert (found.items, found.problems, found.files) == (1, (), {})


@pytest.mark.parametrize(
    ("item", "problem", "kept"),
    [
        (f"{WHOLE}rest of an: older: version\n- [\n", "not valid YAML", "# rest of an"),
        (f"name: Old\n{WHOLE}", "given twice: name", "# name: Old"),
        (f"{WHOLE}images: null\n", "images is empty", ""),
        (WHOLE.replace("Kimai", "Kimai &amp; more"), "as HTML", "name: Kimai & more"),
        (WHOLE.replace("web", "desktop"), "items use what is not there: desktop", ""),
        (WHOLE.replace("[php]", "[php, Go]"), "what is not there: go", ""),
        (WHOLE.replace("category: web\n", ""), "no category", "category: other"),
        (WHOLE.replace("[php]", "php, web"), "tags is not a list", ""),
        (WHOLE.replace(" 14:40", ""), "updated_at is not", "'2026-11-22 00:00'"),
        (WHOLE.replace("updated_at", "# was"), "updated_at is not", NOW),
        (WHOLE.replace("markdown: ", "# "), "in the .md file only", "markdown: Tracks"),
        (WHOLE.replace("source_url: https", "source_url: ftp"), "no http", ""),
    ],
)
def test_a_damage_is_found_and_mended_without_a_loss(
    tmp_path: Path, item: str, problem: str, kept: str
) -> None:
    folder = folder_of(tmp_path, item)
    found = checked(folder)
    assert any(problem in p.text for p in found.problems)

    after = repaired(folder)

    text = (tmp_path / "data/kimai/kimai.yml").read_text()
    assert kept in text
    assert [p for p in after.problems if p.mended] == []
    assert [p.text for p in after.problems] == [
        p.text for p in found.problems if not p.mended
    ]


def test_a_text_in_the_key_alone_gets_its_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, WHOLE)
    (tmp_path / "data/kimai/kimai.md").unlink()

    repaired(folder)

    assert (tmp_path / "data/kimai/kimai.md").read_text() == "Tracks hours.\n"


def test_an_item_in_a_folder_of_another_name_is_moved(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, WHOLE, **{"data/time/kimai2.yml": WHOLE})

    found = checked(folder)
    folder.write(found.files, found.removals)

    assert (tmp_path / "data/time/time.yml").read_text() == WHOLE
    assert not (tmp_path / "data/time/kimai2.yml").exists()


def test_what_nobody_can_read_is_left_as_it_is(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "name: [", **{"categories.yml": "- ["})

    after = repaired(folder)

    assert {problem.path for problem in after.problems} == {
        "categories.yml",
        "data/kimai/kimai.yml",
    }
    assert (tmp_path / "data/kimai/kimai.yml").read_text() == "name: ["


def call(*arguments: object) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("data", *map(str, arguments), stdout=output)
    except SystemExit as exc:
        return int(exc.code or 0), output.getvalue()
    return 0, output.getvalue()


def test_a_repair_of_a_repository_is_a_branch_to_look_at(tmp_path: Path) -> None:
    first_run(tmp_path)
    path = "data/vertical/vertical.yml"
    damaged = "name: Vertical\nsource_url: https://example.org/vertical\n"
    commit_by_hand(tmp_path, {path: damaged})
    bare = repository(tmp_path)
    main = bare.head()

    assert call("check", bare.path)[0] == 1
    status, output = call("repair", bare.path)

    assert (status, bare.head()) == (0, main)
    assert "the branch repair-1" in output
    mended = read_data(bare, ref="refs/heads/repair-1")
    assert call("repair", bare.path)[1].endswith("the branch repair-2\n")
    [vertical] = [s.item for s in mended.items if s.item.slug == "vertical"]
    assert (vertical.category, vertical.name) == ("other", "Vertical")


def test_a_preview_names_the_fields_that_a_person_changed(tmp_path: Path) -> None:
    first_run(tmp_path)
    path = "data/vertical/vertical.yml"
    bare = repository(tmp_path)
    [content] = bare.read([bare.tree(bare.head() or "")[path]])
    commit_by_hand(tmp_path, {path: content.decode().replace("name: V", "name: My v")})
    candidates = tmp_path / "candidates.yml"
    candidates.write_bytes(content.replace(b"Hangs", b"Sits").replace(b"- V", b""))

    last, merged = (
        call("merge-preview", bare.path),
        call("merge-preview", bare.path, "--candidates", candidates),
    )

    assert "vertical name: keep: 'My vertical' | 'Vertical'\n" in last[1]
    assert "vertical description: take" in merged[1]


def test_a_checkout_is_read_at_the_branch_it_is_on(tmp_path: Path) -> None:
    run(tmp_path)
    bare = repository(tmp_path)
    bare.path.rename(tmp_path / ".git")

    found, ref = open_data(tmp_path)

    assert isinstance(found, Repository)
    assert ref == "refs/heads/main"
    assert len(read_data(found, ref=ref).items) == 3


def test_no_data_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder data/"):
        call("check", tmp_path)
    with pytest.raises(CommandError, match="there is no folder"):
        call("check", tmp_path / "nothing")


def test_a_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "data-repository", WHOLE)
    (tmp_path / "secret.yml").write_text(WHOLE)
    link = tmp_path / "data-repository/data/secret/secret.yml"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "secret.yml")

    assert checked(folder).items == 1
    assert parse(link.read_bytes())


NORWAY = """\
name: NO
description: 1.10
source_url: https://no.example.org/
category: On
tags: [no, 1.10, 12:30:45, 2024]
featured: yes
order: 010
mine: off
updated_at: '2026-11-22 14:40'
markdown: Tracks hours.
meta:
  version: 1.10
  stars: 1200
"""


def test_words_mean_what_they_say_in_an_item(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        NORWAY,
        **{
            "categories.yml": "- id: on\n  name: On\n- id: 2024\n  name: 2024\n",
            "tags.yml": "- id: no\n  name: NO\n- id: 1.10\n  name: 1.10\n",
        },
    )

    stored = read_data(folder)

    item = stored.items[0].item
    assert (item.name, item.description, item.category) == ("NO", "1.10", "On")
    assert item.tags == ("no", "1.10", "12:30:45", "2024")
    assert (item.featured, item.order, item.extra) == (True, 10, {"mine": "off"})
    assert item.meta == {"version": "1.10", "stars": 1200}
    assert [(c.id, c.name) for c in stored.categories] == [
        ("on", "On"),
        ("2024", "2024"),
    ]
    assert [(tag.id, tag.name) for tag in stored.tags] == [
        ("no", "NO"),
        ("1.10", "1.10"),
    ]


def test_a_repair_quotes_words_and_changes_none(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        NORWAY.replace("name: NO", "name: 2048"),
        **{
            "categories.yml": "- id: on\n  name: On\n- id: 2024\n  name: 2024 # year\n",
            "tags.yml": "- id: 1.10\n  name: 1.10\n",
        },
    )

    repaired(folder)

    assert (tmp_path / "categories.yml").read_text() == (
        "- id: on\n  name: On\n- id: '2024'\n  name: '2024' # year\n"
    )
    assert read_data(folder).items[0].item.name == "2048"
    item = (tmp_path / "data/kimai/kimai.yml").read_text()
    assert item == NORWAY.replace("name: NO", "name: '2048'")
    tags = [(tag.id, tag.name) for tag in read_data(folder).tags]
    assert tags == [
        ("1.10", "1.10"),
        ("12-30-45", "12:30:45"),
        ("2024", "2024"),
        ("no", "no"),
    ]


def test_marks_of_a_conflict_in_a_text_are_found(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, WHOLE)
    folder.write(
        {
            "data/kimai/kimai.md": b"<<<<<<< HEAD\r\nOurs.\r\n=======\r\nTheirs.\r\n"
            b">>>>>>> other\r\n"
        },
        (),
    )

    [problem] = checked(folder).problems

    assert problem == (
        "data/kimai/kimai.md",
        "it holds the marks of a conflict in git",
        False,
    )
