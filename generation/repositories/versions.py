"""Versions of items and of the files of categories and tags.

A version names the content of the files, so it changes with every edit, no matter who made it and
however.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from generation.repositories.labels import KINDS, Kind, label_path

# What stands for a file that is not there, as in git.
NO_BLOB = "0" * 40
_SHOWN = re.compile(r"([0-9a-f]{40})(?:\.([0-9a-f]{40}))?")


class ItemVersion(NamedTuple):
    """The files of an item at one moment, by blob id; `text` is empty where there is none.

    As text it is what a form carries: from it the values can be read again.
    """

    document: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.document}.{self.text}" if self.text else self.document

    @property
    def tag(self) -> str:
        """Name both files by one hash, as the API does."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:32]

    @classmethod
    def parse(cls, shown: str) -> ItemVersion | None:
        """Read what a form sent back; None for anything else."""
        match = _SHOWN.fullmatch(shown)
        return cls(match[1], match[2] or "") if match else None


def item_version(tree: Mapping[str, str], slug: str) -> ItemVersion | None:
    """Find the version of an item; None where there is no such file."""
    stem = f"data/{slug}/{slug}"
    document, text = (
        next((_blob(tree[path]) for path in paths if path in tree), "")
        for paths in (
            (f"{stem}.yml", f"{stem}.yaml"),
            (f"{stem}.md", f"{stem}.mdx"),
        )
    )
    return ItemVersion(document, text) if document else None


def label_version(tree: Mapping[str, str], kind: Kind) -> str:
    """Name the content of `categories.yml` or `tags.yml`."""
    return _blob(tree.get(label_path(tree, kind), NO_BLOB))


def taxonomy_version(tree: Mapping[str, str]) -> str:
    """Name the content of both files."""
    both = ".".join(label_version(tree, kind) for kind in KINDS)
    return hashlib.sha256(both.encode()).hexdigest()[:32]


def _blob(entry: str) -> str:
    """Leave out the mode that stands behind what is no plain file."""
    return entry.partition(" ")[0]
