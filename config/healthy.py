"""Is the role that was started here as well as it looks? For health checks of containers.

    python -m config.healthy worker | sweeper

They are asked for every minute, on machines that have better things to do: nothing here
imports Django. What is wrong in detail, and what to do about it, `gazetteer_doctor` says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import closing

from config.env import Environment

SECONDS = 5


def check_worker(env: Environment) -> None:
    """Ask the broker for a sign of life, and the web side whether it accepts us."""
    import redis

    from generation.client import InternalAPI, ask_about

    with closing(
        redis.from_url(
            env.trigger_api_url,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
        )
    ) as broker:
        broker.ping()
    with closing(
        InternalAPI(
            env.trigger_internal_api_url,
            env.trigger_internal_secret,
            tries=1,
            time_outs=(SECONDS, SECONDS),
        )
    ) as api:
        ask_about(api)


def check_sweeper(env: Environment) -> None:
    """Ask the database whether it answers, and has our tables."""
    question = "SELECT 1 FROM django_migrations LIMIT 1"
    if env.database_url.startswith("postgres"):
        import psycopg

        with psycopg.connect(env.database_url, connect_timeout=SECONDS) as base:
            base.execute(question)
        return
    import sqlite3

    path = env.database_url.partition(":///")[2] or env.state_root / "gazetteer.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=rw", SECONDS, uri=True)) as file:
        file.execute(question)


CHECKS: Mapping[str, Callable[[Environment], None]] = {
    "worker": check_worker,
    "sweeper": check_sweeper,
}


def main() -> int:
    env = Environment()
    role = sys.argv[1]
    try:
        CHECKS[role](env)
    except Exception as exc:  # noqa: BLE001 - whatever a driver raises, it is not well
        # The kind alone: what drivers say may hold an address with its password.
        sys.stderr.write(f"{role} is not well: {type(exc).__name__}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
