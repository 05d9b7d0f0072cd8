"""Sessions in which something has happened, as their logs say; nothing runs there."""

from collections.abc import Iterable
from uuid import UUID, uuid4

from agent.core.events import (
    Event,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import Message, Outcome, Text, ToolCall, ToolResult, Usage
from tests.app.serving import Server

USAGE = Usage(input=4200, cached=3000, output=350, cost=0.0123)


def said(turn: str, text: str) -> list[Event]:
    """A turn of one prompt and one answer."""
    message = Message(role="assistant", parts=(Text(text=text),))
    return [
        TurnStarted(turn_id=turn, prompt=(Text(text=f"Prompt {turn}"),), model="demo:scripted", mode="edit"),
        StepFinished(turn_id=turn, message=message, stop="end_turn", usage=USAGE),
        TurnFinished(turn_id=turn, reason="end_turn"),
    ]


def called(turn: str, call: ToolCall, outcome: Outcome, text: str) -> list[Event]:
    """A step of a turn with one call."""
    return [
        StepFinished(turn_id=turn, message=Message(role="assistant", parts=(call,)), stop="tool_use"),
        ToolCallStarted(turn_id=turn, call=call, effect="pure"),
        ToolCallFinished(turn_id=turn, result=ToolResult(call_id=call.id, outcome=outcome, text=text)),
    ]


def told(server: Server, events: Iterable[Event]) -> str:
    """Make a session in which this has happened; gives its address."""
    with server.client() as api:
        session = api.post("sessions", json={"name": "Told"}).raise_for_status().json()["id"]
    own = UUID(session).hex
    rows = [
        (own, seq, uuid4().hex, event.turn_id, event.type, event.model_dump_json(), str(event.at))
        for seq, event in enumerate(events, 1)
    ]
    with server.database() as database:
        database.executemany(
            "INSERT INTO events (session_id, seq, key, turn_id, type, body, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        database.execute("UPDATE sessions SET last_seq = ? WHERE id = ?", [len(rows), own])
    return f"/s/{session}"
