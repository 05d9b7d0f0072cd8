"""A small app that runs one command: `python -m tests.escapes.program BACKEND WORKSPACE SESSION LINE`."""

import asyncio
import sys
from pathlib import Path

from agent.tooling import sandbox
from agent.tooling.sandbox.spawner import spawner


async def main(backend: sandbox.Backend, workspace: str, session: str, line: str) -> None:
    """Run it; who looks on is told the number of the spawner, then how it ended."""
    confinement = sandbox.Confinement(workspace=Path(workspace), session_id=session)
    async with sandbox.start(line, confinement, backend=backend) as program:
        print(spawner.pid, flush=True)  # noqa: T201
        async for _, some in program.output():
            sys.stdout.buffer.write(some)
            sys.stdout.flush()
        print((await program.ended()).reason, flush=True)  # noqa: T201
    await sandbox.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))  # pyright: ignore[reportArgumentType]
