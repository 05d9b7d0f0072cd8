"""A question that nobody answers for long is parked, and its answer counts whatever was killed meanwhile."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.durable.callers import calling
from tests.durable.cluster import Cluster
from tests.durable.deaths import await_death
from tests.durable.laws import breaches
from tests.durable.program import PARK_AFTER
from tests.durable.records import Record
from tests.durable.screens import watching

pytestmark = pytest.mark.xdist_group("durable-parking")
names = (f"parked{number}" for number in count())
SOON = "0.2"
"""Seconds until a question is parked."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("parking") / "data", **{PARK_AFTER: SOON})
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """One program that parks soon."""
    shared.complete("all")
    return shared


def noticed(code: str) -> Callable[[Record], bool]:
    return lambda it: it.type == "Noticed" and it.body["code"] == code


@pytest.mark.parametrize("death", ["never", "when it parks", "once it is parked"])
async def test_the_answer_to_a_parked_question_goes_on_with_the_turn(cluster: Cluster, death: str) -> None:
    name = next(names)
    async with calling(cluster) as caller:
        session = await caller.session()
        async with watching(caller, session, 2) as screens:
            if death == "when it parks":
                await_death(cluster.effects.path, "Noticed")
            calls = [["effect_asked", {"name": name, "seconds": 0.5}]]
            turn_id = await caller.prompt(session, {"name": name, "steps": [{"calls": calls}]})
            asked = await screens[0].until(lambda it: it.type == "ApprovalRequested")
            if death == "when it parks":
                await cluster.gone("all")
            else:
                await screens[0].until(noticed("parked"))
            if death == "once it is parked":
                cluster.kill("all")
            if death != "never":
                await caller.start("all")
            assert await caller.answer(session, asked.body["approval_id"]) == turn_id
            for screen in screens:
                assert (await screen.ended(turn_id)).body["reason"] == "end_turn"
        assert not breaches(cluster, session, screens)
    [result] = [record.body["result"] for record in screens[0].records if record.type == "ToolCallFinished"]
    assert result["outcome"] == "ok"
    assert len(cluster.effects.of(name, "START")) == 1
    assert [len(cluster.effects.of(f"{name}/{step}", "MODEL")) for step in (0, 1)] == [1, 1]


async def test_a_parked_turn_can_be_stopped(cluster: Cluster) -> None:
    async with calling(cluster) as caller:
        session = await caller.session()
        async with watching(caller, session) as [screen]:
            calls = [["effect_asked", {"name": "stopped", "seconds": 0.0}]]
            turn_id = await caller.prompt(session, {"name": "stopping", "steps": [{"calls": calls}]})
            await screen.until(noticed("parked"))
            await caller.interrupt(session)
            assert (await screen.ended(turn_id)).body["reason"] == "cancelled"
        assert not breaches(cluster, session, [screen])
    assert not cluster.effects.of("stopped", "START")
