"""A person who works with a session: asks, answers, stops, and asks again whatever happens to the server."""

import asyncio
import random
from dataclasses import dataclass, field
from itertools import count

from tests.durable.callers import Caller
from tests.durable.screens import Screen

TOOLS = ("effect_once", "effect_once", "effect_idempotent", "effect_pure", "effect_asked")
MOST_WAITING = 3
CLOSED = 409
"""The turn was stopped before the answer came."""
_numbers = count()


@dataclass
class Person:
    """One person at one session, led by chance."""

    caller: Caller
    screen: Screen
    rng: random.Random
    name: str = field(default_factory=lambda: f"person{next(_numbers)}")
    turns: list[str] = field(default_factory=list)
    """The turns they asked for."""
    is_leaving: bool = False
    """Whether they ask for nothing new."""

    @property
    def waits_for(self) -> list[str]:
        """Turns whose end they have not seen."""
        ended = {record.turn_id for record in self.screen.records if record.type == "TurnFinished"}
        return [turn_id for turn_id in self.turns if turn_id not in ended]

    async def work(self) -> None:
        """Work until they shall leave, and then until everything has ended."""
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(self._answer())
            while not self.is_leaving:
                await self._ask()
                most = self.rng.randrange(MOST_WAITING)
                await self.screen.reaches(lambda most=most: len(self.waits_for) <= most)
            await self.screen.reaches(lambda: not self.waits_for)
            answering.cancel()

    async def _ask(self) -> None:
        name = f"{self.name}-{len(self.turns)}"
        steps = [self._step(f"{name}-{number}") for number in range(self.rng.randrange(3))]
        turn_id = await self.caller.prompt(self.screen.session, {"name": name, "steps": steps}, self.rng)
        self.turns.append(turn_id)
        if self.rng.random() < 0.1:
            await asyncio.sleep(self.rng.uniform(0, 0.5))
            await self.caller.interrupt(self.screen.session, self.rng)

    def _step(self, name: str) -> dict[str, object]:
        calls = [
            [self.rng.choice(TOOLS), {"name": f"{name}-{number}", "seconds": self.rng.uniform(0.0, 0.5)}]
            for number in range(self.rng.choice((1, 1, 1, 2, 3)))
        ]
        return {"say": self.rng.randrange(1, 25), "rate": self.rng.uniform(30, 200), "calls": calls}

    async def _answer(self) -> None:
        """Answer whatever is asked, now and then with a no."""
        seen = 0
        while True:
            question = await self.screen.until(
                lambda it, seen=seen: it.seq > seen and it.type == "ApprovalRequested", patience=None
            )
            seen = question.seq
            answer = self.rng.choice(("allow_once", "allow_once", "allow_once", "reject_once"))
            command = {"type": "Answer", "approval_id": question.body["approval_id"], "answer": answer}
            taken = await self.caller.ask(self.screen.session, command, self.rng)
            assert taken.is_success or taken.status_code == CLOSED, taken.text
