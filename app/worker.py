"""A process that runs turns and shows nothing: MAESTRO_ROLE=worker."""

import asyncio
import signal

import uvloop

from agent.config import Settings
from agent.running import running


def work(settings: Settings) -> None:
    """Run turns until stopped; what runs then goes on elsewhere."""
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with running(settings):
        print("Maestro works", flush=True)  # noqa: T201  what a person waits for
        await stopped.wait()
