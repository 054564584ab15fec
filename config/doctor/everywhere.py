"""What web side and workers both need: settings, git, folders, broker, internal API."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core import checks as system_checks
from django_q.brokers import get_broker

from config.doctor.findings import Check, Level, doubtful, ill, well
from generation import dispatch, git
from generation.client import InternalAPI, ask_about
from generation.contract.about import About
from generation.exceptions import (
    InternalAPIElsewhere,
    InternalAPIRefused,
    InternalAPIUnreachable,
    RepositoryError,
)

Found = Iterator[tuple[Level, str, str]]

# Since this version, settings can be handed to git in its environment.
OLDEST_GIT = (2, 31)
MIB = 1024 * 1024
ENOUGH_ROOM = 2048 * MIB
LITTLE_ROOM = 256 * MIB
# One setting of ours decides all of these of Django's.
HTTPS = {f"security.{name}" for name in ("W004", "W008", "W012", "W016")}
# The internal API accepts signatures of clocks that differ by 30 seconds.
SKEW, MOST_SKEW = 5.0, 30.0


def look_at_settings() -> Found:
    """Django's own checks, with those for deployment unless this is a place to develop."""
    role = "worker" if settings.IS_WORKER else "web"
    deploys = not settings.DEBUG and not settings.IS_WORKER
    messages = system_checks.run_checks(include_deployment_checks=deploys)
    without_https = [m.id for m in messages if m.id in HTTPS]
    for message in messages:
        if message.id in HTTPS:
            continue
        how = ill if message.level >= system_checks.ERROR else doubtful
        yield how(f"{message.id}: {message.msg}", message.hint or "correct the setting")
    if without_https:
        yield doubtful(
            "no https: passwords and cookies can be read on the way",
            "set HTTPS_ONLY=true where others come over a network",
        )
    if not messages:
        yield well(f"role {role}, no complaint")
    if settings.DEBUG:
        yield doubtful(
            "DEBUG is on: errors show the code", "set DEBUG=false where others come"
        )


def look_at_git() -> Found:
    try:
        found = git.version()
    except RepositoryError as exc:
        yield ill(str(exc), "install git, for example: apt-get install git")
        return
    text = ".".join(map(str, found))
    if found < OLDEST_GIT:
        yield ill(f"git {text} is too old", "install git 2.31 or newer")
    else:
        yield well(f"git {text}")


def look_at_folders() -> Found:
    """Those that are written to: whose they are, and whether there is room."""
    folders = {"GIT_ROOT": settings.GIT_ROOT, "STATE_ROOT": settings.STATE_ROOT}
    if not settings.IS_WORKER:
        folders["CHECKPOINT_ROOT"] = settings.CHECKPOINT_ROOT
    for name, path in folders.items():
        yield _folder(name, Path(path))


def look_at_broker() -> Found:
    if reason := dispatch.why_not():
        if not settings.IS_WORKER:
            yield well(f"not used, runs are made in process: {reason}")
            return
        if not settings.TRIGGER_SECRET_KEY:
            yield ill("TRIGGER_SECRET_KEY is not set", "give it the web side's value")
            return
    try:
        broker = get_broker()
        broker.ping()
        depth = int(broker.queue_size())
    except Exception as exc:  # noqa: BLE001 - whatever the broker's client raises
        yield ill(
            f"the queue does not answer: {type(exc).__name__}",
            "start the broker, or correct TRIGGER_API_URL (user, password, host, number)",
        )
        return
    kind = "Redis" if settings.TRIGGER_API_URL else "the database"
    yield well(f"{kind} answers, {depth} waiting in {settings.TRIGGER_MACHINE!r}")
    if settings.TRIGGER_API_URL:
        yield from _redis(broker.connection)


def look_at_internal_api() -> Found:
    """Whether this host reaches the web side, is let in, and agrees with it."""
    if not (settings.IS_WORKER or settings.TRIGGER_ENABLED):
        yield well("not used, runs are made in process")
        return
    # The web side may lie where only workers see it.
    how = ill if settings.IS_WORKER else doubtful
    url = settings.TRIGGER_INTERNAL_API_URL
    api = InternalAPI(url, settings.TRIGGER_INTERNAL_SECRET, tries=1, time_outs=(5, 10))
    asked = datetime.now(UTC)
    begun = time.monotonic()
    try:
        about = ask_about(api)
    except InternalAPIUnreachable as exc:
        yield how(
            str(exc),
            "start the web side, or correct TRIGGER_INTERNAL_API_URL; mind firewalls",
        )
        return
    except InternalAPIElsewhere as exc:
        yield how(
            str(exc),
            "correct TRIGGER_INTERNAL_API_URL; mind ALLOWED_HOSTS and HTTPS_ONLY",
        )
        return
    except InternalAPIRefused as exc:
        yield ill(str(exc), "compare TRIGGER_INTERNAL_SECRET and the clocks")
        return
    finally:
        api.close()
    took = time.monotonic() - begun
    yield well(f"{url} answers and accepts our signature, in {1000 * took:.0f} ms")
    yield _clock((about.now - asked).total_seconds() - took / 2)
    yield from _agreement(about)


def _folder(name: str, path: Path) -> tuple[Level, str, str]:
    uid = os.geteuid()
    if not path.exists():
        # It will be made, so it is the folder above that matters.
        parent = next(p for p in path.parents if p.exists())
        if not os.access(parent, os.W_OK | os.X_OK):
            return ill(
                f"{name} {path} is missing and cannot be made",
                f"make it: install -d -o {uid} {path}",
            )
        return well(f"{name} {path} will be made when it is needed")
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"doctor")
    except OSError as exc:
        return ill(
            f"{name} {path} cannot be written to by uid {uid}: {exc.strerror}",
            f"chown -R {uid} {path}, or run as its owner, uid {path.stat().st_uid}",
        )
    owner = path.stat().st_uid
    if owner != uid:
        return doubtful(
            f"{name} {path} belongs to uid {owner}, and this process is uid {uid}",
            "let web side, workers and sweeper share one uid: git refuses others' folders",
        )
    free = shutil.disk_usage(path).free
    room = f"{name} {path} can be written to, {free // MIB} MiB are free"
    if free < LITTLE_ROOM:
        return ill(room, "free some space: runs will fail")
    if free < ENOUGH_ROOM:
        return doubtful(room, "free some space soon")
    return well(room)


def _redis(connection: object) -> Found:
    info = getattr(connection, "info", None)
    try:
        facts = info() if info else {}
    except Exception:  # noqa: BLE001 - an account that may not ask is no fault
        return
    if "aof_enabled" in facts and not facts["aof_enabled"]:
        yield doubtful(
            "Redis does not keep a log: a restart empties the queue",
            "set appendonly yes; runs that were lost are handed over again after a minute",
        )
    if facts.get("maxmemory_policy", "noeviction") != "noeviction":
        yield doubtful(
            f"Redis drops messages when its memory is full ({facts['maxmemory_policy']})",
            "set maxmemory-policy noeviction",
        )


def _clock(skew: float) -> tuple[Level, str, str]:
    text = f"our clock and the web side's differ by {abs(skew):.1f} s"
    if abs(skew) >= MOST_SKEW:
        return ill(text, "set the clocks by NTP: signatures will be refused")
    if abs(skew) >= SKEW:
        return doubtful(text, "set the clocks by NTP")
    return well(text)


def _agreement(about: About) -> Found:
    """What has to be equal on both sides, and is not noticed until a run is lost."""
    here = dispatch.about_here()
    if about.queue_key != here.queue_key:
        yield ill(
            "the web side has another TRIGGER_SECRET_KEY", "give both sides the same"
        )
    if about.queue != here.queue:
        yield doubtful(
            f"the web side's queue is {about.queue!r}, ours is {here.queue!r}",
            "give both the same TRIGGER_MACHINE, unless another queue is meant",
        )
    if about.lease_seconds != here.lease_seconds:
        yield doubtful(
            f"RUN_LEASE_SECONDS is {about.lease_seconds} there and {here.lease_seconds} here",
            "give both the same",
        )
    if about.git_root_inode != here.git_root_inode and about.git_root_inode:
        yield doubtful(
            "GIT_ROOT seems to be another folder than the web side's: what is made here "
            "would not be found there",
            "mount the same file system on both, or ignore this where inodes differ by mount",
        )
    if about.git_root_uid not in (here.git_root_uid, -1) and here.git_root_inode:
        yield doubtful(
            f"GIT_ROOT belongs to uid {about.git_root_uid} there and {here.git_root_uid} here",
            "let web side and workers share one uid",
        )
    if settings.IS_WORKER and not about.dispatches:
        yield doubtful(
            "the web side hands no runs to workers", "set TRIGGER_ENABLED=true there"
        )


CHECKS: dict[str, Check] = {
    "settings": look_at_settings,
    "git": look_at_git,
    "folders": look_at_folders,
    "broker": look_at_broker,
    "internal-api": look_at_internal_api,
}
