"""Tries at the start whether a backend holds here, by breaking out: review alone misses too much."""

import asyncio
import json
import os
import secrets
import shutil
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from agent.core.errors import ToolFailed
from agent.tooling.sandbox import scratch
from agent.tooling.sandbox.confinement import Backend, Confinement, Limits
from agent.tooling.sandbox.inside import attempts
from agent.tooling.sandbox.inside.attempts import Field
from agent.tooling.sandbox.starting import run
from agent.tooling.spawning import PYTHON, spawn

_LIMITS = Limits(wall=15.0)
_SHORT = Limits(wall=0.3)
_PAUSE = 0.15
_MOST = 1 << 16
_WORDS = 300
_DAEMON = "(setsid sh -c 'while :; do echo x >> beat; sleep 0.02; done' >/dev/null 2>&1 &); sleep 30"


async def probe(backend: Backend) -> tuple[str, ...]:
    """What a backend does not hold back on this machine; empty when it can be trusted."""
    if os.geteuid() == 0:
        return ("Maestro runs as root, and a sandbox of root's does not hold; run it as another user",)
    try:
        async with _field() as (workspace, field, broken):
            broken.extend(await _attempted(backend, workspace, field, is_read_only=False))
            if not broken:
                broken.extend(await _attempted(backend, workspace, field, is_read_only=True))
                broken.extend(await _outlived(backend, workspace))
        return tuple(broken)
    except (ToolFailed, OSError) as error:
        return (f"it does not start: {error}",)


async def _attempted(backend: Backend, workspace: Path, field: Field, *, is_read_only: bool) -> list[str]:
    confinement = Confinement(workspace=workspace, is_read_only=is_read_only, limits=_LIMITS)
    told = field._replace(is_read_only="yes" if is_read_only else "no")
    said, ending = await run([*PYTHON, "attempts.py", *told], confinement, backend, _MOST)
    text = said.decode("utf-8", "replace")
    line = next((line for line in text.splitlines() if line.startswith(attempts.MARK)), None)
    if line is None:
        return [f"it does not run: {(ending.complaint or text.strip() or ending.reason)[-_WORDS:]}"]
    return json.loads(line.removeprefix(attempts.MARK))


async def _outlived(backend: Backend, workspace: Path) -> list[str]:
    """Whether a daemon lives on after its command had to end."""
    await run(_DAEMON, Confinement(workspace=workspace, limits=_SHORT), backend, _MOST)
    beat = workspace / "beat"
    before = beat.stat().st_size if beat.exists() else -1
    await asyncio.sleep(_PAUSE)
    if before < 0:
        return ["a daemon does not start"]
    return ["a daemon outlives its command"] if beat.stat().st_size != before else []


@asynccontextmanager
async def _field() -> AsyncGenerator[tuple[Path, Field, list[str]]]:
    """A workspace; beside it what nobody in it may touch; and a list of what was touched all the same."""
    token = secrets.token_hex(16)
    touched: list[str] = []
    with scratch.folder() as folder, ExitStack() as listening:
        workspace, beside = folder / "workspace", folder / "beside"
        workspace.mkdir()
        beside.mkdir()
        port = listening.enter_context(_listening(beside, token))
        shutil.copy(attempts.__file__, workspace / "attempts.py")
        (beside / "secret").write_text(token, encoding="utf-8")
        victim = await spawn(["/bin/sleep", "60"], variables={"TOKEN": token})
        try:
            secret, outside, socket_file = (str(beside / name) for name in ("secret", "outside", "s"))
            known = (secret, outside, str(port), str(victim.pid), token, socket_file, token[::-1], "no")
            yield workspace, Field(*known), touched
            if victim.returncode is not None:
                touched.append("ends other processes")
        finally:
            if victim.returncode is None:
                victim.kill()
            await victim.wait()


@contextmanager
def _listening(folder: Path, token: str) -> Generator[int]:
    """Somebody who can be reached in each way; gives the port."""
    with ExitStack() as open_now:
        server = open_now.enter_context(socket.create_server(("127.0.0.1", 0)))
        for kind, address in (
            (socket.SOCK_STREAM, str(folder / "s")),
            (socket.SOCK_DGRAM, str(folder / "s.datagram")),
            (socket.SOCK_STREAM, f"\0{token[::-1]}"),
        ):
            listening = open_now.enter_context(socket.socket(socket.AF_UNIX, kind))
            listening.bind(address)
            if kind == socket.SOCK_STREAM:
                listening.listen()
        yield server.getsockname()[1]
