"""A bound on forms that are sent in the coding of addresses (`a=%41`).

Decoding takes about thirty times the memory of what is decoded, and it happens before
anybody is logged in, to look for the token against forged forms. Forms with documents come as
multipart, which is read as it is; so the others can be small.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.problems import too_large

URLENCODED = "application/x-www-form-urlencoded"
# The longest ones are lists of rows that were ticked in the admin: some ten KiB. Eight at
# once of this size take 100 MiB.
MOST_BYTES = 512 * 1024

Answering = Callable[[HttpRequest], HttpResponse]


def bound_forms(get_response: Answering) -> Answering:
    """Refuse a form that is longer, before anything of it is read."""

    def answer(request: HttpRequest) -> HttpResponse:
        # The server has counted it; other servers pass on no body without a length.
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.content_type == URLENCODED and int(length) > MOST_BYTES:
            return too_large(request)
        return get_response(request)

    return answer
