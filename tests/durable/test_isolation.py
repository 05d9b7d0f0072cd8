"""What goes wrong in one session does not touch the others."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from tests.durable.callers import Caller, calling
from tests.durable.cluster import Cluster
from tests.durable.laws import breaches
from tests.durable.screens import Screen, watching

pytestmark = pytest.mark.xdist_group("durable-isolation")
SESSIONS = 10
SLACK = 2.0
"""Seconds by which a run may be slower than a quiet one: the machine has other things to do."""
GOOD = {"say": 10, "rate": 50, "calls": [["effect_pure", {"name": "good", "seconds": 0.2}]]}
FAULTS = ("explodes", "hog", "recurses", "exits", "interrupts", "hangs")
ENDS = {
    ("model", ""): {"error"},
    ("tool", ""): {"end_turn"},
    ("tool", "exits"): {"error", "end_turn"},
    ("tool", "interrupts"): {"error", "end_turn"},
    ("model", "hangs"): {"cancelled"},
    ("tool", "hangs"): {"cancelled"},
}
"""How a faulty turn may end; what ends a program is no ordinary failure of a tool."""
numbers = count()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("isolation") / "data")
    cluster.start("all")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def quiet(cluster: Cluster) -> float:
    """The seconds that nine turns take beside nothing."""

    async def measured() -> float:
        async with calling(cluster) as caller:
            await others(caller)
            return await others(caller)

    return asyncio.run(measured())


@pytest.fixture
async def caller(cluster: Cluster) -> AsyncIterator[Caller]:
    await asyncio.to_thread(cluster.complete, "all")
    async with calling(cluster) as caller:
        yield caller


async def begun(caller: Caller, session: str, *steps: dict[str, object]) -> str:
    return await caller.prompt(session, {"name": f"isolation{next(numbers)}", "steps": steps})


async def good_turn(caller: Caller) -> str:
    """A turn in a session of its own; gives how it ended."""
    session = await caller.session()
    async with watching(caller, session) as [screen]:
        ended = await screen.ended(await begun(caller, session, GOOD, GOOD))
    assert not breaches(caller.cluster, session, [screen])
    return ended.body["reason"]


async def others(caller: Caller) -> float:
    """Nine turns at once; gives the seconds they took."""
    began = time.monotonic()
    ends = await asyncio.gather(*(good_turn(caller) for _ in range(SESSIONS - 1)))
    assert ends == ["end_turn"] * (SESSIONS - 1)
    return time.monotonic() - began


async def end_of(screen: Screen, turn_id: str, fault: str) -> dict[str, object]:
    """The end of the faulty turn, which a hanging one has when it is stopped."""
    if fault == "hangs":
        await screen.caller.interrupt(screen.session)
    return (await screen.ended(turn_id)).body


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("phase", ["model", "tool"])
async def test_a_fault_stays_in_its_session(caller: Caller, quiet: float, phase: str, fault: str) -> None:
    session = await caller.session()
    async with watching(caller, session) as [screen]:
        call = ["goes_wrong", {"name": f"{phase}-{fault}", "fault": fault}]
        faulty = {"say": 3, "fault": fault} if phase == "model" else {"say": 3, "calls": [call]}
        turn_id = await begun(caller, session, faulty)
        took = await others(caller)
        ended = await end_of(screen, turn_id, fault)
        after = await screen.ended(await begun(caller, session, GOOD))
    print(f"quiet {quiet:.2f} s, beside a fault {took:.2f} s")  # noqa: T201  shown when the test fails
    assert ended["reason"] in ENDS.get((phase, fault), ENDS[phase, ""])
    assert after.body["reason"] == "end_turn"
    assert took < 2 * quiet + SLACK
    assert not breaches(caller.cluster, session, [screen])


async def test_a_refusing_provider_ends_one_turn(caller: Caller) -> None:
    session = await caller.session()
    async with watching(caller, session) as [screen]:
        turn_id = await begun(caller, session, {"say": 3, "fault": "refuses"})
        assert (await screen.ended(turn_id)).body["error"] == "bad_request"
    assert not breaches(caller.cluster, session, [screen])
