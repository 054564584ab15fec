"""Folders and archives: data repositories of other programs, and what attackers pack.

Documents of other programs, too, which are archives or look like a text.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.archives import (
    LARGEST_BUNDLE,
    is_archive,
    pack_archive,
    pack_folder,
)
from generation.sources.candidates import Candidate, Document, Reading
from generation.sources.decoding import decode

LARGE = 8 * 1024 * 1024

EVER_WORKS = {
    "README.md": "- [Not an item](https://example.org/readme)\n",
    "categories.yml": "- id: time-tracking\n  name: Time Tracking\n- {id: other, name: Other}\n",
    "tags.yml": "- id: cli\n  name: CLI\n",
    "config.yml": "company_name: Clocks\n",
    "data/klog/klog.yml": """\
name: klog
description: Times in plain text.
source_url: https://klog.jotaen.net/
category: time-tracking
tags: [cli, plain-text]
featured: true
updated_at: '2026-01-02 03:04'
brand: jotaen
badges: {license: {value: A}}
meta: {license: MIT, source_code_url: 'https://github.com/jotaen/klog'}
images: null
""",
    "data/klog/klog.md": "# klog\n\nA long text.\n",
    "data/watson-cli/watson-cli.yml": """\
name: Watson
description: first
description: A time tracker for the command line.
source_url: https://tailordev.github.io/Watson/
category: [Time Tracking, other]
tags: [{id: cli, name: CLI}]
markdown: |
  Tracks projects.
""",
    "data/broken/broken.yml": """\
name: Timewarrior
source_url: https://timewarrior.net/
category: nowhere
tags: []
    left over: [from an older
  version
""",
    "data/hopeless/hopeless.yml": "\t: [\n",
    "data/same/same.yml": "name: Klog again\nsource_url: http://www.klog.jotaen.net\ncategory: other\n",
    "data/gone/gone.md": "A text alone.\n",
}

HECAT = {
    "software/klog.yml": """\
name: klog
website_url: https://klog.jotaen.net/
source_code_url: https://github.com/jotaen/klog
description: Times in plain text.
licenses: [MIT]
platforms: [Go]
tags: [Time Trackers, Command Line]
stargazers_count: 1000
depends_3rdparty: true
commit_history: {2026-01: 3}
""",
    "software/ed.yml": """\
name: GNU ed
source_code_url: https://git.savannah.gnu.org/cgit/ed.git
description: The standard editor.
licenses: [GPL-3.0, Nonsense]
platforms: [C]
tags: [Old Editors]
""",
    "tags/time-trackers.yml": "name: Time Trackers\ndescription: Clocks.\n",
    "tags/command-line.yml": "name: Command Line\n",
    "tags/old-editors.yml": "name: Old Editors\nredirect: [Editors]\n",
    "platforms/go.yml": "name: Go\n",
    "platforms/c.yml": "name: C\n",
    "licenses.yml": "- identifier: MIT\n  name: MIT License\n- identifier: GPL-3.0\n  name: GPL\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(part: bytes) -> Reading:
    return read_document(Document(source="clocks-data", text=decode(part)))


def read_folder(folder: Path, files: Mapping[str, str]) -> Reading:
    (part,) = pack_folder(write(folder, files), largest=LARGE)
    return read(part)


def by_name(reading: Reading) -> dict[str, Candidate]:
    return {candidate.name: candidate for candidate in reading.candidates}


def test_data_repository_is_read_whole(tmp_path: Path) -> None:
    reading = read_folder(tmp_path, EVER_WORKS)

    klog = by_name(reading)["klog"]
    assert reading.kind == "data repository (ever-works)"
    assert (klog.url, klog.category) == ("https://klog.jotaen.net/", "Time Tracking")
    assert klog.tags == ("CLI", "plain-text")
    assert klog.facts == {
        "badges": {"license": {"value": "A"}},
        "brand": "jotaen",
        "featured": True,
        "license": "MIT",
        "markdown": "# klog\n\nA long text.",
        "source_code_url": "https://github.com/jotaen/klog",
        "updated_at": "2026-01-02 03:04",
    }


def test_what_is_plain_is_mended(tmp_path: Path) -> None:
    found = by_name(read_folder(tmp_path, EVER_WORKS))

    watson, timewarrior = found["Watson"], found["Timewarrior"]
    assert watson.description == "A time tracker for the command line."
    assert (watson.category, watson.tags) == ("Time Tracking", ("Other", "CLI"))
    assert watson.facts == {"markdown": "Tracks projects.", "slug": "watson-cli"}
    assert timewarrior.url == "https://timewarrior.net/"


def test_every_mend_is_reported(tmp_path: Path) -> None:
    reading = read_folder(tmp_path, EVER_WORKS)

    report = "\n".join(reading.warnings)
    for trouble in (
        "key that is there twice, the last one read (1): data/watson-cli",
        "category that is a list, the first one read (1): data/watson-cli",
        "category that is defined nowhere (1): nowhere",
        "tag that is defined nowhere (1): plain-text",
        "item whose link another item has, too (2): Klog again, klog",
        "file that cannot be read (1): data/hopeless/hopeless.yml",
        "text without an item beside it (1): data/gone/gone.md",
    ):
        assert trouble in report
    assert "file read only up to what is broken" in report
    (left,) = reading.left_out
    assert left.name == "data/hopeless/hopeless.yml"


def test_hecat_s_layout_is_read(tmp_path: Path) -> None:
    reading = read_folder(tmp_path, HECAT)

    found = by_name(reading)
    klog, ed = found["klog"], found["GNU ed"]
    assert reading.kind == "data repository (hecat)"
    assert (klog.category, klog.tags) == ("Time Trackers", ("Command Line",))
    assert klog.facts == {
        "commit_history": {"2026-01": 3},
        "depends_3rdparty": True,
        "license": "MIT",
        "platform": "Go",
        "source_code_url": "https://github.com/jotaen/klog",
        "stargazers_count": 1000,
    }
    assert ed.url == "https://git.savannah.gnu.org/cgit/ed.git"
    assert ed.category == "Editors"
    assert reading.warnings == ("licence that is defined nowhere (1): Nonsense",)


def test_other_folder_is_read_file_by_file(tmp_path: Path) -> None:
    reading = read_folder(
        tmp_path,
        {
            "lists/editors.md": "## Editors\n\n- [Vim](https://www.vim.org) - An editor.\n",
            "lists/shells.csv": "name,url\nfish,https://fishshell.com\n",
            "LICENSE.md": "- [No](https://no.example.org) - Not a source.\n",
            ".git/config.md": "- [No](https://no.example.org) - Not a source.\n",
            "notes.txt": "Nothing to see.\n",
        },
    )

    vim, fish = reading.candidates
    assert (vim.name, vim.path, vim.source) == ("Vim", ("Editors",), "clocks-data")
    assert vim.locator == "lists/editors.md > Editors"
    assert fish.name == "fish"
    assert reading.warnings[0].startswith("notes.txt: It holds no list")


def test_wikitext_in_a_folder_is_read(tmp_path: Path) -> None:
    reading = read_folder(tmp_path, {"a.mediawiki": "* Vim – https://www.vim.org\n"})

    assert list(by_name(reading)) == ["Vim"]


def test_folder_without_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")

    with pytest.raises(UnreadableSource, match="no text that lists things"):
        pack_folder(tmp_path, largest=LARGE)


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("- [Secret](https://secret.example.org)\n")
    folder = write(tmp_path / "list", {"a.md": "- [A](https://a.example.org) - One.\n"})
    (folder / "b.md").symlink_to(secret)
    (folder / "c").symlink_to(tmp_path)

    (part,) = pack_folder(folder, largest=LARGE)

    assert list(json.loads(part)["files"]) == ["a.md"]


def test_large_repository_becomes_parts_that_resolve_alone(tmp_path: Path) -> None:
    items = {
        f"data/item-{n}/item-{n}.yml": (
            f"name: Item {n}\nsource_url: https://example.org/{n}\ncategory: c\n"
            f"description: {'word ' * 100}\n"
        )
        for n in range(60)
    }
    folder = write(tmp_path, {**items, "categories.yml": "- {id: c, name: Clocks}\n"})

    parts = pack_folder(folder, largest=10_000)

    readings = [read(part) for part in parts]
    assert len(parts) > 2
    assert all(len(part) <= 10_000 for part in parts)
    assert sum(len(reading.candidates) for reading in readings) == 60
    assert {c.category for r in readings for c in r.candidates} == {"Clocks"}


def pack_zip(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


def pack_tar(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        pack_zip,
        pack_tar,
        lambda files: gzip.compress(pack_tar(files)),
        lambda files: bz2.compress(pack_tar(files)),
        lambda files: lzma.compress(pack_tar(files)),
    ],
)
def test_archive_is_what_is_in_it(pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    content = pack({f"clocks-data-main/{name}": t for name, t in EVER_WORKS.items()})

    assert is_archive(content)
    assert pack_archive(content, largest=LARGE) == pack_folder(
        write(tmp_path, EVER_WORKS), largest=LARGE
    )


def test_packed_text_is_no_archive() -> None:
    assert not is_archive(gzip.compress(b"- [A](https://a.example.org)\n"))
    assert not is_archive(b"PK is not enough")
    assert not is_archive(b"\x1f\x8bnonsense")


@pytest.mark.parametrize(
    "name", ["../out.md", "/etc/out.md", "a/../../out.md", "C:\\out.md", "..\\out.md"]
)
def test_paths_that_lead_out_are_passed_over(name: str) -> None:
    files = {
        name: "- [Out](https://out.example.org)\n",
        "in.md": "- [In](https://in.example.org)\n",
    }

    for content in (pack_zip(files), pack_tar(files)):
        (part,) = pack_archive(content, largest=LARGE)
        assert list(json.loads(part)["files"]) == ["in.md"]


def test_links_in_an_archive_are_passed_over() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "a.md"), (tarfile.CHRTYPE, "b.md")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)

    with pytest.raises(UnreadableSource, match="no text"):
        pack_archive(stream.getvalue(), largest=LARGE)


def zip_bomb() -> bytes:
    return pack_zip({f"{n}.md": "0" * (LARGE - 1) for n in range(8)})


def tar_bomb() -> bytes:
    """A gzip of one gigabyte of zeros, which says that it is one long name."""
    member = tarfile.TarInfo("a.md")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 1024**3
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6) as packed:
        packed.write(member.tobuf(tarfile.GNU_FORMAT))
        for _ in range(200):
            packed.write(b"\0" * 1024**2)
    return stream.getvalue()


@pytest.mark.parametrize("bomb", [zip_bomb, tar_bomb])
def test_archive_that_is_a_bomb_is_refused(bomb: object) -> None:
    assert callable(bomb)
    content = bomb()
    assert len(content) < LARGEST_BUNDLE / 10

    with pytest.raises(UnreadableSource, match=r"too large|together"):
        pack_archive(content, largest=LARGE)


def test_large_file_in_an_archive_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="One of its files"):
        pack_archive(pack_zip({"a.md": "0" * (LARGE + 1)}), largest=LARGE)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"\0" * 100,
        pack_zip({"a.md": "- [A](https://a.example.org)\n" * 50})[:-30],
        gzip.compress(pack_tar({"a.md": "- [A](https://a.example.org)\n" * 50}))[:80],
    ],
    # Its bytes are no name for a test: gzip writes the time into them.
    ids=["no zip", "cut zip", "cut gzip"],
)
def test_damaged_archive_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableSource, match=r"damaged|no text"):
        pack_archive(content, largest=LARGE)


@pytest.mark.parametrize(
    ("files", "advice"),
    [
        (
            {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"},
            "It is an Excel workbook. Export the sheet as CSV and give that.",
        ),
        (
            {"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:document/>"},
            "It is a Word document. Save it as a web page and give that.",
        ),
        (
            {"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"},
            "It is a PowerPoint presentation. Give its list as Markdown or CSV.",
        ),
        (
            {
                "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                "content.xml": "<office/>",
            },
            "It is an OpenDocument spreadsheet. Export the sheet as CSV and give that.",
        ),
        (
            {
                "mimetype": "application/vnd.oasis.opendocument.text\n",
                "content.xml": "<office/>",
            },
            "It is an OpenDocument text. Save it as a web page and give that.",
        ),
        (
            {
                "mimetype": "application/epub+zip",
                "OEBPS/list.html": "<ul><li><a href='https://a.org'>A</a> - One</ul>",
            },
            "It is an e-book (EPUB). Unpack it and give the page that lists things.",
        ),
    ],
    ids=["XLSX", "DOCX", "PPTX", "ODS", "ODT", "EPUB"],
)
def test_office_document_is_refused_with_advice(
    files: dict[str, str], advice: str
) -> None:
    with pytest.raises(UnreadableSource) as refusal:
        pack_archive(pack_zip(files), largest=LARGE)

    assert str(refusal.value) == advice


def test_rtf_is_refused_with_advice() -> None:
    text = r"{\rtf1\ansi {\field HYPERLINK \"https://www.vim.org\" Vim} - Edits\par}"

    with pytest.raises(UnreadableSource) as refusal:
        read(text.encode())

    assert str(refusal.value) == (
        "It is a document in RTF. Save it as a web page or as plain text and give that."
    )


def test_bundle_in_a_bundle_is_not_read() -> None:
    inner = json.dumps({"gazetteer-bundle": 1, "files": {"a.md": "x"}})
    text = json.dumps({"gazetteer-bundle": 1, "files": {"b.json": inner}})

    with pytest.raises(UnreadableSource, match="None of its files"):
        read(text.encode())
