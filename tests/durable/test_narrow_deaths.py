"""A program dies just after it has stored something, and before it could do anything about it."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count

import pytest

from tests.durable.callers import Caller, calling
from tests.durable.cluster import Cluster
from tests.durable.conftest import ON_ALONE, ON_TEAM
from tests.durable.deaths import await_death, is_awaited
from tests.durable.laws import breaches
from tests.durable.screens import Screen, watching

MOST = 15.0
"""Seconds until everything has ended: nobody may have to wait for a round through all open turns."""
pytestmark = pytest.mark.parametrize("place", [ON_ALONE, ON_TEAM], indirect=True)
names = (f"narrow{number}" for number in count())


@pytest.fixture
async def caller(place: Cluster) -> AsyncIterator[Caller]:
    async with calling(place) as caller:
        yield caller


async def revived(caller: Caller) -> None:
    """Start again whoever dies, until the one death that was ordered has been died."""
    cluster = caller.cluster
    while True:
        await asyncio.sleep(0.02)  # death tells nobody
        for name, program in [*cluster.programs.items()]:
            if program.running.poll() is not None:
                cluster.kill(name)
                await caller.start(name)


@pytest.mark.parametrize(
    "event",
    [
        "TurnStarted",
        "StepFinished",
        "ApprovalRequested",
        "PromptQueued",
        "ApprovalGiven",
        "ToolCallStarted",
        "ToolCallFinished",
        "TurnFinished",
    ],
)
async def test_what_was_stored_counts_and_what_was_due_is_done(caller: Caller, event: str) -> None:
    cluster, name = caller.cluster, next(names)
    session = await caller.session()
    async with watching(caller, session, 2) as screens:
        reviving = asyncio.create_task(revived(caller))
        try:
            await_death(cluster.effects.path, event)
            began = time.monotonic()
            first, second = await scene(caller, screens[0], name)
            for screen in screens:
                await screen.ended(second)
            took = time.monotonic() - began
        finally:
            reviving.cancel()
    assert not is_awaited(cluster.effects.path)
    ends = [record for record in screens[0].records if record.type == "TurnFinished"]
    assert [(end.turn_id, end.body["reason"]) for end in ends] == [(first, "end_turn"), (second, "end_turn")]
    [result] = [record.body["result"] for record in screens[0].records if record.type == "ToolCallFinished"]
    assert result["outcome"] == ("unknown" if event == "ToolCallStarted" else "ok")
    assert not breaches(cluster, session, screens)
    assert took < MOST


async def scene(caller: Caller, screen: Screen, name: str) -> tuple[str, str]:
    """A turn that asks a person, and a prompt that waits meanwhile."""
    calls = [["effect_asked", {"name": name, "seconds": 0.05}]]
    first = await caller.prompt(screen.session, {"name": name, "steps": [{"say": 3, "calls": calls}]})
    asked = await screen.until(lambda it: it.type == "ApprovalRequested")
    second = await caller.prompt(screen.session, {"name": f"{name}-then", "steps": []})
    await caller.answer(screen.session, asked.body["approval_id"])
    return first, second
