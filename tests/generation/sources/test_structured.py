"""Records in YAML, TOML and XML, and tables as different programs export them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document, Reading


def read(text: str, name: str = "list") -> Reading:
    return read_document(Document(source=name, text=text))


def summary(candidate: Candidate) -> tuple[Any, ...]:
    return candidate.name, candidate.url, candidate.category, candidate.tags


YAML = """\
# Tools
- name: Gitea
  url: https://about.gitea.com/
  description: "A forge: small and quick"
  category: Forges
  tags: [git, go]
- name: Forgejo
  url: https://forgejo.org/
  category: Forges
"""


@pytest.mark.parametrize("name", ["tools.yml", "tools.yaml", "tools", "tools.txt"])
def test_yaml_list_of_records(name: str) -> None:
    reading = read(YAML, name)

    gitea, forgejo = reading.candidates
    assert reading.kind == "yaml"
    assert summary(gitea) == (
        "Gitea",
        "https://about.gitea.com/",
        "Forges",
        ("git", "go"),
    )
    assert gitea.description == "A forge: small and quick"
    assert forgejo.name == "Forgejo"


def test_yaml_groups_are_the_path() -> None:
    text = (
        "Databases:\n  SQLite:\n    url: https://sqlite.org\n  Redis:\n"
        "    url: https://redis.io\n  Valkey:\n    url: https://valkey.io\n"
        "Editors:\n  - name: Vim\n    url: https://www.vim.org\n"
    )

    found = {c.name: c.path for c in read(text, "tools.yml").candidates}

    assert found == {
        "SQLite": ("Databases",),
        "Redis": ("Databases",),
        "Valkey": ("Databases",),
        "Vim": ("Editors",),
    }


@pytest.mark.parametrize(
    "text",
    [
        "- Media:\n    - Jellyfin:\n        href: https://jellyfin.org\n"
        "        description: Plays films.\n",
        "- Media:\n    - Jellyfin:\n        - abbr: JF\n"
        "          href: https://jellyfin.org\n          description: Plays films.\n",
        "- Media:\n    - Jellyfin:\n        href: https://jellyfin.org\n"
        "        description: Plays films.\n    - Plex:\n        href: https://plex.tv\n"
        "- Code:\n    - Git:\n        href: https://git.example.org\n",
        "Media:\n  - Jellyfin:\n      href: https://jellyfin.org\n"
        "      description: Plays films.\nMusic:\n"
        "  - Navidrome:\n      href: https://www.navidrome.org\n",
    ],
)
def test_yaml_lists_of_one_key_each_are_records(text: str) -> None:
    jellyfin = read(text, "services.yaml").candidates[0]

    assert (jellyfin.name, jellyfin.url) == ("Jellyfin", "https://jellyfin.org")
    assert (jellyfin.path, jellyfin.description) == (("Media",), "Plays films.")


def test_yaml_list_of_names_with_their_links() -> None:
    text = "tools:\n  - Acme: https://acme.example.org\n"

    (acme,) = read(text, "tools.yml").candidates

    assert (acme.name, acme.url) == ("Acme", "https://acme.example.org")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- name: [\n- url: https://a.example.org\n", "not valid YAML in line"),
        ("- &a name: A\n  url: https://a.example.org\n- *a\n", "aliases"),
        ("- url: https://a.example.org\n  x: " + "[" * 500 + "]" * 500, "nested more"),
    ],
)
def test_yaml_that_is_broken_or_an_attack_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableSource, match=reason):
        read(text, "tools.yml")


def test_toml_tables_are_records() -> None:
    text = (
        '[[tool]]\nname = "Zola"\nhomepage = "https://www.getzola.org"\n'
        'tags = ["rust"]\n\n[[tool]]\nname = "Hugo"\nhomepage = "https://gohugo.io"\n'
    )

    zola, hugo = read(text).candidates

    assert summary(zola) == ("Zola", "https://www.getzola.org", "", ("rust",))
    assert hugo.url == "https://gohugo.io"


def test_broken_toml_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="not valid TOML"):
        read('[[tool]]\nname = "Zola\n', "tools.toml")


def test_xml_of_any_kind_is_records() -> None:
    text = (
        '<?xml version="1.0"?><tools><group><title>Servers</title>'
        '<tool id="1"><name>nginx</name><link>https://nginx.org/</link></tool>'
        '<tool id="2"><name>Caddy</name><link>https://caddyserver.com/</link></tool>'
        "</group><group><title>Clients</title>"
        '<tool id="3"><name>curl</name><link>https://curl.se/</link></tool>'
        "</group></tools>"
    )

    nginx, caddy, curl = read(text).candidates

    assert curl.path == ("Clients",)
    assert (nginx.name, nginx.url) == ("nginx", "https://nginx.org/")
    assert caddy.path == ("Servers",)


def test_bookmarks_in_xml_have_their_title_in_the_description() -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><posts user="ada">'
        '<post href="https://git-scm.com/" description="Git" extended="Version control" '
        'tag="vcs cli" time="2016-05-10T20:30:00Z"/>'
        '<post href="https://curl.se/" description="curl" extended="" tag="http" '
        'time="2016-05-10T20:31:00Z"/></posts>'
    )

    git, curl = read(text).candidates

    assert summary(git) == ("Git", "https://git-scm.com/", "", ("vcs", "cli"))
    assert (git.description, curl.description) == ("Version control", "")


def test_starred_repositories_are_read_without_what_changes_daily() -> None:
    star = {
        "starred_at": "2026-01-02T03:04:05Z",
        "repo": {
            "id": 1,
            "name": "redis",
            "full_name": "redis/redis",
            "owner": {"login": "redis", "html_url": "https://github.com/redis"},
            "html_url": "https://github.com/redis/redis",
            "url": "https://api.github.com/repos/redis/redis",
            "homepage": "http://redis.io",
            "description": "An in-memory database.",
            "stargazers_count": 66000,
            "language": "C",
            "topics": ["database", "cache"],
            "license": {"key": "other", "name": "Other", "spdx_id": "NOASSERTION"},
        },
    }

    (item,) = read(json.dumps([star["repo"]])).candidates
    (starred,) = read(json.dumps([star])).candidates

    assert summary(item) == summary(starred)
    assert summary(item) == (
        "redis",
        "https://github.com/redis/redis",
        "",
        ("database", "cache"),
    )
    assert item.facts == {"language": "C", "website_url": "http://redis.io"}


def test_what_the_forge_s_command_prints_is_read() -> None:
    record = {
        "nameWithOwner": "sqlite/sqlite",
        "url": "https://github.com/sqlite/sqlite",
        "description": "A database.",
        "primaryLanguage": {"name": "C"},
        "repositoryTopics": [{"name": "sql"}],
        "licenseInfo": {"key": "mit", "name": "MIT License"},
        "stargazerCount": 1,
    }

    (item,) = read(json.dumps([record])).candidates

    assert (item.name, item.tags) == ("sqlite/sqlite", ("sql",))
    assert item.facts == {"language": "C", "license": "mit"}


def test_json_that_maps_names_to_links_is_a_list() -> None:
    text = json.dumps(
        {
            "Databases": {"SQLite": "https://sqlite.org", "Redis": "https://redis.io"},
            "Editors": {"Vim": "https://www.vim.org", "Emacs": "https://www.gnu.org/e"},
        }
    )

    found = [(c.name, c.path) for c in read(text).candidates]

    assert found == [
        ("SQLite", ("Databases",)),
        ("Redis", ("Databases",)),
        ("Vim", ("Editors",)),
        ("Emacs", ("Editors",)),
    ]


def test_fields_that_hold_links_are_no_list() -> None:
    text = json.dumps(
        {"homepage": "https://a.example.org", "docs_url": "https://b.example.org"}
    )

    assert read(text, "package.json").candidates == ()


@pytest.mark.parametrize(
    "value",
    [
        [["Name", "Website"], ["Vim", "https://www.vim.org"]],
        [["Link to the tool", "AI tool"], ["https://www.vim.org", "Vim"]],
        [["Vim", "https://www.vim.org"], ["https://www.gnu.org/e", "Emacs"]],
        {"range": "A1:B9", "values": [["Name", "URL"], ["Vim", "https://www.vim.org"]]},
    ],
)
def test_json_arrays_of_arrays_are_rows(value: Any) -> None:
    first, *_ = read(json.dumps(value)).candidates

    assert (first.name, first.url) == ("Vim", "https://www.vim.org")


def test_notion_s_properties_are_read() -> None:
    page = {
        "object": "page",
        "properties": {
            "Name": {"type": "title", "title": [{"plain_text": "Penpot"}]},
            "URL": {"type": "url", "url": "https://penpot.app/"},
            "Category": {"type": "select", "select": {"name": "Design"}},
            "Tags": {"type": "multi_select", "multi_select": [{"name": "svg"}]},
        },
    }

    (item,) = read(json.dumps({"results": [page]})).candidates

    assert summary(item) == ("Penpot", "https://penpot.app/", "Design", ("svg",))


def test_airtable_s_records_are_read() -> None:
    record = {
        "id": "rec1",
        "createdTime": "2026-01-02T00:00:00.000Z",
        "fields": {"Name": "Penpot", "URL": "https://penpot.app/", "Notes": "Draws."},
    }

    (item,) = read(json.dumps({"records": [record]})).candidates

    assert (item.name, item.description) == ("Penpot", "Draws.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # Raindrop
            "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n"
            '1,Penpot,,"Draws, on the web",https://penpot.app/,Design,"svg, web",'
            "2026-01-02T00:00:00.000Z,,,false\n",
            ("Penpot", "https://penpot.app/", "Design", ("svg", "web")),
        ),
        (  # Pocket
            "title,url,time_added,tags,status\n"
            "Penpot,https://penpot.app/,1600000000,svg|web,unread\n",
            ("Penpot", "https://penpot.app/", "", ("svg", "web")),
        ),
        (  # Notion, with its byte order mark
            '\ufeffName,Category,Tags,URL\nPenpot,Design,"svg, web",https://penpot.app/\n',
            ("Penpot", "https://penpot.app/", "Design", ("svg", "web")),
        ),
        (  # a spreadsheet, as tabs
            "Tool\tLink\tCategory\tTags\nPenpot\thttps://penpot.app/\tDesign\tsvg, web\n",
            ("Penpot", "https://penpot.app/", "Design", ("svg", "web")),
        ),
    ],
)
def test_tables_as_programs_export_them(text: str, expected: tuple[Any, ...]) -> None:
    (item,) = read(text).candidates

    assert summary(item) == expected


def test_json_export_of_a_link_keeper_is_read() -> None:
    post = {
        "href": "https://git-scm.com/",
        "description": "Git",
        "extended": "",
        "meta": "abc",
        "hash": "def",
        "time": "2016-05-10T20:30:00Z",
        "shared": "yes",
        "toread": "no",
        "tags": "vcs cli",
    }

    (item,) = read(json.dumps([post])).candidates

    assert summary(item) == ("Git", "https://git-scm.com/", "", ("vcs", "cli"))
    assert item.description == ""


def test_words_in_yaml_mean_what_they_say() -> None:
    reading = read("""\
- name: NO
  url: https://no.example.org
  category: On
  tags: [yes, off, NO, no, 1.10, 12:30:45, 7]
- title: 010
  url: https://eight.example.org
  category: 2024
  description: 1.10
- name: true
  url: https://true.example.org
  category: Null
- name: 2048
  url: https://game.example.org
  type: 3
  description: 4096
""")

    assert [summary(candidate)[::2] for candidate in reading.candidates] == [
        ("NO", "On"),
        ("010", "2024"),
        ("true", "Null"),
        ("2048", ""),
    ]
    no, eight, _, game = reading.candidates
    assert no.tags == ("yes", "off", "NO", "1.10", "12:30:45", "7")
    assert (eight.description, game.description) == ("1.10", "4096")


def test_a_sign_at_the_end_of_a_tag_is_part_of_its_name() -> None:
    rows = [
        {"name": "A", "url": "https://a.example.org", "tags": "C#, F#"},
        {"name": "B", "url": "https://b.example.org", "tags": "#web #news"},
        {
            "name": "C",
            "url": "https://c.example.org",
            "tags": ["#web", "J#", "C", "C#"],
        },
        {
            "name": "D",
            "url": "https://d.example.org",
            "tags": '["a, b", "say \\"x\\""]',
        },
    ]

    reading = read(json.dumps(rows), "a.json")

    assert [candidate.tags for candidate in reading.candidates] == [
        ("C#", "F#"),
        ("web", "news"),
        ("web", "J#", "C", "C#"),
        ("a, b", 'say "x"'),
    ]


def test_a_sign_at_the_end_of_a_mark_is_part_of_its_name() -> None:
    reading = read(
        "## Langs\n\n- [A](https://a.example.org) - One. `C#` `C`\n"
        "- [B](https://b.example.org) - Two. `#web` `F#`\n",
        "a.md",
    )

    assert [candidate.labels for candidate in reading.candidates] == [
        ("C#", "C"),
        ("web", "F#"),
    ]
