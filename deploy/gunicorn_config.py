"""The web server of an installation. docs/adr/0008-a-web-server-with-threads.md says why so.

BIND, PORT, WEB_PROCESSES and WEB_THREADS are read by it alone, WEB_WORKER_THREADS by the
processes that it starts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger

from config.env import Environment
from config.logging import configure
from config.redaction import hide

_env = Environment()
if _env.database_keep_seconds is None:
    # Its threads live long. Those of the development server answer one client each, and
    # would leave a connection behind every time.
    os.environ["DATABASE_KEEP_SECONDS"] = "60"
hide(*_env.secrets)
configure(level=_env.log_level, form=_env.log_format)


# Where its processes count, so that whichever is asked for /metrics knows of all. Set
# before the application is read.
_counts = tempfile.mkdtemp(prefix="gazetteer-timings-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts


def on_exit(server: Any) -> None:
    shutil.rmtree(_counts, ignore_errors=True)


class _OurLogger(Logger):  # type: ignore[misc]
    """Leaves the writing to the application's own set-up."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True


# A proxy stands in front; only in a container the world outside is somebody else's matter.
bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "config.web_server.worker.BufferingWorker"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
if min(workers, threads, int(os.environ.get("WEB_WORKER_THREADS", "4"))) < 1:
    raise SystemExit(
        "WEB_PROCESSES, WEB_THREADS and WEB_WORKER_THREADS must be 1 or more."
    )
if _env.slow_requests is None:
    # What strangers can keep waiting leaves three quarters of the threads to everybody else.
    os.environ["SLOW_REQUESTS"] = str(max(1, workers * threads // 4))
# Of a process that does not answer its master; a thread may work as long as a run takes.
timeout = 60
# What a request may still take when the server is stopped; a run is resumed.
graceful_timeout = 30
keepalive = 75
# Of a process. Beyond these the oldest one whose request is incomplete has to go.
worker_connections = 1000
preload_app = True
logger_class = _OurLogger
# Sign of life of each process, without a name as soon as it is open. On a disk, a busy
# one would make the master believe that a process hangs.
_memory = "/dev/shm"  # noqa: S108  # nosec B108
worker_tmp_dir = _memory if os.path.isdir(_memory) else None  # noqa: PTH112
control_socket_disable = True
