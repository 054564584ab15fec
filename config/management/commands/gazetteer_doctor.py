"""Look the installation over and say what to do."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.doctor import checks, examine
from config.doctor.findings import Finding, Level


class Command(BaseCommand):
    help = (
        "Look at settings, folders, git, broker, internal API, database and workers as "
        "this host sees them, and say what to do. Exit status 1 when something is wrong."
    )
    # It makes them itself, and tells the rest even if one of them fails.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--only", metavar="CHECK,…", default="", help="make these checks alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        only = tuple(name for name in options["only"].split(",") if name)
        if unknown := sorted(set(only) - set(checks())):
            raise CommandError(
                f"There is no check {unknown[0]}; there are: {', '.join(checks())}",
                returncode=2,
            )
        findings = examine(only)
        is_well = all(finding.level != Level.ERROR for finding in findings)
        if options["json"]:
            found = [finding._asdict() for finding in findings]
            self.stdout.write(json.dumps({"ok": is_well, "findings": found}, indent=2))
        else:
            for finding in findings:
                self._print(finding)
        if not is_well:
            sys.exit(1)

    def _print(self, finding: Finding) -> None:
        style = {
            Level.OK: self.style.SUCCESS,
            Level.WARNING: self.style.WARNING,
            Level.ERROR: self.style.ERROR,
        }[finding.level]
        level = style(f"{finding.level:<8}")
        self.stdout.write(f"{level} {finding.check:<13} {finding.message}")
        if finding.advice:
            self.stdout.write(f"{'':<23}→ {finding.advice}")
