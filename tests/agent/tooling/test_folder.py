import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.tooling._beneath import open_beneath, open_stepwise
from agent.tooling._folder import Folder, Refused
from tests.agent.tooling.conftest import swapping

Opener = Callable[[int, str, int], int]
SECONDS = 0.5


@pytest.fixture(params=[open_beneath, open_stepwise])
def opener(request: pytest.FixtureRequest) -> Opener:
    return request.param


@pytest.fixture
def folder(root: Path, opener: Opener) -> Folder:
    return Folder.at(str(root), opener)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read_and_keeps_its_mode(root: Path, folder: Folder) -> None:
    folder.write("a/b/run.sh", b"one")
    (root / "a/b/run.sh").chmod(0o754)
    folder.write("a/b/run.sh", b"two")
    assert folder.read("a/b/run.sh", 100).raw == b"two"
    assert (root / "a/b/run.sh").stat().st_mode & 0o777 == 0o754
    assert names(root / "a/b") == ["run.sh"]


def test_a_read_is_bounded_however_large_the_file(root: Path, folder: Folder) -> None:
    with (root / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    content = folder.read("sparse", 1000)
    assert len(content.raw) == 1000
    assert content.entry.size == 1 << 40
    assert not content.is_whole


def test_a_fifo_does_not_block(root: Path, folder: Folder) -> None:
    os.mkfifo(root / "report.txt")
    with pytest.raises(Refused, match="not a regular file"):
        folder.read("report.txt", 10)
    with pytest.raises(Refused, match="not a regular file"):
        folder.write("report.txt", b"x")
    assert [entry.kind for entry in folder.entries(".")] == ["other"]


def test_a_link_is_not_written_through(root: Path, folder: Folder) -> None:
    (root / "link").symlink_to("../outside/secret.txt")
    with pytest.raises(Refused, match="is a link"):
        folder.write("link", b"x")
    (root / "door").symlink_to("../outside")
    with pytest.raises(OSError, match="door") as caught:
        folder.write("door/new.txt", b"x")
    assert caught.value.errno in (errno.ELOOP, errno.ENOTDIR)
    assert names(root.parent / "outside") == ["secret.txt"]


def test_a_change_in_between_is_not_overwritten(root: Path, folder: Folder) -> None:
    folder.write("a", b"one")
    before = folder.stat("a").modified
    os.utime(root / "a", ns=(before + 1, before + 1))
    with pytest.raises(Refused, match="changed since"):
        folder.write("a", b"two", unchanged_since=before)
    (root / "a").unlink()
    with pytest.raises(Refused, match="deleted since"):
        folder.write("a", b"two", unchanged_since=before)


def test_a_write_that_fails_leaves_nothing_behind(root: Path, folder: Folder) -> None:
    (root / "a").mkdir()
    with pytest.raises(Refused, match="is a folder"):
        folder.write("a", b"x")
    with pytest.raises(OSError, match="too long"):
        folder.write("n" * 300, b"x")
    assert names(root) == ["a"]


def test_a_full_disk_leaves_the_old_file(root: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("a", b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write("a", b"new")
    assert names(root) == ["a"]
    assert (root / "a").read_bytes() == b"old"


def test_s25_a_hard_link_to_another_users_file_is_refused(root: Path, folder: Folder) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    (root / "theirs").write_bytes(b"x")
    os.chown(root / "theirs", 12345, 12345)
    os.link(root / "theirs", root / "ours")
    with pytest.raises(Refused, match="hard link"):
        folder.read("ours", 10)


def test_a_file_is_removed_and_nothing_else(root: Path, folder: Folder) -> None:
    (root / "a").write_bytes(b"x")
    (root / "link").symlink_to("../outside/secret.txt")
    (root / "door").symlink_to("../outside")
    for path in ("a", "link", "gone"):
        folder.remove(path)
    for path in ("door/secret.txt", "nowhere/a"):
        with pytest.raises(OSError, match=r"door|nowhere"):
            folder.remove(path)
    assert names(root) == ["door"]
    assert names(root.parent / "outside") == ["secret.txt"]


def test_no_more_entries_are_read_than_wanted(root: Path, folder: Folder) -> None:
    for number in range(10):
        (root / str(number)).touch()
    assert len(folder.entries(".", 4)) == 4
    assert len(folder.entries(".")) == 10


def test_the_descriptor_lives_as_long_as_its_last_user(root: Path) -> None:
    folder = Folder.at(str(root))
    descriptor, work = folder.descriptor, folder.entries
    del folder
    assert work(".") == []
    del work
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_no_race_leads_outside(root: Path, folder: Folder) -> None:
    until = time.monotonic() + SECONDS
    done = {"read": 0, "written": 0, "refused": 0}
    (root / "sub").mkdir()
    (root / "sub" / "secret.txt").write_text("harmless\n")
    with swapping(root):
        while time.monotonic() < until:
            try:
                assert folder.read("sub/secret.txt", 100).raw == b"harmless\n"
                done["read"] += 1
                folder.write("sub/new.txt", b"x")
                done["written"] += 1
                assert {entry.name for entry in folder.entries("sub")} == {"secret.txt", "new.txt"}
            except (OSError, Refused):
                done["refused"] += 1
    assert min(done.values()) > 0, done
    assert names(root.parent / "outside") == ["secret.txt"]
