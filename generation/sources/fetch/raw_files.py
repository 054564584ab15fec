"""Where a code forge keeps the text behind the page that shows it.

A list on a forge is a README, and its page is an application around that. The text itself
is smaller, says the same tomorrow, and has its headings where the author put them. These
are rules about addresses: nothing is fetched here.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Kind = Literal["github", "gist", "gitlab", "gitea", "bitbucket"]

# In a markup that we read. Another is left to its page: there the forge has rendered it.
README_NAMES = (
    "README.md",
    "readme.md",
    "Readme.md",
    "README.markdown",
    "README.txt",
    "README",
)
_RENDERED = re.compile(
    r"\.(adoc|asciidoc|ipynb|mediawiki|org|pod|rst|textile|wiki)$", re.I
)


class Forge(NamedTuple):
    """A site of one kind. `raw` is the site that serves the text, where that is another."""

    kind: Kind
    site: str
    raw: str = ""


FORGES = (
    Forge("github", "https://github.com", "https://raw.githubusercontent.com"),
    Forge("gist", "https://gist.github.com", "https://gist.githubusercontent.com"),
    Forge("gitlab", "https://gitlab.com"),
    Forge("gitlab", "https://framagit.org"),
    Forge("gitlab", "https://gitlab.freedesktop.org"),
    Forge("gitlab", "https://gitlab.gnome.org"),
    Forge("gitlab", "https://invent.kde.org"),
    Forge("gitlab", "https://salsa.debian.org"),
    Forge("gitea", "https://codeberg.org"),
    Forge("gitea", "https://gitea.com"),
    Forge("bitbucket", "https://bitbucket.org"),
)

# First words of a path that name a part of the site, and nobody's account.
_PARTS_OF_SITE: dict[Kind, frozenset[str]] = {
    "github": frozenset(
        {
            *("about", "apps", "collections", "customer-stories", "enterprise"),
            *("events", "explore", "features", "login", "marketplace", "notifications"),
            *("orgs", "pricing", "search", "settings", "site", "solutions", "sponsors"),
            *("stars", "topics", "trending", "users"),
        }
    ),
    "gitlab": frozenset({"-", "dashboard", "explore", "groups", "help", "users"}),
    "gitea": frozenset({"-", "explore", "org", "user"}),
    "bitbucket": frozenset({"account", "dashboard", "product", "workspaces"}),
}
_BLOBS = frozenset({"blob", "blame", "raw"})
_REFS = frozenset({"branch", "commit", "tag"})
_GIST_ID = re.compile(r"[0-9a-f]{20,}|[0-9]+")


def raw_urls(url: str, forges: tuple[Forge, ...] = FORGES) -> tuple[str, ...]:
    """Return where to ask for the text of a page of a forge, in this order.

    Of a repository or a folder, that is its README under its usual names. Empty for a page
    that shows no such text, and for what is a raw file already.
    """
    place = _place(url)
    segments = place.segments
    forge = place.find(forges) or _forge_by_path(place)
    if forge is None:
        return ()
    raw = forge.raw or forge.site
    if not segments or (len(segments) > 2 and _RENDERED.search(segments[-1])):
        return ()
    if segments[0] in _PARTS_OF_SITE.get(forge.kind, ()):
        return ()
    match forge.kind:
        case "github":
            return _github(raw, segments)
        case "gist":
            return _gist(forge.site, raw, segments)
        case "gitlab":
            return _gitlab(raw, segments)
        case "gitea":
            return _gitea(raw, segments)
        case "bitbucket":
            return _bitbucket(raw, segments)


def page_of(url: str, forges: tuple[Forge, ...] = FORGES) -> str:
    """Return the page on which a forge shows a raw file, or "" for another address."""
    place = _place(url)
    segments = place.segments
    forge = place.find(forges, raw=True) or _forge_by_path(place)
    if forge is None:
        return ""
    site = forge.site
    is_raw = place.authority == _authority(forge.raw)
    match forge.kind, segments:
        case "github", [owner, name, "refs", "heads" | "tags", *path] if (
            is_raw and len(path) > 1
        ):
            return _join(site, owner, name, "blob", *path)
        case "github", [owner, name, *path] if is_raw and len(path) > 1:
            return _join(site, owner, name, "blob", *path)
        case "gist", [owner, number, "raw", *_]:
            return _join(site, owner, number)
        case "gist", [number, "raw", *_]:
            return _join(site, number)
        case "gitlab", _:
            mark = _gitlab_mark(segments)
            if mark is None or segments[mark + 1] != "raw":
                return ""
            return _join(site, *segments[: mark + 1], "blob", *segments[mark + 2 :])
        case "gitea" | "bitbucket", [owner, name, "raw", ref, path, *more]:
            return _join(site, owner, name, "src", ref, path, *more)
        case _:
            return ""


class _Place(NamedTuple):
    """An address, taken apart: its site as forges are compared by it, and its path."""

    scheme: str
    authority: str
    segments: list[str]

    def find(self, forges: tuple[Forge, ...], *, raw: bool = False) -> Forge | None:
        for forge in forges:
            sites = (forge.site, forge.raw) if raw else (forge.site,)
            if self.authority in {_authority(site) for site in sites if site}:
                return forge
        return None


def _place(url: str) -> _Place:
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    return _Place(parts.scheme, _authority(url), segments)


def _authority(url: str) -> str:
    parts = urlsplit(url)
    authority = parts.netloc.lower().removeprefix("www.")
    standard = {"http": ":80", "https": ":443"}.get(parts.scheme, ":")
    return authority.removesuffix(standard)


def _forge_by_path(place: _Place) -> Forge | None:
    """Tell a forge that is not listed by a path that nothing else has."""
    site = f"{place.scheme}://{place.authority}"
    if _gitlab_mark(place.segments) is not None:
        return Forge("gitlab", site)
    match place.segments:
        case [_, _, "src" | "raw", kind, _, *_] if kind in _REFS:
            return Forge("gitea", site)
        case _:
            return None


def _gitlab_mark(segments: list[str]) -> int | None:
    """Find the "-" that ends the name of a project and begins a view of its files."""
    for position in range(2, len(segments) - 2):
        if segments[position] == "-" and segments[position + 1] in {*_BLOBS, "tree"}:
            return position
    return None


def _github(raw: str, segments: list[str]) -> tuple[str, ...]:
    match segments:
        case [owner, name]:
            return _readmes(raw, owner, _name(name), "HEAD")
        case [owner, name, "tree", ref, *path]:
            return _readmes(raw, owner, name, ref, *path)
        case [owner, name, "blob" | "blame" | "raw", ref, path, *more]:
            return (_join(raw, owner, name, ref, path, *more),)
        case _:
            return ()


def _gist(site: str, raw: str, segments: list[str]) -> tuple[str, ...]:
    match segments:
        case [number] if _GIST_ID.fullmatch(number):
            return (_join(site, number, "raw"),)
        case [owner, number, *version] if (
            _GIST_ID.fullmatch(number) and len(version) < 2 and version != ["raw"]
        ):
            return (_join(raw, owner, number, "raw", *version),)
        case _:
            return ()


def _gitlab(raw: str, segments: list[str]) -> tuple[str, ...]:
    mark = _gitlab_mark(segments)
    if mark is None:
        is_root = len(segments) >= 2 and not {"-", *_BLOBS, "tree"} & set(segments[2:])
        project = [*segments[:-1], _name(segments[-1])] if is_root else []
        return _readmes(raw, *project, "-", "raw", "HEAD") if is_root else ()
    project, view, path = segments[:mark], segments[mark + 1], segments[mark + 2 :]
    if view == "tree":
        return _readmes(raw, *project, "-", "raw", *path)
    if view == "raw" or len(path) < 2:
        return ()
    return (_join(raw, *project, "-", "raw", *path),)


def _gitea(raw: str, segments: list[str]) -> tuple[str, ...]:
    match segments:
        case [owner, name]:
            return _readmes(raw, owner, _name(name), "raw", "branch", "HEAD")
        case [owner, name, "src", kind, ref, *path] if kind in _REFS:
            return _file_or_folder(raw, [owner, name, "raw", kind, ref], path)
        case _:
            return ()


def _bitbucket(raw: str, segments: list[str]) -> tuple[str, ...]:
    match segments:
        case [owner, name]:
            return _readmes(raw, owner, _name(name), "raw", "HEAD")
        case [owner, name, "src", ref, *path]:
            return _file_or_folder(raw, [owner, name, "raw", ref], path)
        case _:
            return ()


def _file_or_folder(raw: str, start: list[str], path: list[str]) -> tuple[str, ...]:
    """These forges show both alike: what has an ending, or is a README, is a file."""
    is_file = path and ("." in path[-1].strip(".") or path[-1].lower() == "readme")
    return (_join(raw, *start, *path),) if is_file else _readmes(raw, *start, *path)


def _readmes(raw: str, *folder: str) -> tuple[str, ...]:
    return tuple(_join(raw, *folder, name) for name in README_NAMES)


def _join(site: str, *segments: str) -> str:
    return "/".join([site, *segments])


def _name(segment: str) -> str:
    """Take the ending off a repository that is named as git would clone it."""
    return segment.removesuffix(".git") or segment
