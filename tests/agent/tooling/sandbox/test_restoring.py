"""Protected files are what they were, whatever was put in their place."""

import os
import subprocess
from pathlib import Path

import pytest

from agent.tooling.sandbox import restoring
from agent.tooling.sandbox.confinement import Refused

NAMES = (".git/hooks", ".git/config", ".git/commondir", ".agent", ".env")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    (made / ".git" / "hooks").mkdir(parents=True)
    (made / ".git" / "config").write_text("[core]\n")
    (made / ".agent" / "rules").mkdir(parents=True)
    (made / ".agent" / "rules" / "one.md").write_text("Be kind.")
    (made / ".agent" / "run.sh").write_text("true")
    (made / ".agent" / "run.sh").chmod(0o755)
    (made / ".agent" / "link").symlink_to("run.sh")
    return made


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a folder: modes, contents, where links lead."""
    return {
        path.relative_to(folder).as_posix(): (
            path.lstat().st_mode,
            os.fsencode(path.readlink())
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else b"",
        )
        for path in folder.rglob("*")
    }


CHANGES = {
    "edits_a_file": "echo fsmonitor > .git/config",
    "adds_a_hook": "echo evil > .git/hooks/pre-commit",
    "adds_what_was_missing": "echo A=1 > .env; echo ../evil > .git/commondir",
    "removes_all": "rm -rf .agent .git",
    "puts_a_file_for_a_folder": "rm -rf .git; echo gitdir: /elsewhere > .git",
    "puts_links_to_the_outside": "rm -rf .agent .git; ln -s $OUTSIDE .agent; ln -s $OUTSIDE .git",
    "puts_pipes": "rm .git/config; mkfifo .env .git/config",
    "closes_folders": "rm .agent/rules/one.md; chmod 0 .agent/rules; chmod 0 .agent",
    "puts_its_own_folder_in_place_of_the_hooks": (
        "rmdir .git/hooks; mkdir -m 700 .git/hooks; echo evil > .git/hooks/pre-commit"
    ),
    "hides_a_hook_in_a_closed_folder": "echo evil > .git/hooks/pre-commit; chmod 0 .git/hooks",
    "puts_its_own_repository": (
        "rm -rf .git; mkdir -m 755 .git; mkdir -m 700 .git/hooks; echo evil > .git/hooks/pre-commit"
    ),
    "changes_modes": "chmod 777 .agent/run.sh .agent/rules",
    "turns_a_link": "ln -sfn $OUTSIDE .agent/link",
}


@pytest.mark.parametrize("line", CHANGES.values(), ids=CHANGES)
def test_all_is_as_it_was_after_a_command_that(line: str, workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "config").write_text("mine")
    before, kept, beside = listing(workspace), restoring.state(workspace, NAMES), listing(outside)
    subprocess.run(["/bin/sh", "-ec", line], cwd=workspace, env={"OUTSIDE": str(outside)}, check=True)
    assert restoring.restore(workspace, NAMES, kept) == []
    assert listing(workspace) == before
    assert listing(outside) == beside


def test_a_worktree_keeps_the_file_that_leads_to_its_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /elsewhere")
    assert restoring.restore(tmp_path, (".git/commondir",), {}) == []
    assert (tmp_path / ".git").read_text() == "gitdir: /elsewhere"


def test_what_git_stores_in_a_module_is_left_alone(tmp_path: Path) -> None:
    module = tmp_path / ".git/modules/one"
    (module / "objects").mkdir(parents=True)
    (module / "config").write_text("[core]")
    (module / "HEAD").write_text("ref: refs/heads/main")
    kept = restoring.state(tmp_path, (".git/modules",))
    (module / "objects" / "new").write_text("blob")
    (module / "config").write_text("evil")
    module.chmod(0o777)
    assert restoring.restore(tmp_path, (".git/modules",), kept) == []
    assert (module / "config").read_text() == "[core]"
    assert (module / "objects" / "new").read_text() == "blob"


def test_nothing_hides_under_the_name_of_a_store(tmp_path: Path) -> None:
    (tmp_path / ".agent" / "objects").mkdir(parents=True)
    kept = restoring.state(tmp_path, (".agent",))
    (tmp_path / ".agent" / "objects" / "evil").write_text("x")
    (tmp_path / ".agent" / "lfs").mkdir()
    (tmp_path / ".agent" / "HEAD").write_text("x")
    assert restoring.restore(tmp_path, (".agent",), kept) == []
    assert [path.name for path in (tmp_path / ".agent").rglob("*")] == ["objects"]


def test_more_than_can_be_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring, "MOST", 10)
    (tmp_path / ".env").write_text("x" * 11)
    with pytest.raises(Refused, match="too large"):
        restoring.state(tmp_path, (".env",))


@pytest.mark.parametrize(("make", "stays"), [("touch", False), ("mkdir", False), ("full", True)])
def test_only_empty_placeholders_are_removed(make: str, stays: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "placeholder"
    path.write_text("mine") if make == "full" else getattr(path, make)()
    restoring.remove_empty(path)
    assert path.exists() == stays
