"""Running git: with settings of our own, none of whoever started us, and an end to waiting."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from generation.exceptions import RepositoryError, RepositoryLocked

# GitPython is imported by what runs git: half of the commands of `manage.py` never do,
# and it is the slowest import of all to them.
if TYPE_CHECKING:
    from git import Git

# Our own settings, which only look like git's, and GitPython's.
_NOT_GITS = re.compile(r"GIT_ROOT|GIT_PYTHON_.*")

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "protocol.allow": "never",
    "gc.auto": "0",
    "fastimport.unpackLimit": "100",
}
# To pack a file of megabytes as small as can be takes longer than all the rest of a small
# change, and `gc` does so later: this is a third of the time for a twentieth more bytes.
_OPTIONS = {"fast-import": ("-c", "pack.compression=1")}
# Started by a shell that exits at once: a direct child would stay a zombie until we wait for it.
_IN_BACKGROUND = ("sh", "-c", 'nice -n 10 "$@" >/dev/null 2>&1 &', "sh")
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TEMPLATE_DIR": "",
    "GIT_PROTOCOL_FROM_USER": "0",
    "LC_ALL": "C",
    "GIT_CONFIG_COUNT": str(len(_CONFIG)),
    **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(_CONFIG)},
    **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(_CONFIG.values())},
}


def version() -> tuple[int, ...]:
    """Which git there is. Raises RepositoryError where there is none."""
    from git import Git
    from git.exc import CommandError

    _drop_inherited_variables()
    try:
        said = Git().execute(["git", "--version"], env=_ENVIRONMENT)
    except CommandError as exc:
        raise RepositoryError("there is no git command on the PATH") from exc
    numbers = re.search(r"[0-9]+(?:[.][0-9]+)+", str(said))
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def run_git(
    path: Path, *arguments: str, seconds: float | None = None, most: int | None = None
) -> bytes:
    """Run a git command in a repository to its end and return what it printed.

    It may take so many seconds, and write files of so many bytes at `most`. Raises
    RepositoryError.
    """
    from git import Git
    from git.exc import CommandError

    _drop_inherited_variables()
    command = _command(path, arguments)
    try:
        output = Git(path).execute(
            command if most is None else [*_limited(most), *command],
            env=_ENVIRONMENT,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            kill_after_timeout=seconds,
        )
    except CommandError as exc:
        if most is not None and _has_file_of(path, most):
            raise RepositoryError(
                f"the repository is larger than {most / (1 << 20):,.0f} MiB"
            ) from exc
        named = next((a for a in arguments[::2] if a != "-c"), arguments[0])
        raise _failure(path, named, str(exc.stderr or exc)) from exc
    assert isinstance(output, bytes)
    return output


def start_git(path: Path, *arguments: str, keeping_open: int) -> None:
    """Start a git command that is not waited for: it yields to others, and survives us.

    The descriptor stays open in it. What becomes of it is not reported.
    """
    from git import Git
    from git.exc import CommandError

    _drop_inherited_variables()
    try:
        Git(path).execute(
            [*_IN_BACKGROUND, *_command(path, arguments)],
            env=_ENVIRONMENT,
            pass_fds=(keeping_open,),
            start_new_session=True,
        )
    except CommandError as exc:
        raise _failure(path, arguments[0], str(exc.stderr or exc)) from exc


def talk_to_git(path: Path, *arguments: str) -> Conversation:
    """Start a git command in a repository, to speak to it over pipes."""
    from git import Git

    _drop_inherited_variables()
    process = Git(path).execute(
        _command(path, arguments),
        env=_ENVIRONMENT,
        as_process=True,
        istream=subprocess.PIPE,
    )
    assert isinstance(process, Git.AutoInterrupt)
    return Conversation(path, arguments[0], process)


class Conversation:
    """A git process that is spoken to over pipes; it never outlives the `with` block.

    Raises RepositoryError at its end, with what git said, where git has failed.
    """

    def __init__(self, path: Path, command: str, process: Git.AutoInterrupt) -> None:
        self._path = path
        self._command = command
        self._process = process

    def __enter__(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        return stdin, stdout

    def __exit__(
        self, kind: type[BaseException] | None, exc: object, tb: object
    ) -> None:
        proc = self._process.proc
        assert proc is not None
        assert proc.stdin is not None
        assert proc.stdout is not None
        assert proc.stderr is not None
        # A broken pipe means that git has given up, and says why on its standard error.
        git_gave_up = kind is not None and issubclass(kind, BrokenPipeError)
        if kind is not None and not git_gave_up:
            proc.kill()
        with suppress(BrokenPipeError), proc.stdout, proc.stderr:
            with suppress(BrokenPipeError):
                proc.stdin.close()
            errors = proc.stderr.read().decode("utf-8", "replace")
        status = proc.wait()
        if git_gave_up or (kind is None and status):
            raise _failure(self._path, self._command, errors)


def _command(path: Path, arguments: tuple[str, ...]) -> list[str]:
    return [
        "git",
        f"--git-dir={path}",
        *_OPTIONS.get(arguments[0], ()),
        *arguments,
    ]


def _limited(most: int) -> list[str]:
    """Begin a command that may write files of so many bytes, by what every shell has."""
    blocks = most // 512
    return ["sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh"]


def _has_file_of(path: Path, size: int) -> bool:
    """Tell whether a file has grown until it might not grow any more."""
    files = (path for path in path.rglob("*") if path.is_file())
    return any(path.stat().st_size >= size - size % 512 for path in files)


def _drop_inherited_variables() -> None:
    """Forget git's variables of whoever started us, such as GIT_DIR inside a hook.

    GitPython hands the process' whole environment to git, so it is cleaned there.
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        if not _NOT_GITS.fullmatch(name):
            del os.environ[name]


def _failure(path: Path, command: str, errors: str) -> RepositoryError:
    if "No space left" in errors or "Disk quota" in errors or "too large" in errors:
        return RepositoryError(
            f"the disk is full: {path} could not be written. Free some space and run it "
            "again"
        )
    if ".lock': File exists" in errors:
        return RepositoryLocked(f"{path} is locked by another git")
    reason = next((line for line in errors.splitlines() if "fatal:" in line), "")
    reason = reason.partition("fatal:")[2].strip().rstrip("'") or "it gave no reason"
    return RepositoryError(f"git {command} failed in {path}: {reason}")
