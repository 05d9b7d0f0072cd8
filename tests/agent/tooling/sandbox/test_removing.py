"""Everything a command left can be removed."""

import os
from pathlib import Path

from agent.tooling.sandbox.removing import make_ours, remove


def test_a_folder_deeper_than_any_path_may_be_long_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("a-name-of-some-length", dir_fd=here)
        inner = os.open("a-name-of-some-length", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove(top)
    assert not top.exists()


def test_closed_folders_pipes_and_names_like_ours_are_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "closed" / "inner").mkdir(parents=True)
    (top / "removed-0" / "inner").mkdir(parents=True)
    os.mkfifo(top / "pipe")
    (top / "closed").chmod(0)
    remove(top)
    assert not top.exists()


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(outside)
    (tmp_path / "direct").symlink_to(outside)
    remove(top)
    remove(tmp_path / "direct")
    assert (outside / "file").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside"]


def test_what_is_not_there_needs_no_removing(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
    make_ours(tmp_path / "nothing")
