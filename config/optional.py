"""Libraries that import whatever they might use, and what that costs each command.

`structlog` imports rich, and Django REST framework imports a driver of PostgreSQL, docutils
and Markdown, for features that nobody here has asked for: a quarter of a second each time
`manage.py` is started.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Let what is imported in this block find these packages missing, if it asks first.

    Afterwards they can be imported as ever. One that is imported already stays.
    """
    hidden = [name for name in packages if name not in sys.modules]
    # The language's own way to say that a module cannot be imported.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
