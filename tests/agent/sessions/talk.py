"""How tests speak with a session, and what they hear."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from agent import sessions
from agent.core.commands import Prompt
from agent.core.events import ApprovalRequested, Event, Live, TurnFinished
from agent.core.identity import Session, User
from agent.core.messages import Text
from agent.sessions import log
from agent.sessions.stream.bus import Heard
from agent.sessions.stream.following import Following

PATIENCE = 20.0

sqlite_only = pytest.mark.parametrize("emptied_database", ["sqlite"], indirect=True)
"""For what asks nothing special of the database."""

T = TypeVar("T", bound=Event | Live)


def prompt(text: str) -> Prompt:
    return Prompt(parts=(Text(text=text),))


async def heard_until(following: Following, is_last: Callable[[Event | Live], bool]) -> list[Heard]:
    """What a follower hears, up to and with the first that fits."""
    heard: list[Heard] = []
    async with asyncio.timeout(PATIENCE):
        while not heard or not is_last(heard[-1][1]):
            heard.append(await anext(following))
    return heard


async def next_of(following: Following, kind: type[T]) -> T:
    """The next of a kind, whatever else is heard before."""
    heard = await heard_until(following, lambda event: isinstance(event, kind))
    found = heard[-1][1]
    assert isinstance(found, kind)
    return found


async def say(user: User, session: Session, text: str, command_id: str = "") -> str:
    """Send a prompt; the answer is its turn's id."""
    return (await sessions.submit(user, session.id, prompt(text), command_id))[0]


async def finished(user: User, session: Session, turn_id: str) -> TurnFinished:
    """Wait for a turn's end."""
    async with await sessions.follow(user, session.id) as following:
        heard = await heard_until(
            following, lambda event: isinstance(event, TurnFinished) and event.turn_id == turn_id
        )
    assert isinstance(heard[-1][1], TurnFinished)
    return heard[-1][1]


async def asked(user: User, session: Session) -> ApprovalRequested:
    """Wait for a question; for the newest one when there were others."""
    async with await sessions.follow(
        user, session.id, (await sessions.get(user, session.id)).last_seq
    ) as now:
        before = [event for event in await events(session) if isinstance(event, ApprovalRequested)]
        return before[-1] if before else await next_of(now, ApprovalRequested)


async def turn(user: User, session: Session, text: str) -> list[Event]:
    """Run a turn; the answer is its events."""
    turn_id = await say(user, session, text)
    await finished(user, session, turn_id)
    return [event for event in await events(session) if event.turn_id == turn_id]


async def events(session: Session) -> list[Event]:
    """The session's log."""
    return [event for _, event in await log.read(session.id)]
