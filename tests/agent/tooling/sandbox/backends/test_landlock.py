"""What Landlock is told; that it holds is shown by the escape suite."""

from pathlib import Path

import pytest

from agent.tooling.sandbox.backends import Wanted, landlock
from agent.tooling.sandbox.confinement import Confinement, Refused


def wanted(scratch: Path, **more: object) -> Wanted:
    confinement = Confinement.model_validate({"workspace": "/somewhere/workspace", **more})
    return Wanted(["true"], confinement, scratch)


def test_only_the_workspace_and_folders_of_its_own_can_be_written(tmp_path: Path) -> None:
    made = landlock.configuration(wanted(tmp_path))
    own = {str(tmp_path / name) for name in ("home", "tmp")}
    assert {path for path, right in made["rules"] if right == "write"} == {"/somewhere/workspace", *own}
    assert {made["environment"]["HOME"], made["environment"]["TMPDIR"]} == own
    assert [folder for folder, _, _ in made["measured"]] == ["/somewhere/workspace", str(tmp_path)]


def test_a_read_only_workspace_can_be_read(tmp_path: Path) -> None:
    made = landlock.configuration(wanted(tmp_path, is_read_only=True))
    assert ("/somewhere/workspace", "read") in made["rules"]
    assert made["is_read_only"]


def test_no_folder_of_a_person_can_be_read(tmp_path: Path) -> None:
    made = landlock.configuration(wanted(tmp_path))
    readable = [Path(path) for path, right in made["rules"] if right != "write"]
    assert not any(Path.home().is_relative_to(path) for path in readable)
    assert Path("/etc") not in readable


def test_some_hosts_only_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        landlock.configuration(wanted(tmp_path, hosts=("example.org",)))
