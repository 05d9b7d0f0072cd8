"""Writes canned sessions of Maestro and prints their ids: `preload.py 200 1000 work:5000`; run with Maestro's Python."""

import asyncio
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]
from history import answer, history  # noqa: E402

from agent import accounts, sessions  # noqa: E402
from agent.config import settings  # noqa: E402
from agent.core.events import (  # noqa: E402
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import Message, Text, ToolCall, ToolResult  # noqa: E402
from agent.sessions import log  # noqa: E402
from agent.store.engine import connect, disconnect, writing  # noqa: E402


def talk(model, rows):
    """A turn of one step for each prompt and its answer."""
    messages = history(rows)
    for number, (prompt, answered) in enumerate(zip(messages[::2], messages[1::2], strict=True)):
        turn = f"turn-{number}"
        yield TurnStarted(turn_id=turn, prompt=(Text(text=prompt["content"]),), model=model, mode="ask")
        yield said(turn, Text(text=answered["content"]))
        yield TurnFinished(turn_id=turn, reason="end_turn")


def work(model, rows):
    """Turns of five rows: a prompt, two files read, one changed, and an answer."""
    for number in range(rows // 5):
        turn, tag = f"turn-{number}", "hend" if number == rows // 5 - 1 else "hh"
        yield TurnStarted(turn_id=turn, prompt=(Text(text=f"Mend part {number}."),), model=model, mode="ask")
        path = f"part_{number}.py"
        lines = "\n".join(f"value_{line} = {line}" for line in range(40))
        change = {"path": path, "old_string": lines, "new_string": lines.replace("value", "worth")}
        calls = (
            ToolCall(id=f"{number}-0", name="read_file", arguments={"path": path}),
            ToolCall(id=f"{number}-1", name="grep", arguments={"pattern": "value"}),
            ToolCall(id=f"{number}-2", name="edit", arguments=change),
        )
        yield said(turn, *calls)
        for call in calls:
            yield ToolCallStarted(turn_id=turn, call=call, effect="pure")
            yield ToolCallFinished(turn_id=turn, result=ToolResult(call_id=call.id, outcome="ok", text=lines))
        yield said(turn, Text(text=answer(number, tag)))
        yield TurnFinished(turn_id=turn, reason="end_turn")


def said(turn, *parts):
    stop = "tool_use" if isinstance(parts[-1], ToolCall) else "end_turn"
    return StepFinished(turn_id=turn, message=Message(role="assistant", parts=parts), stop=stop)


async def keep(owner, what):
    """Write a session of so many rows, all of it at once."""
    kind, _, rows = what.rpartition(":")
    session = await sessions.create(owner, name=f"{what} rows")
    # Turns of different sessions are told apart by their ids.
    happened = (work if kind else talk)(session.model, int(rows))
    named = [event.model_copy(update={"turn_id": f"{session.id}/{event.turn_id}"}) for event in happened]
    await writing(lambda store: [log.write(store, session.id, event) for event in named])
    return session.id


async def main(wanted):
    connect(settings().database)
    try:
        owner = await accounts.local_owner()
        for what in wanted:
            print(await keep(owner, what))
    finally:
        await disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
