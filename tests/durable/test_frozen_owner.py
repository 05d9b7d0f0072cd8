"""A worker that stands still for too long has lost its turns, and knows it when it wakes."""

import pytest

from agent.sessions.turns.executors import SILENT
from tests.durable.callers import calling
from tests.durable.cluster import Cluster
from tests.durable.laws import breaches
from tests.durable.screens import watching

pytestmark = pytest.mark.xdist_group("durable-team")


@pytest.mark.parametrize("tool", ["effect_once", "effect_idempotent"])
async def test_a_peer_takes_over_from_a_frozen_worker_which_ends_itself_when_it_wakes(
    team: Cluster, tool: str
) -> None:
    name = f"frozen-{tool}"
    async with calling(team) as caller:
        session = await caller.session()
        async with watching(caller, session, 2) as screens:
            script = {"name": name, "steps": [{"say": 2, "calls": [[tool, {"name": name, "seconds": 0.5}]]}]}
            turn_id = await caller.prompt(session, script)
            owner = team.owner((await team.effects.first("START", name)).pid)
            team.freeze(owner)
            ended = await screens[0].ended(turn_id)
            before = [record.text for record in screens[0].records]
            team.thaw(owner)
            assert await team.gone(owner) == SILENT
            # Whatever the thawed one still wished to say would come before what is asked now.
            later = await caller.prompt(session, {"name": f"{name}-later", "steps": []})
            for screen in screens:
                await screen.ended(later)
            assert [record.text for record in screens[0].records][: len(before)] == before
            assert [record.turn_id for record in screens[0].records[len(before) :]].count(turn_id) == 0
        assert ended.body["reason"] == "end_turn"
        results = [
            record.body["result"] for record in screens[0].records if record.type == "ToolCallFinished"
        ]
        assert [result["outcome"] for result in results] == ["unknown" if tool == "effect_once" else "ok"]
        assert len(team.effects.of(name, "START")) == (1 if tool == "effect_once" else 2)
        assert not breaches(team, session, screens)


async def test_a_worker_frozen_while_its_model_speaks_does_not_speak_beside_its_successor(
    team: Cluster,
) -> None:
    async with calling(team) as caller:
        session = await caller.session()
        async with watching(caller, session, 2) as screens:
            script = {"name": "frozen-model", "steps": [{"say": 60, "rate": 60}]}
            turn_id = await caller.prompt(session, script)
            await screens[0].spoken(turn_id)
            owner = team.owner((await team.effects.first("MODEL", "frozen-model/0")).pid)
            team.freeze(owner)
            await screens[0].until(lambda it: it.type == "Noticed" and it.body["code"] == "restart")
            team.thaw(owner)
            assert (await screens[0].ended(turn_id)).body["reason"] == "end_turn"
            assert await team.gone(owner) == SILENT
            await screens[1].ended(turn_id)
        assert not breaches(team, session, screens)
