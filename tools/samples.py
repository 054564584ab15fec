"""Made-up directories of any size, for screenshots, checks and benchmarks.

The same number gives the same directory. Nothing of it exists.
"""

from __future__ import annotations

import random
from typing import Any

from generation.items import Catalogue, Category, Item, Tag
from generation.repositories import Masthead
from generation.repositories.site import Collection, Owner, SiteSettings
from generation.repositories.state import Provenance

SUBJECTS = (
    "Analytics", "Archives", "Backups", "Bookmarks", "Calendars", "Chat", "Contacts",
    "Databases", "Documents", "E-books", "E-mail", "Feeds", "File sharing", "Finance",
    "Forums", "Games", "Genealogy", "Groupware", "Health", "Identity", "Inventory",
    "Knowledge", "Maps", "Media streaming", "Monitoring", "Networking", "Notes",
    "Office suites", "Photo galleries", "Project management", "Recipes", "Remote access",
    "Resource planning", "Scheduling", "Search engines", "Status pages", "Surveys",
    "Task lists", "Ticketing", "Time tracking", "Translation", "Video calls", "Wikis",
)  # fmt: skip
STEMS = (
    "amber", "anvil", "birch", "brook", "cedar", "cinder", "clover", "cobalt", "copper",
    "delta", "drift", "ember", "fable", "fern", "flint", "grove", "harbor", "hazel",
    "heron", "indigo", "juniper", "kestrel", "lantern", "larch", "linden", "maple",
    "meadow", "mosaic", "nimbus", "oak", "opal", "otter", "pebble", "quill", "raven",
    "reed", "saffron", "slate", "sparrow", "tandem", "thistle", "umber", "vesper",
    "willow", "wren", "zephyr",
)  # fmt: skip
ENDINGS = (
    "",
    " Desk",
    "base",
    "board",
    "box",
    "ly",
    " Hub",
    "kit",
    "mark",
    "way",
    "work",
)
VERBS = ("Keeps", "Collects", "Shares", "Shows", "Sorts", "Plans", "Serves", "Records")
THINGS = (
    "the hours of a team", "photos from every phone in the family", "short notes and long ones",
    "what a server is doing", "invoices, offers and receipts", "music and audio books",
    "appointments and who is free", "documents that several people write at once",
    "questions and the answers to them", "feeds without tracking", "tickets and bug reports",
)  # fmt: skip
ENDS = (
    "and sends a report every week", "without an account anywhere else",
    "in the browser and on the phone", "from a single binary", "with permissions for each group",
    "and exports everything as plain files", "behind the login that you have already",
)  # fmt: skip
TAGS = (
    "api", "calendar", "cli", "collaboration", "desktop", "docker", "encryption", "federated",
    "import", "invoicing", "keyboard", "ldap", "local-first", "markdown", "mobile", "offline",
    "open data", "plugins", "privacy", "reports", "self-hosted", "single binary", "sqlite",
    "sync", "teams", "themes", "web",
)  # fmt: skip
LICENSES = ("AGPL-3.0", "Apache-2.0", "BSD-3-Clause", "GPL-3.0", "MIT", "MPL-2.0")
LANGUAGES = (
    "C++",
    "Elixir",
    "Go",
    "Java",
    "JavaScript",
    "PHP",
    "Python",
    "Ruby",
    "Rust",
)


def sample_catalogue(number: int, *, bodies: bool = True) -> Catalogue:
    """Make so many items, in as many categories and tags as such a directory has."""
    dice = random.Random(f"directory of {number}")  # noqa: S311 - nothing secret
    categories = _categories(number)
    tags = _tags(number)
    items = tuple(_item(dice, at, categories, tags, bodies) for at in range(number))
    return Catalogue(items=items, categories=categories, tags=tags)


def sample_masthead() -> Masthead:
    return Masthead(
        slug="self-hosted-tools",
        name="Self-hosted tools",
        description="Free software for teams and households that run their own servers, "
        "sorted, described and kept fresh.",
        company_name="Example Guild",
        company_website="https://guild.example.org/",
    )


def sample_owner(url: str = "https://tools.example.org/", **settings: Any) -> Owner:
    names = tuple(f"tool-{at}" for at in range(0, 40, 5))
    return Owner(
        settings=SiteSettings(url=url, **settings),
        collections=(
            Collection(
                id="first-steps",
                name="First steps",
                description="What to install on the first evening.",
                items=names,
            ),
        ),
    )


def sample_sources(catalogue: Catalogue) -> dict[str, tuple[Provenance, ...]]:
    return {
        item.slug: (
            Provenance(
                source=f"https://lists.example.org/{'ab'[at % 2]}.md",
                locator=f"line {3 * at + 7}",
                kind="markdown",
            ),
        )
        for at, item in enumerate(catalogue.items)
    }


def _categories(number: int) -> tuple[Category, ...]:
    wanted = max(2, min(200, number // 14))
    names = [
        SUBJECTS[at % len(SUBJECTS)]
        + (f" {at // len(SUBJECTS) + 1}" if at >= len(SUBJECTS) else "")
        for at in range(wanted)
    ]
    return tuple(
        Category(
            id=name.lower().replace(" ", "-"),
            name=name,
            description=f"Programs around {name.lower()}, for one person or for many.",
        )
        for name in names
    )


def _tags(number: int) -> tuple[Tag, ...]:
    wanted = max(4, min(300, number // 8))
    names = [
        TAGS[at % len(TAGS)] + (f" {at // len(TAGS) + 1}" if at >= len(TAGS) else "")
        for at in range(wanted)
    ]
    return tuple(Tag(id=name.replace(" ", "-"), name=name) for name in names)


def _item(
    dice: random.Random,
    at: int,
    categories: tuple[Category, ...],
    tags: tuple[Tag, ...],
    bodies: bool,
) -> Item:
    stem = dice.choice(STEMS)
    # Past the first hundreds, two names are joined, so that none stands twice too often.
    second = "" if at < 300 else f" {dice.choice(STEMS).title()}"
    name = f"{stem.title()}{dice.choice(ENDINGS)}{second}"
    description = f"{dice.choice(VERBS)} {dice.choice(THINGS)} {dice.choice(ENDS)}."
    # Squared, because real categories and tags are as uneven as this.
    category = categories[int(dice.random() ** 2 * len(categories))]
    own = {
        tags[int(dice.random() ** 2 * len(tags))].id for _ in range(dice.randint(1, 4))
    }
    return Item(
        id=f"{at:08x}",
        slug=f"tool-{at}",
        name=name,
        description=description,
        source_url=f"https://{stem}{at}.example.org/",
        category=category.id,
        tags=tuple(sorted(own)),
        updated_at=f"{2021 + at % 6}-{1 + at % 9:02}-{1 + at % 28:02} 09:{at % 60:02}",
        featured=at % 40 == 0,
        markdown=_body(dice, name, description) if bodies else "",
        meta={
            "added_at": f"{2021 + at % 5}-{1 + at % 9:02}-{1 + at % 28:02}",
            "license": dice.choice(LICENSES),
            "languages": [dice.choice(LANGUAGES)],
            "stars": dice.randint(3, 60_000),
            "source_code_url": f"https://code.example.org/{stem}{at}",
        },
    )


def _body(dice: random.Random, name: str, description: str) -> str:
    points = "\n".join(
        f"- {dice.choice(VERBS)} {dice.choice(THINGS)}" for _ in range(5)
    )
    prose = " ".join(
        f"It {dice.choice(VERBS).lower()} {dice.choice(THINGS)} {dice.choice(ENDS)}."
        for _ in range(4)
    )
    return (
        f"# {name}\n\n{description}\n\n## What it does\n\n{points}\n\n{prose} The "
        "[manual](https://docs.example.org/start) says **more**.\n\n## Install\n\n"
        f"```sh\ninstall {name.lower().replace(' ', '-')}\n```\n\n{prose}\n"
    )
