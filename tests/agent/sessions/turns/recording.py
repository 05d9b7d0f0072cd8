"""Writes down whole turns as today's program runs them: `python -m tests.agent.sessions.turns.recording`.

A recorded turn stands for one that began before a redeploy. Record a new one for a new kind of turn; an old
one is never recorded anew because it fails: then a turn that waits would fail too. Put the change of the
turn's steps behind `recorder.patched` instead.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from agent import accounts
from agent.config import settings
from agent.core.events import Event
from agent.running import migrate
from agent.sessions.log import storable
from agent.store.engine import connect, disconnect
from tests.agent.sessions.turns.scripts import SCRIPTS
from tests.agent.sessions.turns.world import Memory, World, world

FOLDER = Path(__file__).parents[3] / "fixtures" / "turns"


def written(made: World, happened: list[Event], memory: Memory) -> dict[str, Any]:
    """A turn as it is kept: its events, and the steps that the engine remembers, in order."""
    return storable(
        {
            "turn_id": made.run.turn_id,
            "mode": made.script.mode,
            "events": [event.model_dump(mode="json") for event in happened],
            "steps": [{"name": step[0], "gave": step[1]} for step in memory.steps if step],
        }
    )


async def record(names: list[str]) -> None:
    """Run and write down these turns."""
    migrate(settings())
    connect(settings().database)
    owner = await accounts.local_owner()
    for name in names:
        async with world(owner, settings().data_dir, SCRIPTS[name]) as made:
            memory = Memory()
            await made.live(memory)
            turn = written(made, await made.events(), memory)
        (FOLDER / f"{name}.json").write_text(json.dumps(turn, indent=1) + "\n")
    await disconnect()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MAESTRO_DATA_DIR"] = folder
        asyncio.run(record(sys.argv[1:] or [*SCRIPTS]))
