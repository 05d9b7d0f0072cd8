"""What lies in a workspace and others trust: a command may read it and not change it.

bubblewrap lays read-only covers over it. Landlock cannot take a part out of a folder that may be written, so
what was changed is put back when the last command is over.
"""

import errno
import fcntl
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from agent.tooling.sandbox import restoring, scratch
from agent.tooling.sandbox.confinement import Backend, Refused
from agent.tooling.workspace import PROTECTED_ON_TOP, shown

logger = structlog.get_logger()

PROTECTED = (
    *(".git/hooks", ".git/config", ".git/info", ".git/modules"),
    *sorted(PROTECTED_ON_TOP),
    *(".claude", ".codex", ".gemini", ".idea", ".vscode"),
)
"""Programs outside of the sandbox act on these: git, editors, other agents, Maestro itself."""
APPEARING = (".git/commondir", ".git/config.worktree")
"""Git acts on these too, and cannot bear an empty one in their place: what was not there is removed after."""
_FILES = frozenset({".env", ".git", ".mcp.json", ".git/config"})
"""What of it is a file; all else is a folder."""


@dataclass(frozen=True)
class Cover:
    """What bubblewrap lays over one protected path."""

    path: str
    """Relative to the workspace."""
    exists: bool
    is_file: bool


def covers(workspace: Path) -> list[Cover]:
    """What has to be covered in a workspace, folders before what lies in them.

    Raises:
        Refused: a protected path is a link, and would lead the cover elsewhere.
    """
    found: list[Cover] = []
    for name in protected(workspace):
        path = workspace / name
        exists = path.exists()
        found.append(Cover(name, exists, is_file=path.is_file() if exists else name in _FILES))
    return found


def protected(workspace: Path) -> list[str]:
    """The protected paths of a workspace; of `.git` what lies within, or all where it only points elsewhere.

    Raises:
        Refused: one of them is a link, or lies behind one.
    """
    for name in (".git", *PROTECTED):
        if (workspace / name).is_symlink():
            raise Refused(
                f"{shown(name)} in the workspace is a symbolic link, so commands cannot be kept from "
                "changing what it leads to. Ask the person to replace it by what it points to."
            )
    git = workspace / ".git"
    within = [name for name in PROTECTED if not name.startswith(".git/")]
    if git.is_dir():
        return [name for name in PROTECTED if name.startswith(".git/")] + within
    return [".git", *within] if git.exists() else within


def placeholders(found: list[Cover]) -> list[str]:
    """What bubblewrap leaves in the workspace: an empty file or folder beneath each cover of nothing.

    >>> placeholders([Cover(".env", exists=False, is_file=True), Cover(".agent", exists=True, is_file=False)])
    ['.env']
    """
    return [cover.path for cover in found if not cover.exists]


@dataclass
class _Held:
    """A workspace in which commands of ours run."""

    lock: int
    before: restoring.State
    restored: tuple[str, ...]
    commands: int = 0


@dataclass
class _Workspaces:
    """Those in which commands run now."""

    held: dict[Path, _Held] = field(default_factory=dict[Path, _Held])
    lock: threading.Lock = field(default_factory=threading.Lock)


_now = _Workspaces()


def enter(workspace: Path, backend: Backend) -> list[Cover]:
    """Begin a command in a workspace; blocks while another server tidies up there.

    Raises:
        Refused: it cannot be protected.
    """
    with _now.lock:
        found = covers(workspace)
        held = _now.held.get(workspace) or _hold(workspace, backend)
        held.commands += 1
        _now.held[workspace] = held
        if backend == "bubblewrap":
            scratch.note(workspace, placeholders(found))
        return found


def leave(workspace: Path) -> None:
    """End a command in a workspace; after the last one all is as it was."""
    with _now.lock:
        held = _now.held[workspace]
        held.commands -= 1
        if held.commands:
            return
        del _now.held[workspace]
        try:
            if left := restoring.restore(workspace, held.restored, held.before):
                logger.warning("protected paths stay changed", workspace=str(workspace), paths=left[:20])
            _tidy(workspace, held.lock)
        finally:
            os.close(held.lock)


def tidy(workspace: Path) -> None:
    """Remove the placeholders that a killed server left, unless commands of another one run there."""
    try:
        lock = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        scratch.forget(workspace)
        return
    try:
        _tidy(workspace, lock)
    finally:
        os.close(lock)


def _hold(workspace: Path, backend: Backend) -> _Held:
    lock = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(lock, backend)
        restored = APPEARING if backend == "bubblewrap" else (*protected(workspace), *APPEARING)
        return _Held(lock, restoring.state(workspace, restored), restored)
    except BaseException:
        os.close(lock)
        raise


def _lock(lock: int, backend: Backend) -> None:
    """Covers of several servers bear each other; putting back would undo what another keeps."""
    if backend == "bubblewrap":
        fcntl.flock(lock, fcntl.LOCK_SH)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EWOULDBLOCK:
            raise
        raise Refused(
            "A command of another server runs in this workspace; try again when it is over."
        ) from None


def _tidy(workspace: Path, lock: int) -> None:
    """Remove placeholders: removing one that another sandbox uses would take its cover off."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    for name in scratch.noted(workspace):
        restoring.remove_empty(workspace / name)
    scratch.forget(workspace)
