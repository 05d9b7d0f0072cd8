"""A provider that plays what a test writes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import ClassVar

from agent.config import Settings
from agent.core.events import Delta, StepFinished, StepStop
from agent.core.messages import Message, Part, Text
from agent.core.provider import AuthType, Credential, ModelEntry, Provider, Request

Said = AsyncGenerator[Delta | StepFinished, None]
Play = Callable[[Request], Said]


class Puppet(Provider):
    """A whole provider: plug-in, connection and stream."""

    NAME = "puppet"
    SETTING = ""
    KNOWN = ()
    ALIASES: ClassVar[dict[str, str]] = {}
    name = NAME

    def __init__(self) -> None:
        self.plays: dict[str, Play] = {}
        """By the model's name."""
        self.requests: list[Request] = []

    def credential(self, settings: Settings) -> Credential | None:
        return Credential(auth_type="none", project=str(settings.data_dir))

    def auth_types(self, _settings: Settings) -> tuple[AuthType, ...]:
        return ()

    def base_url(self, _settings: Settings) -> str:
        return ""

    def connect(self, credential: Credential) -> "Puppet":
        assert credential.auth_type == "none"
        return self

    async def close(self) -> None:
        self.plays.clear()

    def describe(self, name: str) -> ModelEntry:
        return ModelEntry(id=f"{self.NAME}:{name}", name=name)

    async def stream_completion(self, request: Request) -> Said:
        self.requests.append(request)
        async with aclosing(self.plays[request.model](request)) as said:
            async for one in said:
                yield one


def step(*parts: Part, stop: StepStop = "end_turn") -> StepFinished:
    return StepFinished(message=Message(role="assistant", parts=parts), stop=stop)


async def says_done(_request: Request) -> Said:
    yield Delta(kind="text", text="Done")
    yield step(Text(text="Done"))


class Gate:
    """A play that speaks when it is let: a test knows that a step runs, and says when it ends."""

    def __init__(self, *steps: StepFinished) -> None:
        self.steps = steps or (step(Text(text="Done")),)
        """What it says, one after the other; then it is done at once."""
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self._said = 0

    async def play(self, _request: Request) -> Said:
        self.reached.set()
        await self.opened.wait()
        number, self._said = self._said, self._said + 1
        yield self.steps[number] if number < len(self.steps) else step(Text(text="Done"))
