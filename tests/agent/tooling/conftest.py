"""A workspace to work in, next to something secret."""

import ctypes
import json
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.tooling.declaration import ToolOutput
from agent.tooling.registry import registry
from agent.tooling.workspace import Workspace

Run = Callable[..., Awaitable[ToolOutput]]
Fails = Callable[..., Awaitable[str]]
AT_CWD, EXCHANGE = -100, 2  # renameat2(2)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("SECRET\n")
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def files(root: Path) -> AsyncIterator[Workspace]:
    async with Workspace(root) as workspace:
        yield workspace


@pytest.fixture
def run(files: Workspace) -> Run:
    async def run(name: str, **arguments: Any) -> ToolOutput:
        return await registry()[name].run(arguments, files=files)

    return run


@pytest.fixture
def fails(run: Run) -> Fails:
    """Runs a tool that must fail; returns what the model is told."""

    async def fails(name: str, **arguments: Any) -> str:
        with pytest.raises(ToolFailed) as caught:
            await run(name, **arguments)
        return str(caught.value)

    return fails


@pytest.fixture(scope="session")
def cases(acceptance_data: Path) -> Callable[[str], list[dict[str, Any]]]:
    def read(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (acceptance_data / "cases" / name).read_text().splitlines()]

    return read


@contextmanager
def swapping(root: Path) -> Iterator[None]:
    """A thread that exchanges the folder `sub` and a link to the outside, without a moment in between."""
    exchange = getattr(ctypes.CDLL(None), "renameat2", None)
    if exchange is None:
        pytest.skip("this system cannot exchange two names")
    (root / "link").symlink_to("../outside")
    names = [AT_CWD, os.fsencode(root / "sub"), AT_CWD, os.fsencode(root / "link"), EXCHANGE]
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            exchange(*names)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
