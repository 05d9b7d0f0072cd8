"""Folders of a command's own, and notes of placeholders."""

import os
import tempfile
from pathlib import Path

import pytest

from agent.tooling.sandbox import scratch


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_s29_a_folder_is_private_and_gone_afterwards() -> None:
    with scratch.folder() as made:
        assert made.stat().st_mode & 0o777 == 0o700
        (made / "deep").mkdir()
        (made / "deep" / "file").touch()
    assert not made.exists()


def test_the_place_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / f"maestro-sandbox-{os.geteuid()}").mkdir(mode=0o755)
    with pytest.raises(PermissionError):
        scratch.place()


def test_a_link_in_our_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / f"maestro-sandbox-{os.geteuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        scratch.place()


def test_what_a_killed_server_left_is_removed_and_what_is_used_stays() -> None:
    with scratch.folder() as used:
        left = scratch.place() / "command-left"
        left.mkdir()
        for folder in (used, left):
            os.utime(folder, (0, 0))
        scratch.remove_abandoned()
        assert (used.exists(), left.exists()) == (True, False)


def test_a_folder_that_was_just_made_is_not_taken_for_left() -> None:
    new = scratch.place() / "command-new"
    new.mkdir()
    scratch.remove_abandoned()
    assert new.exists()


def test_placeholders_of_several_commands_are_remembered_together(tmp_path: Path) -> None:
    scratch.note(tmp_path, [".env"])
    scratch.note(tmp_path, [".agent"])
    assert scratch.noted(tmp_path) == {".env", ".agent"}
    assert scratch.left() == [tmp_path]
    scratch.forget(tmp_path)
    assert (scratch.noted(tmp_path), scratch.left()) == (frozenset(), [])


def test_a_broken_note_says_nothing(tmp_path: Path) -> None:
    scratch.note(tmp_path, [".env"])
    next(scratch.place().glob("placeholders-*")).write_text("{")
    assert (scratch.noted(tmp_path), scratch.left()) == (frozenset(), [])
