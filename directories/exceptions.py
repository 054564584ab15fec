"""What the web side refuses, and with which HTTP status.

DirectoryError
├── NotFound            404
│   └── DirectoryNotFound, RunNotFound, DocumentNotFound, ProposalNotFound
├── NotNow              409: right in itself, but not at this moment
│   ├── DirectoryBusy   503: others are changing the directory; Retry-After says when
│   ├── Overloaded      503: too many wait for somebody else already
│   ├── TooSlow         503: somebody else's server takes longer than a request may
│   ├── RunActive           the directory has a run that is not over
│   ├── StaleEdit       412: made for another version than the one that is there
│   ├── PlanOutdated        a branch has moved since a run planned its commits
│   └── StaleAttempt        another attempt has taken the run, or it is over
├── NotYours            403: a run of another directory
├── NotPossible         422: understood, and impossible
│   ├── KeyReused           an idempotency key came with another body
│   ├── PlanRefused         a run wants to publish what it has not made
│   └── NoIndex             a website searches without its full-text index
│       └── IndexIncomplete     another try may help
└── SlugTaken           422: the directory's slug belongs to another
"""

from __future__ import annotations

from typing import Any


class DirectoryError(Exception):
    """A refusal. `extensions` become members of the problem document (RFC 9457).

    `retry_after` says in how many seconds it may be possible, 0 where nobody knows.
    """

    status = 422
    title = ""
    retry_after = 0

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.extensions = extensions


class NotFound(DirectoryError):
    status = 404


class DirectoryNotFound(NotFound):
    pass


class RunNotFound(NotFound):
    pass


class DocumentNotFound(NotFound):
    pass


class ProposalNotFound(NotFound):
    pass


class NotNow(DirectoryError):
    status = 409


class DirectoryBusy(NotNow):
    status = 503
    title = "The directory is being changed"
    retry_after = 5


class Overloaded(NotNow):
    status = 503
    title = "Too many slow requests"
    retry_after = 15


class TooSlow(NotNow):
    status = 503
    title = "It took too long"
    retry_after = 60


class RunActive(NotNow):
    title = "A run is active"


class StaleEdit(NotNow):
    status = 412
    title = "It has changed"


class PlanOutdated(NotNow):
    """Another attempt may succeed: by `has_moved`, a worker knows this from a StaleAttempt."""

    title = "A branch has moved"

    def __init__(self, message: str) -> None:
        super().__init__(message, has_moved=True)


class StaleAttempt(NotNow):
    title = "The run is not this attempt's"


class NotYours(DirectoryError):
    status = 403


class NotPossible(DirectoryError):
    pass


class KeyReused(NotPossible):
    title = "The idempotency key was used for something else"


class PlanRefused(NotPossible):
    title = "The run has not made these commits"


class SlugTaken(DirectoryError):
    title = "The slug is taken"


class NoIndex(NotPossible):
    pass


class IndexIncomplete(NoIndex):
    pass
