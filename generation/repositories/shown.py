"""All that list and website are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from generation.items import Catalogue
from generation.repositories import Masthead
from generation.repositories.site import Owner
from generation.repositories.state import Provenance


class Shown(NamedTuple):
    """A directory as its readers see it. `sources` says of each slug where it was found."""

    catalogue: Catalogue
    masthead: Masthead
    owner: Owner
    sources: Mapping[str, tuple[Provenance, ...]]
