"""What `inspect_source` says of a source, and that it leaves no trace."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.commands.conftest import Gazetteer

TABLE = "name;url;kategorie\nKüchenuhr;https://example.org/küche;Uhren\n"


@pytest.fixture
def page() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/markdown; charset=utf-8")
            self.end_headers()
            self.wfile.write(
                b"## Sundials\n\n- [Vertical](https://example.org/v) - Hangs.\n"
            )

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/list.md"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_shows_what_a_run_would_read(gazetteer: Gazetteer) -> None:
    (gazetteer.folder / "list.md").write_text(
        "## Sundials\n\n- [Vertical](https://example.org/v) - Hangs on a wall.\n"
        "- [[bold]Flat[/bold]](https://example.org/f)\n- Not linked\n"
    )

    ended = gazetteer.run("inspect_source", "list.md")

    assert (ended.status, ended.stderr) == (0, "")
    assert "list.md: markdown, utf-8, 126 bytes" in ended.stdout
    assert "3 entries: 2 items, 0 merged, 1 left out" in ended.stdout
    assert "Hangs on a wall." in ended.stdout
    assert "[bold]Flat[/bold]" in ended.stdout
    assert "Categories: Sundials 2" in ended.stdout
    assert "Left out, it has no link (1): Not linked" in ended.stdout


def test_nothing_is_written(gazetteer: Gazetteer) -> None:
    gazetteer.run("inspect_source", "list.md")

    assert gazetteer.written() == set()


def test_json_is_one_object(gazetteer: Gazetteer) -> None:
    (gazetteer.folder / "uhren.csv").write_bytes(TABLE.encode("utf-16"))

    found = gazetteer.run("inspect_source", "uhren.csv", "--json").json

    assert found == {
        "source": "uhren.csv",
        "kinds": ["csv"],
        "encodings": ["utf-16-le"],
        "bytes": 124,
        "found": 1,
        "items": 1,
        "merged": 0,
        "left_out": 0,
        "categories": {"Uhren": 1},
        "reasons": {},
        "warnings": [],
        "first_items": [
            {
                "name": "Küchenuhr",
                "url": "https://example.org/küche",
                "description": "",
                "category": "Uhren",
                "tags": [],
                "labels": [],
                "facts": {},
            }
        ],
        "first_left_out": [],
    }


def test_number_of_items_is_bounded(gazetteer: Gazetteer) -> None:
    found = gazetteer.run("inspect_source", "list.md", "--json", "--items", "1").json

    assert (found["items"], len(found["first_items"])) == (2, 1)


def test_folder_is_inspected(gazetteer: Gazetteer) -> None:
    folder = gazetteer.folder / "clocks-data" / "data" / "sundial"
    folder.mkdir(parents=True)
    (folder / "sundial.yml").write_text(
        "name: Sundial\nsource_url: https://example.org/s\ncategory: nowhere\n"
    )
    (folder.parent.parent / "categories.yml").write_text("- {id: dials, name: Dials}\n")

    found = gazetteer.run("inspect_source", "clocks-data", "--json").json

    assert found["kinds"] == ["data repository (ever-works)"]
    assert found["warnings"] == [
        "clocks-data: category that is defined nowhere (1): nowhere"
    ]


def test_url_is_fetched_by_the_rules_of_a_run(gazetteer: Gazetteer, page: str) -> None:
    refused = gazetteer.run("inspect_source", page)
    allowed = gazetteer.run(
        "inspect_source", page, "--json", FETCH_ALLOWED_NETWORKS="127.0.0.0/8"
    )

    assert refused.status == 1
    assert "127.0.0.1" in refused.stderr
    assert allowed.status == 0, allowed.stderr
    assert allowed.json["first_items"][0]["name"] == "Vertical"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"\n", "is empty"),
        ("words.txt", b"Only words.\n", "no list"),
        ("list.pdf", b"%PDF-1.7\n", "a PDF"),
        (
            "map.xml",
            b"<urlset><url><loc>https://a.org</loc></url></urlset>",
            "site map",
        ),
        ("group.md", b"- Not linked\n- Nor this: https://\n", "no item was found"),
    ],
)
def test_reason_is_told_where_nothing_is_found(
    gazetteer: Gazetteer, name: str, content: bytes, reason: str
) -> None:
    (gazetteer.folder / name).write_bytes(content)

    ended = gazetteer.run("inspect_source", name)

    assert (ended.status, ended.stdout) == (1, "")
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_missing_file_is_told(gazetteer: Gazetteer) -> None:
    ended = gazetteer.run("inspect_source", "nowhere.md")

    assert ended.status == 1
    assert "Give an existing file or folder" in ended.stderr


@pytest.mark.parametrize("arguments", [(), ("list.md", "--items", "-1"), ("a", "b")])
def test_wrong_use_has_a_status_of_its_own(
    gazetteer: Gazetteer, arguments: tuple[str, ...]
) -> None:
    ended = gazetteer.run("inspect_source", *arguments)

    assert ended.status == 2
    assert "usage" in ended.stderr


def test_nothing_found_says_why_in_json(gazetteer: Gazetteer) -> None:
    (gazetteer.folder / "list.md").write_text(
        "# Clocks\n\n## Sponsors\n\n- [Acme](https://acme.example.org) - Pays.\n"
    )

    ended = gazetteer.run("inspect_source", "list.md", "--json")

    assert ended.status == 1
    assert ended.json["items"] == 0
    assert list(ended.json["reasons"].values()) == [1]
    assert "1 entry stands under “Sponsors”" in ended.json["error"]
