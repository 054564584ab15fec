"""The website: plain files that work wherever they are unpacked.

Every link is relative and names its file, nothing comes from anybody else's server, and
no page carries a script or a style of its own, so that a strict policy can be set. Pages
are made one at a time; what they share is computed once, in `shelves`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generation.items import Catalogue
from generation.quiet import without_collector
from generation.repositories import File, Masthead
from generation.repositories.site import Owner
from generation.repositories.state import Provenance
from generation.repositories.website.exports import export_pages
from generation.repositories.website.feeds import feed_pages
from generation.repositories.website.frame import Site
from generation.repositories.website.hosting import hosting_pages
from generation.repositories.website.page import Page
from generation.repositories.website.pages import html_pages
from generation.repositories.website.pictures import picture_pages
from generation.repositories.website.shelves import Shelves

Sources = Mapping[str, tuple[Provenance, ...]]


def render_website(
    catalogue: Catalogue,
    masthead: Masthead,
    owner: Owner | None = None,
    *,
    sources: Sources | None = None,
) -> Iterator[File]:
    """Make the website, one file at a time and in path order.

    `sources` says of each slug where the item was found.
    """
    for page in plan_website(catalogue, masthead, owner, sources=sources):
        yield File(page.path, page.make())


@without_collector()
def plan_website(
    catalogue: Catalogue,
    masthead: Masthead,
    owner: Owner | None = None,
    *,
    sources: Sources | None = None,
) -> list[Page]:
    """Name every file of the website in path order, without making any.

    What the owner brings as a file stands in for ours of that name.
    """
    owner = owner or Owner()
    shelves = Shelves(catalogue, collections=owner.collections, sources=sources)
    site = Site(shelves, masthead, owner)
    read = list(html_pages(site))
    pages = [*read, *export_pages(site, read), *feed_pages(site), *picture_pages(site)]
    planned = {page.path: page for page in [*pages, *hosting_pages(site)]}
    return [planned[path] for path in sorted(planned)]
