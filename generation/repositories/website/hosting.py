"""What a host of static files wants to find beside the pages."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from generation.repositories.website.assets import asset
from generation.repositories.website.page import Page
from generation.repositories.website.shelves import mark_of

if TYPE_CHECKING:
    from generation.repositories.website.frame import Site

PLAIN = (
    (".github/workflows/pages.yml", "hosting/github-pages.yml"),
    (".gitlab-ci.yml", "hosting/gitlab-pages.yml"),
    ("assets/engine.js", "engine.js"),
    ("assets/site.js", "site.js"),
    ("assets/theme.js", "theme.js"),
)


def hosting_pages(site: Site) -> Iterator[Page]:
    """Name the files that are the same for every site, or nearly so."""
    yield Page(".nojekyll", mark_of(), bytes)
    for path, name in PLAIN:
        content = asset(name)
        yield Page(path, mark_of(content.decode()), functools.partial(asset, name))
    style = _style(site)
    yield Page("assets/style.css", mark_of(style), style.encode)
    colours = {"light": site.light, "dark": site.dark, "own_tile": site.tile}
    for path, name in (
        ("assets/contours.svg", "contours.svg"),
        ("favicon.svg", "favicon.svg"),
    ):
        make = functools.partial(site.render, name, colours)
        yield Page(path, mark_of(site.mark, name), make)
    readme = _readme(site)
    yield Page("README.md", mark_of(readme), readme.encode)
    if site.settings.domain:
        yield Page(
            "CNAME", mark_of(site.settings.domain), f"{site.settings.domain}\n".encode
        )
    for path, content in sorted(site.owner.static.items()):
        mark = mark_of(content.decode("latin-1"))
        yield Page(path, mark, functools.partial(bytes, content))


def _style(site: Site) -> str:
    """Write the sheet with the colours of this site at its head."""
    light, dark = site.light, site.dark
    names = ("accent", "accent-strong", "accent-wash", "on-accent")
    colours = "".join(
        f"  --{name}: light-dark({one}, {other});\n"
        for name, one, other in zip(names, light, dark, strict=True)
    )
    plain = "".join(
        f"  --{name}: {one};\n" for name, one in zip(names, light, strict=True)
    )
    return (
        f":root {{\n{plain}}}\n\n"
        f"@supports (color: light-dark(red, red)) {{\n:root {{\n{colours}}}\n}}\n\n"
        + asset("style.css").decode()
    )


def _readme(site: Site) -> str:
    place = f"It is made for {site.settings.url}.\n\n" if site.settings.url else ""
    return f"""\
# A website

A static website, ready to serve: these are its files, and there is nothing to build.

{place}A program writes it from the data repository of the directory beside this one. Edit the
data there; a file that you change here is left alone from then on.

- GitHub Pages: in the settings of this repository, under Pages, choose GitHub Actions.
- GitLab Pages: push to GitLab; `.gitlab-ci.yml` does the rest.
- Any other host: copy the files. A folder below a host name works as well.

To search in the texts of all pages, and not only in names and descriptions, let Pagefind read
the files before they are served; the two workflows do so.
"""
