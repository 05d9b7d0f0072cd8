"""What fills the window of a session's model."""

import asyncio
import json
from collections.abc import Sequence

from agent import tooling
from agent.core import filling
from agent.core.events import Event, StepFinished
from agent.core.filling import Filling
from agent.core.history import messages, still_counting
from agent.core.identity import User
from agent.core.messages import Message
from agent.sessions import log, rows
from agent.sessions.turns.context import Context


async def filled(user: User, session_id: str) -> Filling:
    """What the session's model would be sent with the next prompt.

    Raises:
        NotFound: there is no such session, or it is another's.
        Unavailable: an event is damaged, or the database does not answer.
    """
    session = await rows.session(user, session_id)
    events = await log.read(session_id)
    history, used = await asyncio.to_thread(_told, [event for _, event in still_counting(events)])
    characters = await asyncio.to_thread(filling.characters, history)
    characters["told"] = len(await Context(user).system(session, history))
    tools = await tooling.definitions(user, session)
    characters["tools"] = sum(
        len(tool.name) + len(tool.description) + len(json.dumps(tool.parameters)) for tool in tools
    )
    return Filling(
        characters=dict(characters.most_common()), used=used, has_pictures=filling.has_pictures(history)
    )


def _told(events: Sequence[Event]) -> tuple[tuple[Message, ...], int]:
    """The history, and the tokens of the last step that were counted."""
    steps = (event.usage for event in reversed(events) if isinstance(event, StepFinished))
    last = next((usage for usage in steps if usage.input), None)
    return messages(events), last.input + last.output if last else 0
