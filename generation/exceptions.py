"""What can go wrong while a directory is made, sorted by whose fault it is.

GenerationError
├── SourceError            the outside world's: shown to the user, beside the source
│   ├── AddressNotAllowed      the URL leads to an address that we do not visit
│   ├── SourceUnreachable      no connection, a bad certificate, an error status
│   ├── SourceUnwelcoming      the robots.txt of the site asks programs to stay away
│   ├── SourceTimedOut         it took longer than the limit
│   ├── SourceTooLarge         it is bigger than the limit
│   └── UnreadableSource       it arrived, but nobody can read it
├── NothingFound           every source failed, or none of them holds an item
│   └── SourcesBusy            and one of them says when to come back
├── RepositoryError        git refused, or the disk did
│   ├── RepositoryTooLarge     it holds more, or larger or deeper things, than we read
│   ├── RepositoryLocked       another git is at work there, or was killed at it
│   ├── RepositoryBusy         others have kept the lock of the directory for too long
│   ├── RepositoryMoved        somebody pushed between our reading and our writing
│   └── HalfPublished          one branch has moved, another not, and there is no way back
├── LimitExceeded          work in a process of its own broke one of its bounds
├── RemovalsNotAllowed     a run would remove so much that a person must allow it
├── EditRefused            what a person asked for cannot be done, or would lose something
│   ├── StaleVersion           it was asked for another version than the one that is there
│   └── FormConflict           a form and somebody else changed the same fields
├── RunRefused             the run is not ours to execute (finished, claimed, unknown)
├── InternalAPIError       ours: the worker and the web side do not understand each other
│   ├── InternalAPIUnreachable  no answer, after several tries
│   ├── InternalAPIElsewhere    an answer, and it is not the web side's: a wrong address
│   └── InternalAPIRefused      an answer, and it is no: credentials, or a message of ours
├── CannotDispatch         the run cannot be handed to a worker; it is made here instead
├── StepStalled            a step has not moved for too long
├── AttemptFailed          this attempt is over, and what ended it may pass
├── PublishedUnheard       everything is on `main`, but nobody could be told
└── RunCancelled           a person stopped it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GenerationError(Exception):
    """Anything that ends a run, with a message for the person who started it.

    `may_pass` says that another attempt may succeed, `retry_after` in how many seconds.
    """

    may_pass = False
    retry_after = 0.0


class SourceError(GenerationError):
    """One source could not be used. The message never quotes what the source sent.

    `status` is what the server answered with, 0 where it did not. `retry_after` are the
    seconds after which it says to come back, 0 where it says nothing of the kind.
    """

    status: int = 0


class AddressNotAllowed(SourceError):
    pass


class SourceUnreachable(SourceError):
    pass


class SourceUnwelcoming(SourceError):
    pass


class SourceTimedOut(SourceError):
    pass


class SourceTooLarge(SourceError):
    pass


class UnreadableSource(SourceError):
    pass


class NothingFound(GenerationError):
    """`reasons` counts what was left out, by its reason."""

    def __init__(self, message: str, *, reasons: dict[str, int] | None = None) -> None:
        super().__init__(message)
        self.reasons = reasons or {}


class SourcesBusy(NothingFound):
    may_pass = True

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RepositoryError(GenerationError):
    pass


class RepositoryTooLarge(RepositoryError):
    pass


class RepositoryMoved(RepositoryError):
    may_pass = True


class RepositoryLocked(RepositoryError):
    may_pass = True
    retry_after = 60.0


class RepositoryBusy(RepositoryError):
    may_pass = True
    retry_after = 5.0


class HalfPublished(RepositoryError):
    may_pass = True
    retry_after = 5.0


class LimitExceeded(GenerationError):
    """The message says of "it" which bound that was; the caller knows what it is."""


class RemovalsNotAllowed(GenerationError):
    pass


class EditRefused(GenerationError):
    """`errors` name each wrong place of what was asked by a JSON pointer, and say why.

    `option` is what one may set to have it done all the same, by its name in the API.
    The door that shows the message uses its own name for it.
    """

    def __init__(self, message: str, *errors: dict[str, Any], option: str = "") -> None:
        super().__init__(message)
        self.errors = errors
        self.option = option


class StaleVersion(EditRefused):
    """`version` is the one that is there; None where nothing is, or several were named."""

    def __init__(
        self, message: str, *errors: dict[str, Any], version: str | None
    ) -> None:
        super().__init__(message, *errors)
        self.version = version


class FormConflict(EditRefused):
    """Nothing was written. `values` are what the form shows next, by field.

    `theirs` are the values that stand there now of the fields in conflict, `kept` the fields
    that only somebody else has changed. `version` is what the form is made from next.
    """

    def __init__(
        self,
        message: str,
        *,
        values: Mapping[str, Any],
        theirs: Mapping[str, Any],
        kept: tuple[str, ...],
        version: str,
    ) -> None:
        super().__init__(message)
        self.values = values
        self.theirs = theirs
        self.kept = kept
        self.version = version


class RunRefused(GenerationError):
    pass


class InternalAPIError(GenerationError):
    pass


class InternalAPIUnreachable(InternalAPIError):
    pass


class InternalAPIElsewhere(InternalAPIError):
    pass


class InternalAPIRefused(InternalAPIError):
    pass


class CannotDispatch(GenerationError):
    pass


class StepStalled(GenerationError):
    may_pass = True


class AttemptFailed(GenerationError):
    """`retry_in` is in seconds, None when there will be no other attempt."""

    def __init__(self, message: str, *, retry_in: float | None) -> None:
        super().__init__(message)
        self.retry_in = retry_in


class PublishedUnheard(GenerationError):
    pass


class RunCancelled(GenerationError):
    pass
