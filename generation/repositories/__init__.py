"""Items in, files out: the contents of the three repositories.

Each renderer is pure and lazy: the same input gives the same bytes, as `File`s in path
order. What reaches git, and how, is `generation/git`'s and `publish.py`'s business.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from generation.items import Record


class File(NamedTuple):
    """One file of a repository. `path` uses forward slashes and has no leading one."""

    path: str
    content: bytes


class Masthead(Record):
    """What stands at the head of a directory's list and website.

    `config` holds further keys for `config.yml`.
    """

    slug: str
    name: str
    description: str = ""
    company_name: str = ""
    company_website: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
