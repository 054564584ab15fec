#!/usr/bin/env python
"""Django's command line."""

from __future__ import annotations

import gc
import os
import select
import sys

from django.core.management import execute_from_command_line

# How a shell reports a program whose reader went away: 128 and the number of SIGPIPE.
NOBODY_READS = 141


def main() -> None:
    # What is imported stays. To search it for garbage again and again takes a sixth of a
    # command's start; `config.apps` goes back to doing so once the applications are there.
    gc.disable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        if not is_unread():
            raise
        # What is left to write goes nowhere, instead of failing once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOBODY_READS)


def is_unread() -> bool:
    """Tell whether it is our output that nobody reads, as behind `| head`."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


if __name__ == "__main__":
    main()
