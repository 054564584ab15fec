"""What the owner of a directory decides about its list and website, read from their files.

It lies in the data repository: keys of `config.yml`, and files below `markdown/`, `pages/`
and `website/`. Everything of it is a stranger's, so it is bounded here, and what a person
wrote wrongly is named instead of being passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from generation.contract.values import Colour, Domain, Language, SiteUrl
from generation.exceptions import RepositoryError
from generation.items import Record
from generation.yaml import InvalidYAML, as_bool, as_integer, parse, scalar_text

MOST_TEXT = 256 * 1024
MOST_FILE = 2 * 1024 * 1024
MOST_TOGETHER = 16 * 1024 * 1024
MOST_LINKS = 12
LABEL_FILES = 20

TEMPLATES = "website/templates/"
STATIC = "website/static/"
STYLE = "website/theme.css"
WORDS = "website/words.yml"
PAGES = "pages/"
HEADER = "markdown/header.md"
FOOTER = "markdown/footer.md"
LICENCES = ("LICENSE", "LICENSE.md")
COLLECTIONS = "collections.yml"

_PAGE = re.compile(r"pages/([a-z0-9][a-z0-9-]{0,79})(?:\.en)?\.md")
_TEMPLATE = re.compile(r"[a-z0-9_-]{1,40}\.(?:html|svg)")
_STATIC = re.compile(
    r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/){0,4}[A-Za-z0-9_.-]{1,100}"
)
_RIGHT_TO_LEFT = {
    "ar",
    "arc",
    "ckb",
    "dv",
    "fa",
    "he",
    "ku",
    "ps",
    "sd",
    "ug",
    "ur",
    "yi",
}


class MenuLink(Record):
    """A link that the owner wants at the head or the foot of every page."""

    label: str
    href: str


class SiteSettings(Record):
    """How the website looks and where it will stand. Everything has a default.

    `url` ends with a slash; its path is the base path. Without it, whatever needs an
    absolute link is left out.
    """

    url: SiteUrl = ""
    accent: Colour = "#0b6b5d"
    language: Language = "en"
    direction: str = ""
    domain: Domain = ""
    header: tuple[MenuLink, ...] = Field(default=(), max_length=MOST_LINKS)
    footer: tuple[MenuLink, ...] = Field(default=(), max_length=MOST_LINKS)
    footer_text: str = Field(default="", max_length=500)

    @field_validator("url")
    @classmethod
    def _ends_with_a_slash(cls, url: str) -> str:
        return url.rstrip("/") + "/" if url else ""

    @field_validator("accent")
    @classmethod
    def _has_a_colour(cls, accent: str) -> str:
        return accent or cls.model_fields["accent"].default

    @field_validator("language")
    @classmethod
    def _has_a_language(cls, language: str) -> str:
        return language or cls.model_fields["language"].default

    @field_validator("direction")
    @classmethod
    def _is_a_direction(cls, direction: str) -> str:
        if direction not in ("", "ltr", "rtl"):
            raise ValueError("must be ltr or rtl")
        return direction

    @model_validator(mode="before")
    @classmethod
    def _domain_is_an_address(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("domain") and not given.get("url"):
            domain = str(given["domain"]).strip().lower()
            return given | {"url": f"https://{domain}/"}
        return given

    @property
    def base_path(self) -> str:
        """The path that the site stands below, with a slash at both ends."""
        return urlsplit(self.url).path or "/"

    @property
    def reads(self) -> str:
        """The way its text runs: `ltr` or `rtl`."""
        if self.direction:
            return self.direction
        return "rtl" if self.language.split("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def as_config(self) -> dict[str, Any]:
        """The keys of `config.yml` that say what is not the default."""
        own = self.model_dump(
            exclude_defaults=True, exclude={"url", "header", "footer"}
        )
        document: dict[str, Any] = {"app_url": self.url} if self.url else {}
        return document | ({"website": own} if own else {})


class Collection(Record):
    """A hand-picked group of items, beside their categories."""

    id: str
    name: str
    description: str = ""
    priority: int | None = None
    items: tuple[str, ...] = ()


class Note(NamedTuple):
    """A page of the owner's own, in Markdown."""

    name: str
    text: str


class Owner(NamedTuple):
    """Everything of the owner's that goes into list and website besides the items."""

    settings: SiteSettings = SiteSettings()
    header: str = ""
    footer: str = ""
    licence: str = ""
    collections: tuple[Collection, ...] = ()
    notes: tuple[Note, ...] = ()
    templates: Mapping[str, str] = {}
    static: Mapping[str, bytes] = {}
    words: Mapping[str, str] = {}


def read_owner(
    tree: Mapping[str, str],
    read: Callable[[list[str]], Iterator[bytes]],
    *,
    settings: SiteSettings,
    config: bytes | None,
) -> Owner:
    """Read the owner's files out of a data repository.

    `config` is their `config.yml` if a person edited it: what it says wins over
    `settings`. Raises RepositoryError, which names the file and what to change.
    """
    paths = sorted(path for path in tree if _is_owners(path) and " " not in tree[path])
    files = dict(zip(paths, read([tree[path] for path in paths]), strict=True))
    _check_sizes(files)
    texts = {
        path: _decode(path, content)
        for path, content in files.items()
        if not path.startswith(STATIC)
    }
    static = {
        p.removeprefix(STATIC): c for p, c in files.items() if p.startswith(STATIC)
    }
    if STYLE in files:
        static["assets/theme.css"] = files[STYLE]
    return Owner(
        settings=_settings(settings, config),
        header=texts.get(HEADER, ""),
        footer=texts.get(FOOTER, ""),
        licence=texts.get("LICENSE.md", "") or texts.get("LICENSE", ""),
        collections=_collections(files.get(COLLECTIONS)),
        notes=tuple(_notes(texts)),
        templates={
            path.removeprefix(TEMPLATES): text
            for path, text in texts.items()
            if path.startswith(TEMPLATES)
        },
        static=static,
        words=_words(files.get(WORDS)),
    )


def _is_owners(path: str) -> bool:
    if path.startswith(TEMPLATES):
        return _TEMPLATE.fullmatch(path.removeprefix(TEMPLATES)) is not None
    if path.startswith(STATIC):
        name = path.removeprefix(STATIC)
        return _STATIC.fullmatch(name) is not None and not name.startswith(".git")
    known = path in (STYLE, WORDS, HEADER, FOOTER, COLLECTIONS, *LICENCES)
    return known or _PAGE.fullmatch(path) is not None


def _check_sizes(files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        times = LABEL_FILES if path == COLLECTIONS else 1
        most = MOST_FILE if path.startswith(STATIC) else MOST_TEXT * times
        if len(content) > most:
            raise RepositoryError(
                f"{path} of the data repository has {len(content):,} bytes; it may have "
                f"{most:,}. Make it smaller and run again"
            )
    if sum(map(len, files.values())) > MOST_TOGETHER:
        raise RepositoryError(
            f"the files below website/ have more than {MOST_TOGETHER:,} bytes together. "
            "Keep large ones elsewhere and run again"
        )


def _decode(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise RepositoryError(
            f"{path} of the data repository is not UTF-8. Save it so and run again"
        ) from exc


def _settings(given: SiteSettings, config: bytes | None) -> SiteSettings:
    document = _document("config.yml", config, dict)
    own = document.get("website") or {}
    if not isinstance(own, dict):
        raise RepositoryError("config.yml: website must hold keys of its own")
    asked: dict[str, Any] = {
        key: _text(own[key]) for key in own if own[key] is not None
    }
    if document.get("app_url"):
        asked["url"] = _text(document["app_url"])
    for name in ("header", "footer"):
        if links := document.get(f"custom_{name}"):
            asked[name] = tuple(_links(f"custom_{name}", links))
    try:
        return SiteSettings.model_validate(
            given.model_dump(exclude_defaults=True) | asked
        )
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, error["loc"])) or "website"
        key = "app_url" if place == "url" else f"website.{place}"
        reason = error["msg"].removeprefix("Value error, ")
        raise RepositoryError(
            f"config.yml of the data repository: {key}: {reason}. Mend it and run again"
        ) from exc


def _links(key: str, links: object) -> Iterator[MenuLink]:
    """Read a menu of either website template: `path` and `href` say the same."""
    for link in links if isinstance(links, list) else []:
        pairs = link if isinstance(link, dict) else {}
        label = _text(pairs.get("label"))
        href = _text(pairs.get("href") or pairs.get("path"))
        if not isinstance(label, str) or not isinstance(href, str):
            raise RepositoryError(
                f"config.yml of the data repository: each entry of {key} needs a label "
                "and a href. Mend it and run again"
            )
        yield MenuLink(label=label.strip(), href=href.strip())


def _collections(content: bytes | None) -> tuple[Collection, ...]:
    entries = _document(COLLECTIONS, content, list)
    found: dict[str, Collection] = {}
    for entry in entries:
        pairs = entry if isinstance(entry, dict) else {}
        id_, name = _text(pairs.get("id")), _text(pairs.get("name"))
        if not isinstance(id_, str) or not isinstance(name, str):
            raise RepositoryError(
                f"{COLLECTIONS} of the data repository: each collection needs an id and "
                "a name, both text. Mend it and run again"
            )
        if as_bool(pairs.get("isActive")) is False:
            continue
        items = pairs.get("items")
        found.setdefault(
            id_,
            Collection(
                id=id_,
                name=name,
                description=str(_text(pairs.get("description")) or ""),
                priority=as_integer(pairs.get("priority")),
                items=tuple(str(_text(slug)) for slug in items)
                if isinstance(items, list)
                else (),
            ),
        )
    return tuple(found.values())


def _text(value: object) -> object:
    """Take a scalar for text, whatever it looks like."""
    return scalar_text(value) if isinstance(value, str | int | float) else value


def _notes(texts: Mapping[str, str]) -> Iterator[Note]:
    """Take each page once; `<name>.en.md` is what another template calls the same."""
    found: dict[str, str] = {}
    for path in sorted(texts, key=lambda path: (path.endswith(".en.md"), path)):
        if match := _PAGE.fullmatch(path):
            found.setdefault(match[1], texts[path])
    for name in sorted(found):
        yield Note(name, found[name])


def _words(content: bytes | None) -> dict[str, str]:
    document = {
        key: _text(text) for key, text in _document(WORDS, content, dict).items()
    }
    if not all(isinstance(v, str) for pair in document.items() for v in pair):
        raise RepositoryError(
            f"{WORDS} of the data repository: every key stands for a text; give "
            "it one. Mend it and run again"
        )
    return {str(key): str(text) for key, text in document.items()}


def _document(path: str, content: bytes | None, kind: type[Any]) -> Any:
    try:
        document = parse(content or b"", times=LABEL_FILES) or kind()
    except InvalidYAML as exc:
        raise RepositoryError(
            f"{path} of the data repository cannot be read: {exc}. Mend it and run again"
        ) from exc
    if not isinstance(document, kind):
        shape = "keys and values" if kind is dict else "a list"
        raise RepositoryError(
            f"{path} of the data repository does not hold {shape}. Mend it and run again"
        )
    return document
