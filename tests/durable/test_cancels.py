"""Stop is obeyed at once, on whichever replica it is pressed, and nothing runs beside the next turn."""

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests.durable.callers import Caller, calling
from tests.durable.cluster import Cluster
from tests.durable.conftest import ON_ALONE, ON_TEAM
from tests.durable.laws import breaches
from tests.durable.screens import Screen, watching

CANCELS = 10
LINGERS = 0.05
"""Seconds a tool takes to stop, in which the next turn must wait."""
MOST = 3.0
"""Seconds from the button to the turn's end; a wish that got lost on its way is found after five."""
pytestmark = pytest.mark.parametrize("place", [ON_ALONE, ON_TEAM], indirect=True)
names = (f"cancel{number}" for number in count())

Begun = Callable[["Scene", str, str], Awaitable[object]]


@dataclass
class Scene:
    """A session that is watched over one replica and stopped over the other."""

    caller: Caller
    screen: Screen
    here: str
    there: str
    leaves_signs: bool = True
    """Whether something runs that says so when it is stopped."""
    took: list[float] = field(default_factory=list)

    async def stopped(self, step: dict[str, object], begun: Begun) -> None:
        """Stop a turn once it has begun, with another waiting; see that they do not overlap."""
        name = next(names)
        first = await self._asks(f"{name}-old", step)
        then = await self._asks(f"{name}-new", {"calls": [["effect_once", {"seconds": 0.0}]]})
        await begun(self, f"{name}-old", first)
        pressed = time.monotonic()
        await self.caller.interrupt(self.screen.session, self.there)
        ended = await self.screen.ended(first)
        self.took.append(time.monotonic() - pressed)
        assert ended.body["reason"] == "cancelled"
        assert (await self.screen.ended(then)).body["reason"] == "end_turn"
        self._see_that_nothing_overlaps(name)

    def _see_that_nothing_overlaps(self, name: str) -> None:
        """What the old turn was at has stopped before the new one asks its model."""
        effects = self.caller.cluster.effects
        begun = effects.of(f"{name}-old", "START") or effects.of(f"{name}-old/0", "MODEL")
        stopped = effects.of(f"{name}-old", "STOPPED") or effects.of(f"{name}-old/0", "HUSHED")
        [asked] = effects.of(f"{name}-new/0", "MODEL")
        assert [effect.at < asked.at for effect in stopped] == [True] * (
            len(begun) if self.leaves_signs else 0
        )

    async def _asks(self, name: str, step: dict[str, object]) -> str:
        calls = [[tool, {**arguments, "name": name}] for tool, arguments in step.get("calls", ())]
        script = {"name": name, "steps": [{"say": 1, **step, "calls": calls}]}
        return await self.caller.prompt(self.screen.session, script, self.here)


@pytest.fixture
async def scene(place: Cluster) -> AsyncIterator[Scene]:
    here, there = ("all", "all") if "all" in place.programs else ("web1", "web2")
    async with calling(place) as caller:
        session = await caller.session()
        async with watching(caller, session) as [screen]:
            yield Scene(caller, screen, here, there)
            assert not breaches(place, session, [screen])


async def speaking(scene: Scene, _name: str, turn_id: str) -> None:
    await scene.screen.spoken(turn_id)


async def working(scene: Scene, name: str, _turn_id: str) -> None:
    await scene.caller.cluster.effects.first("START", name)


async def asking(scene: Scene, _name: str, turn_id: str) -> None:
    await scene.screen.until(lambda it: it.type == "ApprovalRequested" and it.turn_id == turn_id)


@pytest.mark.parametrize(
    ("step", "begun"),
    [
        pytest.param({"say": 1000, "rate": 100}, speaking, id="while the model speaks"),
        pytest.param(
            {"calls": [["effect_once", {"seconds": 30.0, "lingers": LINGERS}]]},
            working,
            id="while a tool runs",
        ),
        pytest.param({"calls": [["effect_asked", {"seconds": 0.0}]]}, asking, id="while a person is asked"),
    ],
)
async def test_stop_is_obeyed_at_once(
    scene: Scene, step: dict[str, object], begun: Begun, record_property: Callable[[str, object], None]
) -> None:
    scene.leaves_signs = begun is not asking
    for _ in range(CANCELS):
        await scene.stopped(step, begun)
    figures = f"p50 {statistics.median(scene.took):.3f} s, max {max(scene.took):.3f} s"
    print(figures)  # noqa: T201  shown when the test fails
    record_property("stopped_after", figures)
    assert max(scene.took) < MOST
