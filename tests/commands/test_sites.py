"""A website leaves the repository: into a folder, and onto a port of this machine."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request
from pathlib import Path

from tests.commands.conftest import Gazetteer


def test_an_export_has_a_full_text_index_and_says_so(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    ended = gazetteer.run("export_site", "clocks", "site")

    site = gazetteer.folder / "site"
    assert "with a full-text index" in ended.stdout
    assert (site / "pagefind" / "pagefind.js").is_file()
    assert "pagefind" in (site / "assets" / "engine.js").read_text()
    assert not (site / ".gazetteer").exists()


def test_two_exports_of_one_website_are_equal(gazetteer: Gazetteer) -> None:
    gazetteer.make()

    gazetteer.run("export_site", "clocks", "one")
    gazetteer.run("export_site", "clocks", "two")

    one, two = (contents(gazetteer.folder / name) for name in ("one", "two"))
    assert one == two


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_export_without_an_index_is_what_the_repository_holds(
    gazetteer: Gazetteer,
) -> None:
    gazetteer.make()

    ended = gazetteer.run("export_site", "clocks", "site", "--no-index")

    site = gazetteer.folder / "site"
    assert "full-text" not in ended.stdout
    assert not (site / "pagefind").exists()
    assert "plain" in (site / "assets" / "engine.js").read_text()


def test_an_index_that_cannot_be_made_is_reported_and_the_website_goes_without(
    gazetteer: Gazetteer,
) -> None:
    gazetteer.make()

    ended = gazetteer.run(
        "export_site", "clocks", "site", PAGEFIND_BINARY_PATH="/bin/false"
    )

    site = gazetteer.folder / "site"
    assert ended.status == 0
    assert "Warning: no full-text index was made (Pagefind ended with 1" in ended.stderr
    assert "full-text" not in ended.stdout
    assert not (site / "pagefind").exists()
    assert "plain" in (site / "assets" / "engine.js").read_text()


def test_a_proposal_can_be_exported_before_it_is_accepted(
    gazetteer: Gazetteer,
) -> None:
    gazetteer.make()
    (gazetteer.folder / "more.md").write_text(
        "# More\n\n- [Candle](https://candle.example.org/) - Burns down.\n"
    )
    gazetteer.run(
        "generate_directory", "clocks", "--source", "more.md", "--pull-request"
    )

    gazetteer.run("export_site", "clocks", "site", "--no-index")
    ended = gazetteer.run(
        "export_site", "clocks", "with-it", "--no-index", "--proposal", "1"
    )

    assert ended.status == 0, ended.stderr
    assert not (gazetteer.folder / "site" / "items" / "candle").exists()
    assert (gazetteer.folder / "with-it" / "items" / "candle").is_dir()
    for command in (("export_site", "clocks", "more"), ("serve_site", "clocks")):
        refused = gazetteer.run(*command, "--proposal", "7")
        assert (refused.status, refused.stderr) == (
            2,
            "CommandError: admin/clocks has no proposal 7.\n",
        )


def test_an_unknown_directory_is_named(gazetteer: Gazetteer) -> None:
    for command in (("export_site", "nothing", "site"), ("serve_site", "nothing")):
        ended = gazetteer.run(*command)

        assert ended.status == 2
        assert "There is no directory nothing" in ended.stderr


def test_a_served_website_answers_until_it_is_interrupted(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    process = gazetteer.start("serve_site", "clocks", "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert found, line

    with urllib.request.urlopen(found[0]) as answer:
        page, policy = answer.read(), answer.headers["Content-Security-Policy"]
    try:
        urllib.request.urlopen(f"{found[0]}assets/")
        missing = b""
    except urllib.error.HTTPError as error:
        missing = error.read()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert b"<h1" in page
    assert "script-src 'self'" in policy
    assert b"Page not found" in missing
    assert process.returncode == 0


def test_a_port_that_is_taken_is_named(gazetteer: Gazetteer) -> None:
    gazetteer.make()
    first = gazetteer.start("serve_site", "clocks", "--port", "0")
    assert first.stdout is not None
    port = re.findall(r":(\d+)/", first.stdout.readline())[0]

    second = gazetteer.run("serve_site", "clocks", "--port", port)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=20)

    assert second.status == 2
    assert f"Port {port} cannot be used" in second.stderr
