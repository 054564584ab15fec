"""From which address somebody comes, where a proxy stands in between.

A header is believed only where the operator names it, because whoever reaches the
application directly can send any. It decides whom a limit counts; nobody is let in by it.
"""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request


def client_address(request: HttpRequest | Request) -> str:
    """The address in CLIENT_ADDRESS_HEADER, else the one that the connection comes from.

    Of several it is the last: the nearest proxy has put it there, and the ones before it may
    be made up.
    """
    name: str = settings.CLIENT_ADDRESS_HEADER
    given = request.headers.get(name, "") if name else ""
    last = given.rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last.strip("[]")))
    except ValueError:
        return str(request.META.get("REMOTE_ADDR", ""))
