"""What an attempt is, and a list of all. Read inside and outside, so it needs the standard library alone."""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["high", "medium", "low"]
Loot = bool | str | bytes | None
"""True: it says itself that it got through. Text: it did if the secret is in it. None: what it left tells."""

THEMES = ("reading", "writing", "protecting", "processes", "kernel", "network", "resources")
"""The modules that hold attempts."""
LANDLOCK = "landlock"


@dataclass(frozen=True)
class Places:
    """What an attacker may know of the machine; the secret stands in most of it, and is not among them."""

    workspace: str
    home: str
    """Of the person who runs the app: keys, a shell profile."""
    app: str
    """The app's own folder: database, settings, encryption key, a program."""
    other: str
    """The workspace of another session."""
    sockets: str
    shared: str
    """A file in shared memory."""
    tcp: int
    tcp6: int
    udp: int
    free: int
    """A port nobody listens on; who listens there and is reached gets the secret."""
    abstract: str
    victim: int
    """A program of the same person: the secret is in its environment, arguments, memory and open file."""
    descriptor: int
    """The victim's open file, by its number there."""
    server: int
    """The app itself."""
    segment: int
    """The key of a System V memory segment and message queue."""
    variable: str
    """A name in the app's environment."""
    inherited: int
    """A descriptor the app forgot to close."""


@dataclass(frozen=True)
class Attempt:
    """One thing tried from inside."""

    act: Callable[[Places], Loot]
    severity: Severity
    residual: str
    """The backend that is known not to stop it."""
    unreal: str
    """Why it cannot succeed without confinement either, so that it proves less."""
    limits: Mapping[str, float]
    reasons: frozenset[str]
    """How the command may end; empty: its end does not matter."""
    is_visited: bool
    """Whether somebody outside calls meanwhile."""

    @property
    def name(self) -> str:
        return self.act.__name__

    @property
    def theme(self) -> str:
        return self.act.__module__.rpartition(".")[2]

    def escapes(self, backend: str) -> bool:
        """Whether it is expected to get through."""
        return backend in {"raw", self.residual}


ATTEMPTS: dict[str, Attempt] = {}


def attempt(
    severity: Severity,
    *,
    residual: str = "",
    unreal: str = "",
    limits: Mapping[str, float] | None = None,
    reasons: tuple[str, ...] = (),
    is_visited: bool = False,
) -> Callable[[Callable[[Places], Loot]], Callable[[Places], Loot]]:
    """Add a function to the list."""

    def add(act: Callable[[Places], Loot]) -> Callable[[Places], Loot]:
        new = Attempt(act, severity, residual, unreal, limits or {}, frozenset(reasons), is_visited)
        if ATTEMPTS.setdefault(new.name, new) is not new:
            raise ValueError(f"two attempts are named {new.name}")
        return act

    return add


def shell(line: str) -> str:
    """What a shell line writes, errors too."""
    command = ["/bin/sh", "-c", line]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return ended.stdout.decode(errors="replace")


def unless(name: str, most: int) -> str:
    """A reason to be unreal: a kernel setting is above what it may be; one that is not there allows."""
    path = Path("/proc/sys", name)
    try:
        found = int(path.read_text())
    except OSError:
        return ""
    return "" if found <= most else f"{path} is {found}"


def first(pattern: str, text: str) -> str:
    """What a pattern's group finds first, or nothing."""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""
