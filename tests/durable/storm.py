"""Kills at random while sessions work and their followers come and go; then every law is looked at."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from tests.durable import records
from tests.durable.callers import Caller, calling
from tests.durable.cluster import PATIENCE, Cluster
from tests.durable.laws import breaches
from tests.durable.people import Person
from tests.durable.records import Record
from tests.durable.screens import Screen, watching

FOLLOWERS = 3
QUIET = 60.0
"""Seconds in which everything must have ended once nobody kills any more."""


@dataclass
class Figures:
    """What a storm came to."""

    kills: int
    sessions: int
    seconds: float = 0.0
    logs: list[list[Record]] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    repeated: int = 0
    """Model steps and tools that were begun more than once."""
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """A few lines for people."""
        all_records = [record for log in self.logs for record in log]
        types = Counter(record.type for record in all_records)
        codes = Counter(record.body["code"] for record in all_records if record.type == "Noticed")
        outcomes = Counter(
            record.body["result"]["outcome"] for record in all_records if record.type == "ToolCallFinished"
        )
        ends = Counter(
            record.body["error"] or record.body["reason"]
            for record in all_records
            if record.type == "TurnFinished"
        )
        lines, deltas = (
            sum(screen.lines for screen in self.screens),
            sum(screen.deltas for screen in self.screens),
        )
        return (
            f"{self.kills} kills in {self.seconds:.0f} s, "
            f"{self.sessions} sessions, {len(self.screens)} followers\n"
            f"turns {types['TurnFinished']} {dict(ends)}, events {len(all_records)}, notices {dict(codes)}\n"
            f"tool results {dict(outcomes)}, begun more than once {self.repeated}\n"
            f"connections {lines}, deltas and snapshots heard {deltas}, breaches {len(self.breaches)}"
        )


async def storm(
    cluster: Cluster, rng: random.Random, kills: int, sessions: int, names: Sequence[str]
) -> Figures:
    """Kill that often, at random, one of the named programs each time; all of them run already.

    Args:
        cluster: what is killed.
        rng: chance.
        kills: how many.
        sessions: how many sessions work meanwhile.
        names: which programs may be killed; each starts again at once.
    """
    figures = Figures(kills, sessions)
    began = time.monotonic()
    async with calling(cluster) as caller, AsyncExitStack() as stack:
        people: list[Person] = []
        for _ in range(sessions):
            session = await caller.session()
            screens = await stack.enter_async_context(watching(caller, session, FOLLOWERS, rng))
            figures.screens += screens
            people.append(Person(caller, screens[0], random.Random(rng.random())))  # noqa: S311
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(person.work()) for person in people]
            figures.breaches += await _kill(caller, rng, kills, names)
            for person in people:
                person.is_leaving = True
            await asyncio.wait(work, timeout=QUIET)
            figures.breaches += [
                f"{person.name} still waits for {person.waits_for}" for person in people if person.waits_for
            ]
            for task in work:
                task.cancel()
        await _all_heard(cluster, figures.screens)
    _look(cluster, people, figures)
    figures.seconds = time.monotonic() - began
    return figures


async def _kill(caller: Caller, rng: random.Random, kills: int, names: Sequence[str]) -> list[str]:
    """Kill at random; gives what had ended before it was killed."""
    ended: list[str] = []
    programs = caller.cluster.programs
    async with asyncio.TaskGroup() as group:
        for _ in range(kills):
            await caller.someone()
            await asyncio.sleep(rng.uniform(0.05, 1.5))  # chance itself: nothing is waited for
            name = rng.choice([name for name in names if name in programs])
            if (code := programs[name].running.poll()) is not None:
                ended.append(f"{name} had ended by itself with {code}")
            caller.cluster.kill(name)
            group.create_task(caller.start(name))
    return ended


async def _all_heard(cluster: Cluster, screens: Sequence[Screen]) -> None:
    """Wait until every follower is where its log is; who does not get there is found out later."""
    for screen in screens:
        last = await asyncio.to_thread(records.last_seq, cluster.database, screen.session)
        with suppress(TimeoutError):
            await screen.reaches(lambda screen=screen, last=last: screen.cursor >= last, PATIENCE)


def _look(cluster: Cluster, people: Sequence[Person], figures: Figures) -> None:
    for person in people:
        session = person.screen.session
        followers = [screen for screen in figures.screens if screen.session == session]
        log = records.log(cluster.database, session)
        figures.logs.append(log)
        figures.breaches += breaches(cluster, session, followers)
        ended = [record.turn_id for record in log if record.type == "TurnFinished"]
        figures.breaches += [
            f"{turn_id} was accepted and lost" for turn_id in person.turns if turn_id not in ended
        ]
        figures.breaches += [
            f"{turn_id} was never asked for" for turn_id in ended if turn_id not in person.turns
        ]
    begun = Counter((effect.kind, effect.name) for effect in cluster.effects.all())
    figures.repeated = sum(times > 1 for (kind, _), times in begun.items() if kind in {"START", "MODEL"})
