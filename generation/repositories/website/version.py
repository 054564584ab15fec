"""What makes pages, besides what they are made of: our code, our templates, the libraries.

A page that an earlier version of any of them made is made again.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import jinja2

from generation import markup
from generation.repositories.website.assets import FOLDER


@functools.cache
def version() -> str:
    """Digest everything that renders."""
    here = Path(__file__).parent
    files = [Path(markup.__file__), here.parent / "site.py"]
    files += sorted(here.glob("*.py"))
    files += sorted(path for path in FOLDER.rglob("*") if path.is_file())
    digest = hashlib.sha256(f"{jinja2.__version__} {markup.ENGINES}".encode())
    for path in files:
        digest.update(b"\0" + path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]
