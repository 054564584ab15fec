"""What `make dev` needs before the server starts: an .env, a database, a user, a demo."""

from __future__ import annotations

import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.utils import get_random_secret_key

from directories.models import Directory
from directories.services.owners import FIRST_OWNER, create_first_owner

DEMO = "open-source-time-tracking"


class Command(BaseCommand):
    help = "Prepare this checkout for development. Nothing that exists is changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", default="8000", help="where the web server will listen"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        _check_port(options["port"])
        if _write_env(settings.CHECKOUT / ".env"):
            self.stdout.write("Made .env with fresh secrets.")
        call_command("migrate", verbosity=0, interactive=False)
        known = User.objects.filter(username=FIRST_OWNER).first()
        user = known or create_first_owner()
        if not user.has_usable_password():
            password = secrets.token_urlsafe(12)
            user.set_password(password)
            user.save(update_fields=["password"])
            self.stdout.write(
                f"Log in as {FIRST_OWNER} with the password {password} "
                "(shown once; `manage.py changepassword admin` sets another)."
            )
        if not Directory.objects.filter(slug=DEMO).exists():
            example = settings.CHECKOUT / "examples" / DEMO / "directory.toml"
            call_command("generate_directory", str(example), owner=FIRST_OWNER)


def _check_port(port: str) -> None:
    """Refuse what is no port before anything is started that would need one."""
    if not (port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65_536):
        raise CommandError(
            f"{port!r} is no port; type `make dev PORT=8001`", returncode=2
        )


def _write_env(path: Path) -> bool:
    """Write an .env that only its owner can read, unless there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(
            "DEBUG=true\n"
            f"SECRET_KEY='{get_random_secret_key()}'\n"
            "TRIGGER_ENABLED=true\n"
            f"TRIGGER_SECRET_KEY={secrets.token_hex(32)}\n"
            f"TRIGGER_INTERNAL_SECRET={secrets.token_hex(32)}\n"
        )
    return True
