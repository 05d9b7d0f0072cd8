"""A turn outlives the program that runs it: killed in each phase, started again or taken over by another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count

import pytest

from tests.durable.callers import Caller, calling
from tests.durable.cluster import Cluster
from tests.durable.conftest import ON_ALONE, ON_STANDING, ON_TEAM
from tests.durable.effects import Effect
from tests.durable.laws import breaches
from tests.durable.records import Record, log
from tests.durable.screens import Screen, watching

pytestmark = pytest.mark.parametrize("place", [ON_ALONE, ON_STANDING, ON_TEAM], indirect=True)
"""The first two start the killed program again; in the third another takes over."""
names = (f"crash{number}" for number in count())


@dataclass
class Scene:
    """A session in which a program is killed."""

    caller: Caller
    session: str
    screens: list[Screen]
    restarts: bool
    """Whether the killed program starts again; else another goes on."""

    @property
    def cluster(self) -> Cluster:
        return self.caller.cluster

    async def begin(self, *steps: dict[str, object]) -> tuple[str, str]:
        """Begin a turn; gives its script's name and its id."""
        name = next(names)
        for step in steps:
            for _, arguments in step.get("calls", ()):
                arguments["name"] = name
        return name, await self.caller.prompt(self.session, {"name": name, "steps": steps})

    async def kill(self, seen: Effect) -> None:
        """Kill the program that did this."""
        killed = self.cluster.owner(seen.pid)
        self.cluster.kill(killed)
        if self.restarts:
            await self.caller.start(killed)

    async def ended(self, turn_id: str) -> list[Record]:
        """The events of a turn, once it has ended and every law was found to hold."""
        last = await self.screens[0].ended(turn_id)
        await asyncio.gather(*(screen.until(lambda it: it.seq == last.seq) for screen in self.screens))
        assert not breaches(self.cluster, self.session, self.screens)
        return [record for record in log(self.cluster.database, self.session) if record.turn_id == turn_id]


@pytest.fixture
async def scene(place: Cluster) -> AsyncIterator[Scene]:
    async with calling(place) as caller:
        session = await caller.session()
        async with watching(caller, session, 2) as screens:
            yield Scene(caller, session, screens, restarts="all" in place.programs)


def notices(records: list[Record]) -> list[str]:
    return [record.body["code"] for record in records if record.type == "Noticed"]


def outcomes(records: list[Record]) -> list[str]:
    return [record.body["result"]["outcome"] for record in records if record.type == "ToolCallFinished"]


def reason(records: list[Record]) -> str:
    return records[-1].body["reason"]


async def test_killed_while_the_model_speaks_it_is_asked_once_more(scene: Scene) -> None:
    name, turn_id = await scene.begin({"say": 30, "rate": 60})
    await scene.screens[0].spoken(turn_id)
    await scene.kill(await scene.cluster.effects.first("MODEL", f"{name}/0"))
    records = await scene.ended(turn_id)
    assert reason(records) == "end_turn"
    assert len(scene.cluster.effects.of(f"{name}/0", "MODEL")) == 2
    assert [record.type for record in records].count("StepFinished") == 1
    assert "restart" in notices(records)


async def test_killed_while_a_once_tool_runs_it_is_unknown_and_not_run_again(scene: Scene) -> None:
    name, turn_id = await scene.begin({"say": 2, "calls": [["effect_once", {"seconds": 1.0}]]})
    await scene.kill(await scene.cluster.effects.first("START", name))
    records = await scene.ended(turn_id)
    assert (reason(records), outcomes(records)) == ("end_turn", ["unknown"])
    assert [effect.kind for effect in scene.cluster.effects.of(name, "START", "END")] == ["START"]
    assert len(scene.cluster.effects.of(f"{name}/0", "MODEL")) == 1
    assert "restart" in notices(records)


@pytest.mark.parametrize("tool", ["effect_idempotent", "effect_pure"])
async def test_killed_while_a_repeatable_tool_runs_it_is_run_again(scene: Scene, tool: str) -> None:
    name, turn_id = await scene.begin({"say": 2, "calls": [[tool, {"seconds": 0.5}]]})
    await scene.kill(await scene.cluster.effects.first("START", name))
    records = await scene.ended(turn_id)
    assert (reason(records), outcomes(records)) == ("end_turn", ["ok"])
    assert [effect.kind for effect in scene.cluster.effects.of(name, "START", "END")] == [
        "START",
        "START",
        "END",
    ]
    assert len(scene.cluster.effects.of(f"{name}/0", "MODEL")) == 1


async def asked(scene: Scene, turn_id: str) -> str:
    """Wait for a turn's question; gives its id."""
    found = await scene.screens[0].until(lambda it: it.type == "ApprovalRequested" and it.turn_id == turn_id)
    return found.body["approval_id"]


async def test_killed_while_a_person_is_asked_the_answer_still_counts(scene: Scene) -> None:
    name, turn_id = await scene.begin({"say": 2, "calls": [["effect_asked", {"seconds": 0.05}]]})
    question = await asked(scene, turn_id)
    await scene.kill(await scene.cluster.effects.first("MODEL", f"{name}/0"))
    assert await scene.caller.answer(scene.session, question) == turn_id
    records = await scene.ended(turn_id)
    assert (reason(records), outcomes(records)) == ("end_turn", ["ok"])
    assert [effect.kind for effect in scene.cluster.effects.of(name, "START", "END")] == ["START", "END"]
    assert [record.type for record in records].count("ApprovalRequested") == 1


async def test_killed_while_an_allowed_tool_runs_nobody_is_asked_again(scene: Scene) -> None:
    name, turn_id = await scene.begin({"say": 2, "calls": [["effect_asked", {"seconds": 1.0}]]})
    await scene.caller.answer(scene.session, await asked(scene, turn_id))
    await scene.kill(await scene.cluster.effects.first("START", name))
    records = await scene.ended(turn_id)
    assert (reason(records), outcomes(records)) == ("end_turn", ["unknown"])
    assert [effect.kind for effect in scene.cluster.effects.of(name, "START", "END")] == ["START"]
    assert [record.type for record in records].count("ApprovalRequested") == 1


async def test_a_prompt_that_waited_while_its_program_was_killed_has_its_turn(scene: Scene) -> None:
    name, turn_id = await scene.begin({"say": 2, "calls": [["effect_once", {"seconds": 0.5}]]})
    started = await scene.cluster.effects.first("START", name)
    _, waiting = await scene.begin({"say": 3})
    await scene.kill(started)
    await scene.screens[0].ended(turn_id)
    assert reason(await scene.ended(waiting)) == "end_turn"
