"""Puts files of a workspace back as they were, whatever a command left in their place."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from agent.tooling.sandbox.confinement import Refused
from agent.tooling.sandbox.removing import make_ours, remove

MOST = 64 << 20
"""Bytes of protected files that are kept in mind."""
_STORES = frozenset({"objects", "lfs"})
"""What git keeps beside the HEAD of a module: large, and nothing acts on it."""
_MODES = 0o7777


class Kept(NamedTuple):
    """What one path was."""

    kind: Literal["file", "folder", "link", "other"]
    content: bytes = b""
    """Of a file; where a link leads."""
    mode: int = 0


State = dict[str, Kept]
"""What lay at paths relative to a workspace."""


def state(workspace: Path, names: Iterable[str]) -> State:
    """What lies at some paths of a workspace and below.

    Raises:
        Refused: it is too much to be kept, or may not be read.
    """
    found: State = {}
    left = MOST
    for path in _walk(workspace, names):
        name = path.relative_to(workspace).as_posix()
        try:
            kept = _kept(path, left)
        except OSError:
            raise Refused(f"{name} in the workspace cannot be read, so it cannot be protected.") from None
        left -= len(kept.content)
        found[name] = kept
    return found


def restore(workspace: Path, names: Iterable[str], before: State) -> list[str]:
    """Make these paths what they were; gives what could not be put back.

    The commands are over, so nobody races with us. But what they left may be links, and who followed one
    would write outside of the workspace for them: so links go first.
    """
    for name in sorted(before):
        _clear_the_way(workspace, name, is_folder=before[name].kind == "folder")
    wanted = {*before, *(name for name in names if _is_way_free(workspace, name))}
    for name in _changed(workspace, wanted, before):
        if not (name in before and _is_folder_still(workspace / name, before[name])):
            remove(workspace / name)
    for name in _changed(workspace, wanted, before):
        if name in before:
            with suppress(OSError):
                _put(workspace / name, before[name])
    return _changed(workspace, wanted, before)


def remove_empty(path: Path) -> None:
    """Remove an empty file or folder, and nothing else."""
    with suppress(OSError):
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            path.rmdir()
        elif stat.S_ISREG(found.st_mode) and found.st_size == 0:
            path.unlink()


def _walk(workspace: Path, names: Iterable[str]) -> Iterator[Path]:
    waiting = [workspace / name for name in names]
    while waiting:
        path = waiting.pop()
        if not os.path.lexists(path):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            has_head = (path / "HEAD").is_file()
            waiting += [inner for inner in path.iterdir() if not (has_head and inner.name in _STORES)]


def _kept(path: Path, most: int) -> Kept:
    found = path.lstat()
    mode = found.st_mode & _MODES
    if stat.S_ISLNK(found.st_mode):
        return Kept("link", os.fsencode(path.readlink()))
    if stat.S_ISDIR(found.st_mode):
        return Kept("folder", mode=mode)
    if not stat.S_ISREG(found.st_mode):
        return Kept("other")
    if found.st_size > most:
        raise Refused(f"The workspace's protected files are too large: at most {MOST >> 20} MB can be kept.")
    return Kept("file", path.read_bytes(), mode)


def _clear_the_way(workspace: Path, name: str, *, is_folder: bool) -> None:
    """Remove what is no folder on the way to what was there, and open the folders that were closed to us."""
    for path in (*_way(workspace, name), *([workspace / name] if is_folder else [])):
        if path.is_symlink() or not path.is_dir():
            remove(path)
            return
        make_ours(path)


def _is_way_free(workspace: Path, name: str) -> bool:
    """Whether something can lie at the path, in this workspace and not behind a link."""
    return all(path.is_dir() and not path.is_symlink() for path in _way(workspace, name))


def _way(workspace: Path, name: str) -> list[Path]:
    """The folders on the way to a path, the outermost first."""
    return [workspace / outer for outer in reversed(Path(name).parents[:-1])]


def _changed(workspace: Path, names: set[str], before: State) -> list[str]:
    """What is not as it was, outer before inner; what lies in something strange is not looked at."""
    changed = [name for name in names if not _is_same(workspace / name, before.get(name))]
    for name, kept in before.items():
        if _is_folder_still(workspace / name, kept):
            stores = {f"{name}/{store}" for store in _STORES if f"{name}/HEAD" in before}
            changed += [new for new in _inside(workspace, name) if new not in before.keys() | names | stores]
    return sorted(changed)


def _inside(workspace: Path, name: str) -> Iterator[str]:
    with suppress(OSError):
        for inner in (workspace / name).iterdir():
            yield f"{name}/{inner.name}"


def _is_same(path: Path, kept: Kept | None) -> bool:
    try:
        return _kept(path, len(kept.content) if kept else 0) == kept
    except FileNotFoundError:
        return kept is None
    except (OSError, Refused):
        return False


def _is_folder_still(path: Path, kept: Kept) -> bool:
    return kept.kind == "folder" and path.is_dir() and not path.is_symlink()


def _put(path: Path, kept: Kept) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kept.kind == "link":
        path.symlink_to(os.fsdecode(kept.content))
    elif kept.kind == "folder":
        path.mkdir(exist_ok=True)
        path.chmod(kept.mode)
    elif kept.kind == "file":
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as written:
            written.write(kept.content)
            os.fchmod(written.fileno(), kept.mode)
