"""Looks after a running command: its end, its time, and what the kernel does not count."""

import os
import select
import signal
import time
from typing import NamedTuple

from . import tree
from .measuring import Gauge

_STEPS = (0.01, 0.02)
_SAMPLE = 0.05
_OUTPUT = b"o"
"""What the lifeline says when the command has written too much."""


class Outcome(NamedTuple):
    """Why the command is over."""

    reason: str
    state: int = 0
    """As waitpid gives it, when it ended by itself."""


class Watch:
    """Watches one command until it is over."""

    def __init__(self, pid: int, lifeline: int, gauges: list[Gauge], limits: dict[str, int]) -> None:
        self._pid = pid
        self._lifeline = lifeline
        self._gauges = gauges
        self._limits = limits
        self._began = time.monotonic()
        self._sampled = 0.0
        self.peak = 0
        """The most memory it was seen with, in bytes."""

    def wait(self) -> Outcome:
        """Wait until it ends, or must."""
        events = select.poll()
        events.register(self._lifeline, select.POLLIN | select.POLLHUP)
        events.register(os.pidfd_open(self._pid), select.POLLIN)
        step, longest = _STEPS
        while True:
            ready = dict(events.poll(step * 1000))
            outcome = self._ended(cut=self._lifeline in ready) or self._exceeded()
            if outcome:
                return outcome
            step = min(longest, step * 1.3)

    def _ended(self, *, cut: bool) -> Outcome | None:
        state = tree.collect(self._pid)
        if state is not None:
            return Outcome("exit", state)
        if cut:
            return Outcome("output" if os.read(self._lifeline, 1) == _OUTPUT else "stopped")
        return None

    def _exceeded(self) -> Outcome | None:
        now = time.monotonic() - self._began
        wall = self._limits["wall"]
        if wall and now > wall:
            return Outcome("wall")
        if any(gauge.is_due and self._is_too_large(gauge) for gauge in self._gauges):
            return Outcome("disk")
        if now - self._sampled >= _SAMPLE:
            self._sampled = now
            return self._sample()
        return None

    def _sample(self) -> Outcome | None:
        members = tree.members(os.getpid())
        memory = sum(member.memory for member in members.values())
        self.peak = max(self.peak, memory)
        # First the quick sum, which counts twice what is shared; the exact one only when it matters.
        if memory > self._limits["memory"] and tree.shared_memory(members) > self._limits["memory"]:
            return Outcome("memory")
        tasks, most = sum(max(1, member.threads) for member in members.values()), self._limits["tasks"]
        return Outcome("tasks") if tasks > 2 * most + 8 or len(members) > most + 8 else None

    def _is_too_large(self, gauge: Gauge) -> bool:
        """Whether a folder has grown too much; near the limit all stand still, or a writer outruns us."""
        frozen = tree.members(os.getpid()) if gauge.is_nearly_full else {}
        tree.send(frozen, signal.SIGSTOP)
        gauge.measure(at_once=bool(frozen))
        if not gauge.is_full:
            tree.send(frozen, signal.SIGCONT)
        return gauge.is_full
