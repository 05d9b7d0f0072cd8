"""The port inside that leads to the proxy's socket, without a sandbox around it."""

import asyncio
import socket
import sys
from pathlib import Path

from agent.tooling.sandbox.inside import bridge
from agent.tooling.spawning import PYTHON, spawn

ASKS = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as asking:
    asking.sendall(b"ping")
    asking.shutdown(socket.SHUT_WR)
    print(asking.makefile().read())
sys.exit(7)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_what_is_said_to_the_port_is_said_to_the_socket(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).replace(b"i", b"o"))
        writer.close()
        await writer.wait_closed()

    port = str(free_port())
    async with await asyncio.start_unix_server(answer, tmp_path / "s"):
        command = [sys.executable, "-c", ASKS, port]
        program = await spawn([*PYTHON, bridge.__file__, str(tmp_path / "s"), port, *command])
        assert (await program.communicate())[0] == b"pong\n"
    assert program.returncode == 7


async def test_a_proxy_that_is_gone_is_an_end_and_no_hang(tmp_path: Path) -> None:
    port = str(free_port())
    command = [sys.executable, "-c", ASKS, port]
    program = await spawn([*PYTHON, bridge.__file__, str(tmp_path / "s"), port, *command])
    async with asyncio.timeout(10):
        await program.communicate()
    assert program.returncode in {1, 7}
