"""How much a command adds to a folder: measured, as the free space of a disk says what others do too."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

_SLICE = 0.01
"""Seconds at a time, so that a large folder keeps nobody waiting."""
_SHARE = 20
"""Measuring takes one part in so many of the time."""
_SHORTEST = 0.05
_MOST_ENTRIES = 400_000


class Size(NamedTuple):
    """What lies in a folder and below."""

    octets: int
    entries: int


class Gauge:
    """Watches one folder; what lay there at the beginning does not count."""

    def __init__(self, folder: str, octets: int, entries: int) -> None:
        self._folder = folder
        self._most = Size(octets, entries)
        self._first: Size | None = None
        self._last = self._seen = Size(0, 0)
        self._walk = sizes(folder)
        self._spent = 0.0
        self._rests_until = 0.0

    @property
    def is_full(self) -> bool:
        """Whether more was added than may be."""
        return self._exceeds(1)

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to look more closely."""
        return self._exceeds(2)

    @property
    def is_due(self) -> bool:
        """Whether it has rested long enough."""
        return time.monotonic() >= self._rests_until

    def measure(self, *, at_once: bool = False) -> None:
        """Go on measuring for a moment, or until it is done."""
        began = time.monotonic()
        for size in self._walk:
            self._seen = size
            if not at_once and time.monotonic() - began > _SLICE:
                self._spent += time.monotonic() - began
                return
        self._last, self._first = self._seen, self._first or self._seen
        spent = self._spent + time.monotonic() - began
        self._rests_until = time.monotonic() + max(_SHORTEST, _SHARE * spent)
        self._spent, self._walk = 0.0, sizes(self._folder)

    def _exceeds(self, part: int) -> bool:
        first = self._first or self._last
        added = Size(self._last.octets - first.octets, self._last.entries - first.entries)
        return added.octets > self._most.octets // part or added.entries > self._most.entries // part


def sizes(folder: str) -> Iterator[Size]:
    """How much lies in a folder, as far as it is seen, until all is; links are not followed."""
    octets = entries = 0
    waiting = [folder]
    while waiting and entries < _MOST_ENTRIES:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                entries += 1
                with suppress(OSError):
                    octets += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        yield Size(octets, entries)
