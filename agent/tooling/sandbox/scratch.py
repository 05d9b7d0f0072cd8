"""A command's own folder outside of its workspace, and notes for whoever tidies up after a crash."""

import fcntl
import hashlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.tooling.sandbox.removing import remove

PRIVATE = 0o700
_YOUNG = 60.0
"""Seconds in which a folder may be so new that its lock is still to come."""
_FOLDER, _NOTE = "command-", "placeholders-"


def place() -> Path:
    """Where all of them lie: one folder for each user of the machine.

    Raises:
        PermissionError: somebody else made it.
    """
    folder = Path(tempfile.gettempdir()) / f"maestro-sandbox-{os.geteuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private folder of ours")
    return folder


@contextmanager
def folder() -> Generator[Path]:
    """A new folder that is gone with the command."""
    made = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=place()))
    held = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield made
    finally:
        remove(made)
        os.close(held)


def note(workspace: Path, names: Iterable[str]) -> None:
    """Remember which placeholders are put into a workspace; called by who holds its lock."""
    kept = {*noted(workspace), *names}
    if kept:
        _note(workspace).write_text(json.dumps({"workspace": str(workspace), "names": sorted(kept)}))


def noted(workspace: Path) -> frozenset[str]:
    """Which placeholders were put into a workspace."""
    try:
        return frozenset(json.loads(_note(workspace).read_text())["names"])
    except (OSError, ValueError):
        return frozenset()


def forget(workspace: Path) -> None:
    """The placeholders of a workspace are gone."""
    _note(workspace).unlink(missing_ok=True)


def left() -> list[Path]:
    """The workspaces that have placeholders, or had them when a server was killed."""
    found: list[Path] = []
    for noted_in in place().glob(f"{_NOTE}*"):
        with suppress(OSError, ValueError):
            found.append(Path(json.loads(noted_in.read_text())["workspace"]))
    return found


def remove_abandoned() -> None:
    """Remove the folders whose command nobody waits for any more."""
    for found in place().glob(f"{_FOLDER}*"):
        with suppress(OSError):
            if time.time() - found.stat().st_mtime > _YOUNG:
                _remove_unless_held(found)


def _remove_unless_held(found: Path) -> None:
    held = os.open(found, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(found)
    finally:
        os.close(held)


def _note(workspace: Path) -> Path:
    return place() / f"{_NOTE}{hashlib.sha256(os.fsencode(workspace)).hexdigest()[:32]}"
