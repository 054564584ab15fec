"""The cache keeps pages whole or not at all, and within its room."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from generation.sources.fetch.cache import PageCache

URL = "https://example.org/list?token=secret"
HEADERS = {"etag": '"1"', "last-modified": "yesterday", "content-type": "text/plain"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "pages"


@pytest.fixture
def cache(folder: Path) -> PageCache:
    return PageCache(folder, max_bytes=1_000_000)


def test_page_comes_back_as_it_was(cache: PageCache, folder: Path) -> None:
    content = b"one\ntwo\n\0" + os.urandom(1000)

    cache.put(URL, content, HEADERS)

    entry = PageCache(folder, max_bytes=1_000_000).get(URL)
    assert entry is not None
    assert entry.content == content
    assert entry.content_type == "text/plain"
    assert entry.conditions() == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "yesterday",
    }


def test_unknown_page_is_none(cache: PageCache) -> None:
    assert cache.get(URL) is None


def test_later_page_takes_the_place_of_the_earlier(cache: PageCache) -> None:
    cache.put(URL, b"old", HEADERS)
    cache.put(URL, b"new", {"etag": '"2"'})

    entry = cache.get(URL)
    assert entry is not None
    assert entry.content == b"new"
    assert entry.conditions() == {"If-None-Match": '"2"'}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {**HEADERS, "cache-control": "private, No-Store"},
        {**HEADERS, "etag": "x" * 10_000},
    ],
    ids=["nothing", "no validator", "no-store", "endless validator"],
)
def test_page_that_cannot_be_kept_is_forgotten(
    headers: dict[str, str], cache: PageCache
) -> None:
    cache.put(URL, b"old", HEADERS)

    cache.put(URL, b"new", headers)

    assert cache.get(URL) is None


def test_files_are_ours_alone_and_name_no_url(cache: PageCache, folder: Path) -> None:
    cache.put(URL, b"hello", HEADERS)

    [path] = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"secret" not in path.read_bytes()
    assert "secret" not in path.name


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:-1],
        lambda whole: whole[: whole.index(b"\n")],
        lambda whole: whole[:10],
        lambda whole: whole + b"x",
        lambda whole: whole.replace(b"hello", b"hullo"),
        lambda whole: b"\0" * len(whole),
        lambda whole: b"\x80\x04K\x01.\nhello",
        lambda whole: b"[" * 100_000,
        lambda whole: b"{}\nhello",
    ],
)
def test_damaged_page_is_none(damage: object, cache: PageCache, folder: Path) -> None:
    cache.put(URL, b"hello", HEADERS)
    [path] = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]

    assert cache.get(URL) is None

    cache.put(URL, b"hello", HEADERS)
    assert cache.get(URL) is not None


def test_folder_in_the_place_of_a_page_is_none(cache: PageCache, folder: Path) -> None:
    cache.put(URL, b"hello", HEADERS)
    [path] = folder.iterdir()
    path.unlink()
    path.mkdir()

    assert cache.get(URL) is None
    cache.put(URL, b"hello", HEADERS)


def test_folder_that_cannot_be_written_costs_nothing_but_the_cache(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = PageCache(tmp_path / "file" / "pages", max_bytes=1_000_000)

    cache.put(URL, b"hello", HEADERS)

    assert cache.get(URL) is None


def test_room_is_not_exceeded_and_the_oldest_goes_first(folder: Path) -> None:
    room = 100_000
    cache = PageCache(folder, max_bytes=room)

    for number in range(100):
        cache.put(f"https://example.org/{number}", bytes(5_000), HEADERS)
        total = sum(path.stat().st_size for path in folder.iterdir())
        assert total <= room + 6_000
        moment = time.time() - 1000 + number
        for path in folder.iterdir():
            if path.stat().st_mtime > time.time() - 500:
                os.utime(path, (moment, moment))

    assert cache.get("https://example.org/99") is not None
    assert cache.get("https://example.org/1") is None


def test_what_is_used_is_kept(folder: Path) -> None:
    cache = PageCache(folder, max_bytes=100_000)
    for number in range(10):
        cache.put(f"https://example.org/{number}", bytes(5_000), HEADERS)
    for path in folder.iterdir():
        os.utime(path, (1_000, 1_000))

    assert cache.get("https://example.org/3") is not None
    for number in range(10, 20):
        cache.put(f"https://example.org/{number}", bytes(5_000), HEADERS)

    assert cache.get("https://example.org/3") is not None
    assert sum(1 for _ in folder.iterdir()) < 20


def test_page_that_would_fill_the_room_is_not_kept(folder: Path) -> None:
    cache = PageCache(folder, max_bytes=100_000)

    cache.put(URL, bytes(50_000), HEADERS)

    assert cache.get(URL) is None


def test_what_a_killed_process_left_is_swept_and_what_is_written_is_not(
    folder: Path,
) -> None:
    folder.mkdir(parents=True)
    (folder / "old.part").write_bytes(b"half")
    (folder / "new.part").write_bytes(b"half")
    os.utime(folder / "old.part", (1_000, 1_000))

    PageCache(folder, max_bytes=1_000_000).put(URL, b"hello", HEADERS)

    assert not (folder / "old.part").exists()
    assert (folder / "new.part").exists()


WRITER = """
import sys
from pathlib import Path
from generation.sources.fetch.cache import PageCache
cache = PageCache(Path(sys.argv[1]), max_bytes=400_000)
mine = sys.argv[2].encode()
for turn in range(150):
    url = f"https://example.org/{turn % 7}"
    cache.put(url, mine * 10_000, {"etag": '"1"'})
    entry = cache.get(url)
    assert entry is None or len(set(entry.content)) == 1, "a mixture"
    assert entry is None or len(entry.content) == 10_000, "a part"
"""


def test_several_processes_share_it(folder: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in "abc"
    ]

    said = [
        (writer.communicate(timeout=60)[0], writer.returncode) for writer in writers
    ]
    assert said == [("", 0)] * 3
    assert not list(folder.glob("*.part"))


def test_several_threads_share_it(cache: PageCache, folder: Path) -> None:
    problems: list[str] = []

    def work(letter: bytes) -> None:
        for turn in range(100):
            cache.put(f"https://example.org/{turn % 5}", letter * 9_000, HEADERS)
            entry = cache.get(f"https://example.org/{turn % 5}")
            if entry is None or len(set(entry.content)) != 1:
                problems.append(f"turn {turn}")

    threads = [threading.Thread(target=work, args=(c,)) for c in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert not list(folder.glob("*.part"))
