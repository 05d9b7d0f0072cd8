"""Where a session's workspace lies: a new folder of our own, or one of the administrator's."""

from collections.abc import Iterable
from pathlib import Path

from agent.core.errors import Invalid
from agent.tooling.sandbox.removing import remove

PRIVATE = 0o700


def choose(data_dir: Path, roots: Iterable[Path], session_id: str, wanted: str | None) -> Path:
    """Find the folder a session shall work in, making a private one when none is wanted.

    Args:
        data_dir: the server's data folder.
        roots: the folders, resolved, under which a person may pick one.
        session_id: names the new folder.
        wanted: the folder a person picked.

    Raises:
        Invalid: the wanted folder is not there, or lies under none of the roots.
    """
    if not wanted:
        folder = _own(data_dir, session_id)
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        return folder.resolve()
    try:
        folder = Path(wanted).expanduser().resolve()
    except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL, a `~` of nobody
        raise Invalid("workspace_outside_roots", workspace=wanted) from None
    # Outside the roots nobody learns what exists.
    if not any(folder.is_relative_to(root) for root in roots):
        raise Invalid("workspace_outside_roots", workspace=wanted)
    if not folder.is_dir():
        raise Invalid("no_such_workspace", workspace=wanted)
    return folder


def discard(data_dir: Path, session_id: str) -> None:
    """Remove the folder that was made for a session; there is none where another was picked."""
    remove(_own(data_dir, session_id))


def is_empty(data_dir: Path, session_id: str) -> bool:
    """Whether nothing lies in the folder that was made for a session, if there is one."""
    folder = _own(data_dir, session_id)
    return not folder.is_dir() or not any(folder.iterdir())


def _own(data_dir: Path, session_id: str) -> Path:
    return data_dir / "workspaces" / session_id
