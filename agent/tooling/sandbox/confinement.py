"""The values of a confined command: what it may, what it may use, and how it ended."""

from pathlib import Path
from typing import Literal

from agent.core.errors import ToolFailed
from agent.core.messages import Value

Backend = Literal["bubblewrap", "landlock", "bypassed"]
Reason = Literal["exit", "stopped", "wall", "cpu", "memory", "tasks", "disk", "output", "broken"]
"""Why a command ended: by itself, because somebody stopped it, or because of a limit; or it never ran."""


class Limits(Value):
    """What a command may use, in seconds and bytes."""

    wall: float | None = None
    """How long it may take; None for as long as it likes."""
    cpu: int = 600
    """Of each process."""
    memory: int = 2 << 30
    """Of each process, and of all together."""
    tasks: int = 256
    """Processes and threads."""
    files: int = 1024
    """Open at once, of each process."""
    file_size: int = 512 << 20
    workspace_size: int = 2 << 30
    """How much may be added to the workspace."""
    workspace_files: int = 200_000
    """How many files may be added to the workspace."""
    scratch: int = 512 << 20
    """Of /tmp, and of the home folder."""
    output_kill: int = 64 << 20
    """Whoever writes more is ended."""


class Confinement(Value):
    """What a command may reach."""

    workspace: Path
    is_read_only: bool = False
    """The workspace cannot be changed."""
    hosts: tuple[str, ...] = ()
    """Names it may reach by HTTP, `*.` in front for all beneath one; none, and there is no network at all."""
    is_bypassed: bool = False
    """Outside of the sandbox: still a clean environment, limits, and the end of the whole tree."""
    limits: Limits = Limits()
    session_id: str = ""
    """Marks every process."""
    variables: dict[str, str] = {}
    """More of the environment; names that change how programs are loaded are left out."""


class Ending(Value):
    """How a command ended."""

    exit_code: int | None = None
    signal: int | None = None
    reason: Reason
    peak: int = 0
    """The most memory it was seen with, in bytes."""
    seconds: float = 0.0
    produced: int = 0
    """Bytes of output that were read."""
    backend: Backend
    complaint: str = ""
    """What went wrong on our side."""


class NoSandbox(ToolFailed):
    """No sandbox works here; the text says why, and so does the report, by backend."""

    def __init__(self, report: dict[str, tuple[str, ...]]) -> None:
        faults = "; ".join(f"{backend}: {', '.join(found)}" for backend, found in report.items())
        super().__init__(f"Commands cannot run here, as no sandbox works on this machine ({faults}).")
        self.report = report


class Refused(ToolFailed):
    """This command cannot be confined; the text says what is in the way."""
