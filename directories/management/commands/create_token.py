"""Make a token for the API."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from knox.models import get_token_model

from directories.exceptions import DirectoryError
from directories.services import database


class Command(BaseCommand):
    help = "Make an API token for a user and print it, once: only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            has_database = database.is_ready()
        except DirectoryError as exc:
            raise CommandError(f"{exc}.", returncode=2) from exc
        if not has_database:
            raise CommandError(
                "There is no database yet: `manage.py migrate` makes one.",
                returncode=2,
            )
        users = get_user_model()._default_manager
        user = users.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(
                f"There is no active user {options['username']}: `manage.py "
                "createsuperuser` makes one.",
                returncode=2,
            )
        _, token = get_token_model().objects.create(user=user)
        self.stdout.write(token)
        self.stderr.write(
            "Send it as `Authorization: Token …`. It is not shown again.",
        )
