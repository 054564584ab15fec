"""The entry point of web servers, Django's own for development among them."""

from __future__ import annotations

import os

from django.core.servers.basehttp import WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Django's own server writes headers and body one after the other, and the system would
# keep the body back for 40 ms: in each exchange with a worker. Other servers do this, too.
WSGIRequestHandler.disable_nagle_algorithm = True

application = get_wsgi_application()

# What the first request and the first run would wait for otherwise. Commands, which import
# this module never, do without; and here the processes that a server forks share it.
from config import urls  # noqa: E402, F401
from directories import services  # noqa: E402

services.read_ahead()
