"""Removes what a command left: however deep, and whatever it closed."""

import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_OPEN = 0o700


def remove(path: Path) -> None:
    """Remove a file, or a folder with all in it; what cannot be removed stays.

    A folder is flattened as it is emptied: what lies deep is first brought up, so no path becomes too long
    and nothing calls itself again and again.
    """
    with suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
            return
        make_ours(path)
        names = itertools.count()
        while inner := _folders(path):
            for each in inner:
                _empty(each, path, names)
        path.rmdir()


def make_ours(folder: Path) -> None:
    """Open a folder of ours that was closed; one of others stays as it is."""
    with suppress(OSError):
        if folder.stat().st_mode & _OPEN != _OPEN:
            folder.chmod(_OPEN)


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder; all else in it is removed."""
    found: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found.append(Path(entry.path))
            else:
                os.unlink(entry)  # noqa: PTH108 - by its entry
    return found


def _empty(folder: Path, top: Path, names: Iterator[int]) -> None:
    make_ours(folder)
    for inner in _folders(folder):
        make_ours(inner)
        inner.rename(_new(top, names))
    folder.rmdir()


def _new(top: Path, names: Iterator[int]) -> Path:
    return next(path for number in names if not os.path.lexists(path := top / f"removed-{number}"))
