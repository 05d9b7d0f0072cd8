"""Writes the canned conversation as a session of Maestro and prints its id; run by the adapter, with Maestro's Python."""

import asyncio
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]
from history import history  # noqa: E402

from agent import accounts, sessions  # noqa: E402
from agent.config import settings  # noqa: E402
from agent.core.events import StepFinished, TurnFinished, TurnStarted  # noqa: E402
from agent.core.messages import Message, Text  # noqa: E402
from agent.sessions import log  # noqa: E402
from agent.store.engine import connect, disconnect  # noqa: E402


def events(model, messages):
    """A turn of one step for each prompt and its answer."""
    for number, (prompt, answer) in enumerate(zip(messages[::2], messages[1::2], strict=True)):
        turn = f"turn-{number}"
        yield TurnStarted(turn_id=turn, prompt=(Text(text=prompt["content"]),), model=model, mode="ask")
        message = Message(role="assistant", parts=(Text(text=answer["content"]),))
        yield StepFinished(turn_id=turn, message=message, stop="end_turn")
        yield TurnFinished(turn_id=turn, reason="end_turn")


async def main(n):
    connect(settings().database)
    try:
        owner = await accounts.local_owner()
        session = await sessions.create(owner, name=f"{n} messages")
        for event in events(session.model, history(n)):
            await log.append(session.id, event)
    finally:
        await disconnect()
    print(session.id)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
