"""Landlock and seccomp: for places without namespaces, such as a container as Docker makes it.

There is no network at all. The command sees that other files and processes exist, not what they hold.
"""

import sys
from pathlib import Path

from agent.tooling.sandbox import environment, roots
from agent.tooling.sandbox.backends import Configuration, Wanted, counted, measured
from agent.tooling.sandbox.confinement import Refused
from agent.tooling.sandbox.inside import landlock

PRIVATE = 0o700
_PROCESSOR = "/sys/devices/system/cpu"


def missing() -> str:
    """Why this backend need not be tried; empty when it may."""
    if sys.platform != "linux":
        return "it exists on Linux only"
    found = landlock.version()
    return (
        ""
        if found >= landlock.OLDEST
        else f"the kernel has Landlock {found}, at least {landlock.OLDEST} is needed"
    )


def configuration(wanted: Wanted) -> Configuration:
    """What the supervisor shall do.

    Raises:
        Refused: hosts shall be reached; Landlock cannot tell one from another.
    """
    if wanted.confinement.hosts:
        raise Refused(
            "Commands have no network on this machine: its sandbox cannot let them reach some hosts only."
        )
    workspace = str(wanted.confinement.workspace)
    limits = wanted.confinement.limits
    home, scratch = _folders(wanted.scratch)
    return {
        "backend": "landlock",
        "argv": list(wanted.command),
        "environment": environment.variables(wanted.confinement, home, scratch, roots.path()),
        "folder": workspace,
        "measured": [*measured(wanted), (str(wanted.scratch), limits.scratch, limits.workspace_files)],
        "limits": counted(limits),
        "rules": rules(workspace, [home, scratch], is_read_only=wanted.confinement.is_read_only),
        "is_read_only": wanted.confinement.is_read_only,
    }


def rules(workspace: str, own: list[str], *, is_read_only: bool) -> list[tuple[str, str]]:
    """What may be done where.

    >>> rules("/w", ["/s"], is_read_only=True)[-2:]
    [('/w', 'read'), ('/s', 'write')]
    """
    settings = [f"/etc/{name}" for name in (*roots.SETTINGS, *roots.ACCOUNTS)]
    return [
        *((str(root), "read") for root in roots.programs()),
        *((name, "read") for name in settings),
        ("/proc", "look"),
        (_PROCESSOR, "look"),
        (workspace, "read" if is_read_only else "write"),
        *((folder, "write") for folder in own),
    ]


def _folders(scratch: Path) -> tuple[str, str]:
    home, temporary = scratch / "home", scratch / "tmp"
    for folder in (home, temporary):
        folder.mkdir(mode=PRIVATE)
    (home / ".gitconfig").write_text(environment.GIT, encoding="utf-8")
    return str(home), str(temporary)
