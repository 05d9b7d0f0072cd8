import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.tooling import _beneath
from agent.tooling._beneath import ESCAPES, open_beneath, open_stepwise

Opener = Callable[[int, str, int], int]


@pytest.fixture
def folder(root: Path) -> Iterator[int]:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture(params=[open_beneath, open_stepwise])
def opener(request: pytest.FixtureRequest) -> Opener:
    return request.param


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def test_a_file_in_a_folder_is_opened(root: Path, folder: int, opener: Opener) -> None:
    (root / "a").mkdir()
    (root / "a" / "b.txt").write_bytes(b"hello")
    assert read(opener(folder, "a/b.txt", os.O_RDONLY)) == b"hello"


@pytest.mark.parametrize("target", ["../outside", "{tmp}/outside"])
def test_a_link_to_the_outside_is_refused(
    root: Path, folder: int, opener: Opener, tmp_path: Path, target: str
) -> None:
    (root / "door").symlink_to(target.format(tmp=tmp_path))
    for path in ("door/secret.txt", "door"):
        with pytest.raises(OSError) as caught:  # noqa: PT011 (the errno says it)
            opener(folder, path, os.O_RDONLY)
        assert caught.value.errno in ESCAPES | {20}


def test_a_magic_link_is_refused(root: Path, folder: int) -> None:
    (root / "self").symlink_to("/proc/self/root")
    with pytest.raises(OSError) as caught:  # noqa: PT011 (the errno says it)
        open_beneath(folder, "self/etc/passwd", os.O_RDONLY)
    assert caught.value.errno in ESCAPES | {20}


def test_without_openat2_every_path_is_walked(
    root: Path, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.txt").write_bytes(b"hello")
    monkeypatch.setattr(_beneath, "HAS_OPENAT2", False)
    assert read(open_beneath(folder, "./a.txt", os.O_RDONLY)) == b"hello"
    os.close(open_beneath(folder, ".", os.O_RDONLY | os.O_DIRECTORY))


def test_another_system_has_no_openat2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert not _beneath._has_openat2()


def test_a_kernel_that_refuses_openat2_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(_beneath, "_OPENAT2", 100_000)
    assert not _beneath._has_openat2()
