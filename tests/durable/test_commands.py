"""A command is done once, however often and wherever it is sent."""

import asyncio
from uuid import uuid4

import pytest

from tests.durable.callers import calling, prompt
from tests.durable.cluster import Cluster
from tests.durable.laws import breaches
from tests.durable.screens import watching

pytestmark = pytest.mark.xdist_group("durable-team")
TIMES = 5


async def test_what_is_sent_twice_to_both_replicas_is_done_once(team: Cluster) -> None:
    async with calling(team) as caller:
        session = await caller.session()

        async def sent_often(command: dict[str, object]) -> set[str]:
            """The turns that all the answers name."""
            command = {**command, "id": str(uuid4())}
            places = ("web1", "web2") * TIMES
            answers = await asyncio.gather(*(caller.ask(session, command, at) for at in places))
            assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
            return {answer.json()["turn_id"] for answer in answers}

        async with watching(caller, session, 2) as screens:
            calls = [["effect_asked", {"name": "twice", "seconds": 0.05}]]
            [turn_id] = await sent_often(prompt({"name": "twice", "steps": [{"calls": calls}]}))
            asked = await screens[0].until(lambda it: it.type == "ApprovalRequested")
            approval_id = asked.body["approval_id"]
            assert await sent_often(
                {"type": "Answer", "approval_id": approval_id, "answer": "allow_once"}
            ) == {turn_id}
            await screens[0].ended(turn_id)
            [second] = await sent_often(prompt({"name": "twice-then", "steps": [{"say": 500, "rate": 50}]}))
            await screens[0].spoken(second)
            await sent_often({"type": "Interrupt"})
            for screen in screens:
                assert (await screen.ended(second)).body["reason"] == "cancelled"
        types = [record.type for record in screens[0].records]
        assert (types.count("TurnStarted"), types.count("ApprovalGiven")) == (2, 1)
        assert len(team.effects.of("twice", "START")) == 1
        assert not breaches(team, session, screens)
