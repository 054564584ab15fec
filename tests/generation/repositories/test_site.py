"""What an owner decides is read with care: bounded, and wrong words are named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generation.exceptions import RepositoryError
from generation.git import blob_id
from generation.repositories.site import (
    MOST_FILE,
    Owner,
    SiteSettings,
    read_owner,
)


def read(files: dict[str, bytes], *, config: bytes | None = None) -> Owner:
    blobs = {blob_id(content): content for content in files.values()}

    def read_blobs(wanted: list[str]) -> Iterator[bytes]:
        return (blobs[blob] for blob in wanted)

    tree = {path: blob_id(content) for path, content in files.items()}
    given = SiteSettings(url="https://given.example/", accent="#112233")
    return read_owner(tree, read_blobs, settings=given, config=config)


def test_what_a_person_wrote_into_config_wins_over_the_request() -> None:
    config = b"app_url: https://own.example/list\nwebsite:\n  language: fa\n"

    settings = read({}, config=config).settings

    assert settings.url == "https://own.example/list/"
    assert settings.base_path == "/list/"
    assert settings.accent == "#112233"
    assert (settings.language, settings.reads) == ("fa", "rtl")


def test_a_domain_is_an_address_as_well() -> None:
    settings = SiteSettings(domain="tools.example.org")

    assert settings.url == "https://tools.example.org/"


def test_both_spellings_of_a_menu_are_read() -> None:
    config = (
        b"custom_header:\n- label: Blog\n  href: https://blog.example/\n"
        b"custom_footer:\n- label: Imprint\n  path: /pages/imprint\n"
    )

    settings = read({}, config=config).settings

    assert [link.href for link in settings.header] == ["https://blog.example/"]
    assert [link.href for link in settings.footer] == ["/pages/imprint"]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (b"website: {accent: red}", "website.accent: must be a colour"),
        (b"website: {language: '../en'}", "website.language: must be a language"),
        (b"website: {direction: up}", "website.direction: must be ltr or rtl"),
        (b"website: {domain: 'a b'}", "website.domain: must be a host name"),
        (b"website: {colour: '#000000'}", "website.colour"),
        (b"website: []\napp_url: ftp://x.example", "app_url: must be the address"),
        (b"app_url: 'javascript:alert(1)'", "app_url: must be the address"),
        (b"app_url: https://a.example/?q", "app_url: must end with the path"),
        (b"app_url: 'https://a.example/\"x'", "app_url: must not hold"),
        (b"website: text", "website must hold keys"),
        (b"custom_header: [{label: x}]", "custom_header needs a label"),
        (b"- a list", "does not hold keys and values"),
        (b"a: [", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(config: bytes, reason: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        read({}, config=config)

    assert reason in str(caught.value)
    assert "config.yml" in str(caught.value)


def test_only_the_owners_files_are_read() -> None:
    owner = read(
        {
            "markdown/header.md": b"Hello.",
            "pages/imprint.md": b"# Imprint",
            "pages/imprint.en.md": b"# Other",
            "pages/../secret.md": b"no",
            "website/theme.css": b"a{}",
            "website/static/logo.svg": b"<svg/>",
            "website/static/../../x": b"no",
            "website/static/.git/config": b"no",
            "website/templates/item.html": b"x",
            "website/templates/sub/item.html": b"no",
            "data/a/a.yml": b"no",
        }
    )

    assert owner.header == "Hello."
    assert [(note.name, note.text) for note in owner.notes] == [
        ("imprint", "# Imprint")
    ]
    assert owner.static == {"assets/theme.css": b"a{}", "logo.svg": b"<svg/>"}
    assert owner.templates == {"item.html": "x"}


def test_a_file_that_is_too_large_or_no_text_is_refused() -> None:
    with pytest.raises(RepositoryError, match="Make it smaller"):
        read({"website/static/film.bin": b"x" * (MOST_FILE + 1)})
    with pytest.raises(RepositoryError, match=r"pages/a\.md .* is not UTF-8"):
        read({"pages/a.md": b"\xff"})


def test_collections_are_read_leniently_and_checked() -> None:
    text = b"- id: a\n  name: A\n  items: [x]\n- id: b\n  name: B\n  isActive: false\n"

    [only] = read({"collections.yml": text}).collections

    assert (only.id, only.items) == ("a", ("x",))
    with pytest.raises(RepositoryError, match="needs an id and a name"):
        read({"collections.yml": b"- name: A\n"})


def test_what_is_not_the_default_stands_in_config() -> None:
    settings = SiteSettings(url="https://a.example", accent="#ABCDEF")

    assert settings.as_config() == {
        "app_url": "https://a.example/",
        "website": {"accent": "#abcdef"},
    }
    assert SiteSettings().as_config() == {}
