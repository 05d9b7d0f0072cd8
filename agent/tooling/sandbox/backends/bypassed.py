"""No sandbox, as the person wants it: still a clean environment, limits, the end of the whole tree."""

import sys
import tempfile
from pathlib import Path

from agent.tooling.sandbox import environment, roots
from agent.tooling.sandbox.backends import Configuration, Wanted, counted, measured


def missing() -> str:
    """Why this backend need not be tried; empty when it may."""
    return "" if sys.platform == "linux" else "a tree of processes can be ended for sure on Linux only"


def configuration(wanted: Wanted) -> Configuration:
    """What the supervisor shall do."""
    workspace = str(wanted.confinement.workspace)
    variables = environment.variables(
        wanted.confinement, str(Path.home()), tempfile.gettempdir(), roots.path()
    )
    return {
        "backend": "bypassed",
        "argv": list(wanted.command),
        "environment": variables,
        "folder": workspace,
        "measured": measured(wanted),
        "limits": counted(wanted.confinement.limits),
        "is_read_only": False,
    }
