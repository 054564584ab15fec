"""gunicorn's worker with threads, in which no thread waits for a client.

The main loop reads requests without blocking and hands complete ones to threads; what an
answer's client does not take at once is sent by the main loop, too. Workers and
monitors have threads of their own. Written against gunicorn 27, whose main loop it keeps.
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import version_info
from gunicorn.workers.gthread import ThreadWorker

from config.web_server.incoming import Incoming
from config.web_server.lanes import Lane
from config.web_server.limits import MIB, Limits
from config.web_server.outgoing import Outgoing
from config.web_server.refusals import Refused, answer_of
from config.web_server.spool import Room

if version_info[0] != 27:
    raise RuntimeError("config/web_server was written against gunicorn 27: compare it.")

# Beyond what Django takes, so that its own refusal is the one that most clients see.
SLACK = MIB
EXPIRE_SECONDS = 0.25
REPORT_SECONDS = 60
# A thousand connections, as many bodies on disk, and what the application opens.
OPEN_FILES = 4096

TOO_SLOW = Refused(408, "The request did not arrive in time.")
NO_ROOM = Refused(503, "Too many large requests arrive at once.", retry_after=30)
BUSY = Refused(503, "Too many requests wait for an answer.", retry_after=10)
DISK_FULL = Refused(503, "There is no room for the request now.", retry_after=60)


def is_for_workers(path: str) -> bool:
    """Whether workers or monitors ask for this path, and not people."""
    return path in ("/healthz", "/readyz", "/metrics") or path.startswith(
        "/internal/trigger/"
    )


def _has_left(connected: socket.socket) -> bool:
    try:
        return not connected.recv(1, socket.MSG_PEEK)
    except OSError as exc:
        return exc.errno not in (errno.EAGAIN, errno.EWOULDBLOCK)


class Connection:
    """A client: what arrives from it, what goes to it, and what the main loop waits for."""

    def __init__(
        self, connected: socket.socket, client: Any, server: Any, incoming: Incoming
    ) -> None:
        self.socket = connected
        self.client = client
        self.server = server
        self.incoming = incoming
        self.is_kept = True
        self.closes_at: float | None = None
        # The name by which gunicorn looks for what it may write to.
        self.sock: Outgoing

    @property
    def is_receiving(self) -> bool:
        return self.closes_at is None and not self.sock.has_waiting

    @property
    def deadline(self) -> float:
        if self.closes_at is not None:
            return self.closes_at
        return self.sock.deadline if self.sock.has_waiting else self.incoming.deadline


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """One process of the web server."""

    limits = Limits()

    def init_process(self) -> None:
        if self.cfg.is_ssl:
            raise RuntimeError("A proxy ends TLS: see docs/how-to/operate.md.")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        self._room = Room(self.limits)
        # Whatever the main loop waits for, the longest first.
        self._watched: dict[Connection, None] = {}
        self._next_expiry = 0.0
        self._next_report = 0.0
        self._idle_until = float("inf")
        self._cut_off: Counter[int] = Counter()
        self._for_workers = Lane(
            int(os.environ.get("WEB_WORKER_THREADS", "4")), limits=self.limits
        )
        super().init_process()

    def get_thread_pool(self) -> Lane:
        return Lane(self.cfg.threads, limits=self.limits)

    def run(self) -> None:
        # Only now is there an application, and with it the settings.
        from django.conf import settings

        self._longest_body = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + SLACK
        try:
            super().run()
        finally:
            self._for_workers.shutdown(wait=False)

    def handle_quit(self, sig: int, frame: Any) -> None:
        self._for_workers.shutdown(wait=False)
        super().handle_quit(sig, frame)

    # --- what the main loop waits for

    def accept(self, listener: socket.socket) -> None:
        try:
            connected, client = listener.accept()
        except OSError as exc:
            if exc.errno in (errno.EMFILE, errno.ENFILE):
                self._drop_oldest()
            elif exc.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        connected.setblocking(False)
        self.nr_conns += 1
        while self.nr_conns >= self.worker_connections and self._drop_oldest():
            pass
        server = listener.getsockname()
        connection = Connection(connected, client, server, self._incoming(client))
        self._await_request(connection)

    def _incoming(self, client: Any, *, idle_seconds: float | None = None) -> Incoming:
        return Incoming(
            self.cfg,
            client,
            room=self._room,
            limits=self.limits,
            longest_body=self._longest_body,
            idle_seconds=idle_seconds,
        )

    def _await_request(self, connection: Connection) -> None:
        connection.sock = Outgoing(
            connection.socket, room=self._room, limits=self.limits
        )
        self._watch(connection, selectors.EVENT_READ, self._receive)

    def _watch(
        self, connection: Connection, event: int, action: Callable[[Connection], None]
    ) -> None:
        self._watched[connection] = None
        guarded = partial(self._act, connection, action)
        self.poller.register(connection.socket, event, guarded)

    def _unwatch(self, connection: Connection) -> None:
        del self._watched[connection]
        self.poller.unregister(connection.socket)

    def _act(
        self, connection: Connection, action: Callable[[Connection], None], _: Any
    ) -> None:
        """One client's trouble must not end the process."""
        if connection not in self._watched:
            return
        try:
            action(connection)
        except OSError:
            self._close(connection)
        except Exception:
            self.log.exception("connection given up")
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        """Forget a connection. Safe to repeat."""
        if connection.socket.fileno() < 0:
            return
        if connection in self._watched:
            self._unwatch(connection)
        connection.incoming.close()
        connection.sock.close()
        connection.socket.close()
        self.nr_conns -= 1

    def _drop_oldest(self) -> bool:
        """Make room for another: first where a request has been missing the longest."""
        receiving = (each for each in self._watched if each.is_receiving)
        victim = next(receiving, None) or next(iter(self._watched), None)
        if victim is None:
            return False
        self._cut_off[503] += 1
        self._close(victim)
        return True

    def murder_keepalived(self, force: bool = False) -> None:
        """Close what has waited too long: gunicorn's main loop asks for it each time."""
        now = time.monotonic()
        if now < self._next_expiry and not force:
            return
        self._next_expiry = now + EXPIRE_SECONDS
        for connection in list(self._watched):
            until = connection.deadline
            has_begun = connection.is_receiving and connection.incoming.has_begun
            if connection.is_receiving and not has_begun:
                until = min(until, self._idle_until)
            if force or until <= now:
                if has_begun:
                    self._refuse(connection, TOO_SLOW)
                else:
                    self._close(connection)
        self._report(now)

    def murder_pending(self) -> None:
        """Do nothing: all connections are in one place here."""

    def _cap_keepalive(self, deadline: float) -> None:
        self._idle_until = deadline

    def _report(self, now: float) -> None:
        """Log how many clients were cut off, once a minute: there may be thousands."""
        if self._cut_off and now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            counts = ", ".join(f"{n} with {s}" for s, n in self._cut_off.items())
            self.log.warning("requests refused or cut off: %s", counts)
            self._cut_off.clear()

    # --- a request arrives

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(connection.incoming.wants)
        except BlockingIOError:
            return
        if data:
            self._take(connection, data)
        else:
            self._close(connection)

    def _take(self, connection: Connection, data: bytes) -> None:
        incoming = connection.incoming
        try:
            is_complete = incoming.feed(data)
        except Refused as refused:
            self._refuse(connection, refused)
        except OSError as exc:
            self.log.error("no room for a request: %s", exc.strerror)
            self._refuse(connection, DISK_FULL)
        except Exception as exc:  # noqa: BLE001 - gunicorn knows which are the client's fault
            self.handle_error(None, connection.socket, connection.client, exc)
            self._linger(connection)
        else:
            if is_complete:
                self._unwatch(connection)
                self.enqueue_req(connection)
                return
            if incoming.takes_continue():
                connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._keep_room()

    def _keep_room(self) -> None:
        """Refuse the oldest incomplete bodies until the others have room."""
        while self._room.is_full:
            bodies = (c for c in self._watched if c.is_receiving and c.incoming.body)
            victim = next(bodies, None)
            if victim is None:
                return
            self._refuse(victim, NO_ROOM)

    def _refuse(self, connection: Connection, refused: Refused) -> None:
        self._cut_off[refused.status] += 1
        with suppress(OSError):
            connection.socket.send(answer_of(refused))
        self._linger(connection)

    # --- a thread works on it

    def enqueue_req(self, conn: Connection) -> None:
        lane = self._lane(conn)
        if lane.is_full:
            self._refuse(conn, BUSY)
            return
        lane.submit(
            partial(self._handle_later, conn, time.monotonic()),
            lambda future: self.method_queue.defer(self.finish_request, conn, future),
            size=conn.incoming.body_size,
        )

    def _lane(self, connection: Connection) -> Lane:
        is_ours = is_for_workers(connection.incoming.request.path)
        lane: Lane = self._for_workers if is_ours else self.tpool
        return lane

    def _handle_later(self, conn: Connection, since: float) -> bool:
        """Leave out what has waited so long that its client hung up."""
        has_waited = time.monotonic() - since > self.limits.wait_seconds
        return not (has_waited and _has_left(conn.socket)) and self.handle(conn)

    def handle(self, conn: Connection) -> bool:
        """Answer a request, in a thread. True where the connection can be used again."""
        request = conn.incoming.request
        try:
            return bool(self.handle_request(request, conn))
        except (OSError, StopIteration) as exc:
            self.log.debug("The answer was not taken: %s", exc)
        except Exception as exc:  # noqa: BLE001 - logged and answered there
            self.handle_error(request, conn.sock, conn.client, exc)
        return False

    # --- the answer goes out

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        self._lane(conn).finished(size=conn.incoming.body_size)
        try:
            conn.incoming.close()
            conn.is_kept = not fs.cancelled() and fs.exception() is None and fs.result()
            if conn.sock.has_waiting:
                self._watch(conn, selectors.EVENT_WRITE, self._send_rest)
            else:
                self._go_on(conn)
        except Exception:
            self.log.exception("connection given up")
            self._close(conn)

    def _send_rest(self, connection: Connection) -> None:
        connection.sock.flush()
        if not connection.sock.has_waiting:
            self._unwatch(connection)
            self._go_on(connection)

    def _go_on(self, connection: Connection) -> None:
        """Wait for the next request, part of which may have come already."""
        if not connection.is_kept:
            self._linger(connection)
            return
        rest = connection.incoming.rest
        connection.incoming = self._incoming(
            connection.client, idle_seconds=self.cfg.keepalive
        )
        self._await_request(connection)
        if rest:
            self._act(connection, partial(self._take, data=rest), None)

    def _linger(self, connection: Connection) -> None:
        """Close so that the client reads the answer first: half, and soon the rest.

        gunicorn does it as well, and lets all others wait meanwhile.
        """
        if connection in self._watched:
            self._unwatch(connection)
        connection.incoming.close()
        connection.closes_at = time.monotonic() + self.limits.linger_seconds
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        self._watch(connection, selectors.EVENT_READ, self._discard)

    def _discard(self, connection: Connection) -> None:
        try:
            if not connection.socket.recv(64 * 1024):
                self._close(connection)
        except BlockingIOError:
            return
