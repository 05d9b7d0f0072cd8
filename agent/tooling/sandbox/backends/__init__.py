"""How a command is confined: each backend turns a confinement into what the supervisor shall do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.tooling.sandbox.confinement import Confinement, Limits
from agent.tooling.sandbox.protecting import Cover

Configuration = dict[str, Any]
"""What a supervisor shall do; see `inside.supervisor`."""
Argument = str | dict[str, Any]
"""An argument, or what lies behind a descriptor it names: a text, the filter, where the end is told."""


@dataclass(frozen=True)
class Wanted:
    """A command with all a backend must know."""

    command: Sequence[str]
    confinement: Confinement
    scratch: Path
    """A folder of its own."""
    covers: Sequence[Cover] = ()
    proxy: Path | None = None
    """The socket of the proxy, when hosts may be reached."""


def measured(wanted: Wanted) -> list[tuple[str, int, int]]:
    """The folders whose growth is limited, with how many bytes and how many files may be added."""
    if wanted.confinement.is_read_only:
        return []
    limits = wanted.confinement.limits
    return [(str(wanted.confinement.workspace), limits.workspace_size, limits.workspace_files)]


def counted(limits: Limits) -> dict[str, float]:
    """The limits as the supervisor takes them.

    >>> counted(Limits())["wall"]
    0
    """
    return {**limits.model_dump(), "wall": limits.wall or 0}
