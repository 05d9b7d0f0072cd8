"""Protected paths: what is covered, and when it is tidied up."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.tooling.sandbox import protecting, scratch
from agent.tooling.sandbox.confinement import Refused
from agent.tooling.workspace import PROTECTED_ON_TOP


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    made = tmp_path / "workspace"
    made.mkdir()
    return made


@pytest.fixture
def other_server(workspace: Path) -> Iterator[int]:
    """A descriptor by which another server holds the workspace."""
    descriptor = os.open(workspace, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def put_placeholders(workspace: Path) -> None:
    """What bubblewrap leaves."""
    for cover in protecting.covers(workspace):
        path = workspace / cover.path
        if not cover.exists:
            path.touch() if cover.is_file else path.mkdir()


def test_s26_what_tools_may_not_write_commands_may_not_either() -> None:
    assert set(protecting.PROTECTED) >= PROTECTED_ON_TOP


def test_of_a_repository_only_what_is_acted_on_is_covered(workspace: Path) -> None:
    (workspace / ".git" / "hooks").mkdir(parents=True)
    found = {cover.path: cover for cover in protecting.covers(workspace)}
    assert found[".git/hooks"].exists
    assert not found[".git/config"].exists
    assert ".git" not in found
    assert ".git/objects" not in found


def test_a_file_that_leads_to_a_repository_is_covered_whole(workspace: Path) -> None:
    (workspace / ".git").write_text("gitdir: ../elsewhere")
    (git, *_), rest = protecting.covers(workspace), protecting.protected(workspace)[1:]
    assert (git.path, git.exists, git.is_file) == (".git", True, True)
    assert not any(name.startswith(".git") for name in rest)


def test_without_a_repository_one_may_be_made(workspace: Path) -> None:
    assert not any(cover.path.startswith(".git") for cover in protecting.covers(workspace))


@pytest.mark.parametrize("name", [".git", ".env", ".agent", ".git/hooks"])
def test_a_link_in_a_protected_place_is_refused_by_its_name(name: str, workspace: Path) -> None:
    (workspace / name).parent.mkdir(exist_ok=True)
    (workspace / name).symlink_to("/etc")
    with pytest.raises(Refused, match=f"^{name} in the workspace is a symbolic link"):
        protecting.enter(workspace, "bubblewrap")


def test_placeholders_stay_as_long_as_one_command_runs(workspace: Path) -> None:
    protecting.enter(workspace, "bubblewrap")
    put_placeholders(workspace)
    protecting.enter(workspace, "bubblewrap")
    protecting.leave(workspace)
    assert (workspace / ".env").exists()
    protecting.leave(workspace)
    assert list(workspace.iterdir()) == []
    assert scratch.left() == []


def test_placeholders_stay_as_long_as_another_server_runs_commands(
    workspace: Path, other_server: int
) -> None:
    fcntl.flock(other_server, fcntl.LOCK_SH)
    protecting.enter(workspace, "bubblewrap")
    put_placeholders(workspace)
    protecting.leave(workspace)
    assert (workspace / ".env").exists()
    fcntl.flock(other_server, fcntl.LOCK_UN)
    protecting.tidy(workspace)
    assert list(workspace.iterdir()) == []


def test_a_placeholder_that_was_filled_meanwhile_is_kept(workspace: Path) -> None:
    protecting.enter(workspace, "bubblewrap")
    (workspace / ".env").write_text("A=1")
    protecting.leave(workspace)
    assert (workspace / ".env").read_text() == "A=1"


def test_landlock_puts_back_what_the_first_of_several_commands_found(workspace: Path) -> None:
    (workspace / ".env").write_text("A=1")
    protecting.enter(workspace, "landlock")
    (workspace / ".env").write_text("A=evil")
    protecting.enter(workspace, "landlock")
    protecting.leave(workspace)
    protecting.leave(workspace)
    assert (workspace / ".env").read_text() == "A=1"


def test_landlock_waits_for_no_other_server(workspace: Path, other_server: int) -> None:
    fcntl.flock(other_server, fcntl.LOCK_SH)
    with pytest.raises(Refused, match="another server"):
        protecting.enter(workspace, "landlock")


def test_a_refused_command_leaves_the_workspace_free(workspace: Path, other_server: int) -> None:
    (workspace / ".env").symlink_to("/etc")
    for backend in ("bubblewrap", "landlock"):
        with pytest.raises(Refused):
            protecting.enter(workspace, backend)
    fcntl.flock(other_server, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_workspace_that_is_gone_needs_no_tidying(workspace: Path) -> None:
    scratch.note(workspace, [".env"])
    workspace.rmdir()
    protecting.tidy(workspace)
    assert scratch.left() == []
