"""A small world around one turn: a model that plays a script, tools that are counted, a person who acts.

No engine is here: `Memory` stands in its place, and the program dies where `Fate` says.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import ClassVar, cast
from unittest.mock import patch

from pydantic import JsonValue

from agent import providers
from agent.config import Settings
from agent.core.commands import Command, Prompt
from agent.core.errors import ProviderError
from agent.core.events import Delta, Event, StepFinished
from agent.core.identity import Session, User
from agent.core.messages import Message, Part, Text, ToolCall
from agent.core.policy import Mode
from agent.core.provider import AuthType, Credential, ModelEntry, Provider, Request
from agent.sessions import log, rows
from agent.sessions.accepting import accept
from agent.sessions.stream.bus import bus
from agent.sessions.stream.following import Following
from agent.sessions.turns import moves
from agent.sessions.turns.engine import Ended, Run
from agent.sessions.turns.live import LiveSession
from agent.sessions.turns.turn import Turn
from agent.store.columns import new_id
from agent.tooling.declaration import Tool, tool
from agent.tooling.registry import registry

LIVE = import_module("agent.sessions.turns.live")
MODEL = "script:play"

Act = StepFinished | ProviderError
Person = Callable[[Event], Sequence[Command]]


class Killed(BaseException):
    """The program is gone, between two words."""


class Mismatch(Exception):
    """The steps done before were others."""


class Fate:
    """Counts the moments of a life, and ends it at one of them."""

    def __init__(self, end: int | str | None = None) -> None:
        self.end = end
        """The moment's number, or its name."""
        self.passed = 0
        self.is_over = False

    def moment(self, name: str) -> None:
        """Something has just been done; what runs beside dies too."""
        self.passed += 1
        self.is_over = self.is_over or self.end in {self.passed, name}
        if self.is_over:
            raise Killed


class Memory:
    """An engine's memory of one execution; it outlives the program."""

    def __init__(self, steps: Sequence[tuple[str, JsonValue]] = ()) -> None:
        self.steps: list[tuple[str, JsonValue] | None] = list(steps)

    @property
    def names(self) -> list[str]:
        return [step[0] for step in self.steps if step]


class Remembering:
    """The recorder of one life."""

    def __init__(self, memory: Memory, fate: Fate) -> None:
        self.fate = fate
        self._steps = memory.steps
        self._next = 0

    @property
    def has_all(self) -> bool:
        """Whether every step that was done before was asked for again."""
        return self._next >= len(self._steps)

    async def step(self, name: str, work: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        place = self._next
        self._next += 1
        if known := self._known(place):
            if known[0] != name:
                raise Mismatch(f"{known[0]} was recorded when {name} was expected")
            return known[1]
        gave = json.loads(json.dumps(await work()))
        self.fate.moment(f"{name} done")
        self._record(place, name, gave)
        self.fate.moment(f"{name} recorded")
        return gave

    async def patched(self, name: str) -> bool:
        place, mark = self._next, f"patch-{name}"
        known = self._known(place)
        if known and known[0] != mark:
            return False
        self._next += 1
        self._record(place, mark, None)
        return True

    def _known(self, place: int) -> tuple[str, JsonValue] | None:
        return self._steps[place] if place < len(self._steps) else None

    def _record(self, place: int, name: str, gave: JsonValue) -> None:
        self._steps.extend([None] * (place + 1 - len(self._steps)))
        self._steps[place] = (name, gave)


class MortalTurn(Turn):
    """A turn that can die right after each event it has stored."""

    def _tell(self, stored: moves.Stored) -> None:
        super()._tell(stored)
        fate = cast("Remembering", self._recorder).fate
        for _, event in stored:
            fate.moment(event.type)


@dataclass(frozen=True)
class Script:
    """What happens in a turn."""

    acts: tuple[Act, ...]
    """What the model does, step by step."""
    person: Person = lambda _event: ()
    """What the person does when something has happened, once."""
    mode: Mode = "ask"
    deputy: str = ""
    """The model that answers, when the session's own is out of order."""


@dataclass
class World(Provider):
    """One session with one turn, and everything around it."""

    user: User
    session: Session
    script: Script
    run: Run
    fate: Fate = field(default_factory=Fate)
    ran: Counter[str] = field(default_factory=Counter[str])
    """How often each tool was begun."""
    requests: list[tuple[Message, ...]] = field(default_factory=list)
    """What the model was sent."""
    begun: list[Run] = field(default_factory=list)
    """What the person's words made due."""
    turn: type[Turn] = MortalTurn
    recorder: "Remembering | None" = None
    """The one of the last life."""

    async def live(
        self, memory: Memory, end: int | str | None = None, run: Run | None = None
    ) -> Ended | None:
        """One life of the program, which ends at a moment; None when it ended before the turn did."""
        self.fate = Fate(end)
        live = LiveSession(self.session.id)
        self.recorder = Remembering(memory, self.fate)
        with patch.object(LIVE, "Turn", self.turn):
            try:
                ended, _ = await live.work(run or self.run, self.recorder, "")
            except Killed:
                return None
            return ended

    async def events(self) -> list[Event]:
        return [event for _, event in await log.read(self.session.id)]

    async def say(self, command: Command) -> None:
        accepted = await accept(self.session.id, command, self.user.name)
        if accepted.stored:
            bus.publish(self.session.id, *accepted.stored)
        if accepted.begun:
            self.begun.append(accepted.begun)

    async def attend(self) -> None:
        """Be the person."""
        async with Following(self.session.id, 0, live=False) as following:
            async for seq, event in following:
                if seq:
                    for command in self.script.person(cast("Event", event)):
                        await self.say(command)

    # What a provider has.

    NAME = name = "script"
    SETTING = ""
    KNOWN = ()
    ALIASES: ClassVar[dict[str, str]] = {}

    def credential(self, _settings: Settings) -> Credential:
        return Credential(auth_type="none", project=self.session.id)

    def auth_types(self, _settings: Settings) -> tuple[AuthType, ...]:
        return ()

    def base_url(self, _settings: Settings) -> str:
        return ""

    def connect(self, _credential: Credential) -> "World":
        return self

    def describe(self, name: str) -> ModelEntry:
        return ModelEntry(id=f"{self.NAME}:{name}", name=name)

    async def stream_completion(self, request: Request) -> AsyncGenerator[Delta | StepFinished, None]:
        if self.script.deputy and request.model != self.script.deputy:
            raise ProviderError("quota", "Used up.")
        self.requests.append(request.messages)
        number = sum(message.role == "assistant" for message in request.messages)
        act = self.script.acts[number]
        yield Delta(kind="text", text=f"Step {number}")
        self.fate.moment("spoken")
        if isinstance(act, ProviderError):
            raise act
        yield act

    def tools(self) -> dict[str, Tool]:
        """Tools of each effect: `write` is asked about, the others are not."""
        world = self

        async def done(what: str) -> str:
            world.ran[what] += 1
            world.fate.moment(what)
            if what.startswith("forever"):
                await asyncio.Event().wait()
            return f"{what} is done"

        @tool("read", effect="pure")
        async def look(what: str) -> str:
            """Look.

            Args:
                what: At what.
            """
            return await done(what)

        @tool("read", effect="idempotent")
        async def turn_on(what: str) -> str:
            """Turn on.

            Args:
                what: What.
            """
            return await done(what)

        @tool("read", effect="once")
        async def send(what: str) -> str:
            """Send.

            Args:
                what: What.
            """
            return await done(what)

        @tool("edit", effect="once")
        async def write(what: str) -> str:
            """Write.

            Args:
                what: What.
            """
            return await done(what)

        return {found.definition.name: found for found in (look, turn_on, send, write)}


@asynccontextmanager
async def world(
    user: User, folder: Path, script: Script, before: Sequence[Event] = ()
) -> AsyncIterator[World]:
    """A world in which a prompt has just been accepted, or in which a turn has come so far."""
    session_id = new_id()
    session = await rows.create(user, "", MODEL, script.mode, folder, session_id)
    if script.deputy:
        session = await rows.change(user, session_id, fallbacks=[f"{World.NAME}:{script.deputy}"])
    if before:
        begun = Run(session_id, before[0].turn_id)
        for event in before:
            await log.append(session_id, event)
    else:
        begun = (await accept(session_id, Prompt(parts=(Text(text="Go"),)), user.name)).begun
    assert begun
    made = World(user, session, script, begun)
    plug_ins = cast("dict[str, object]", providers.plug_ins())
    with patch.dict(plug_ins, {World.NAME: made}), patch.dict(registry(), made.tools()):
        person = asyncio.create_task(made.attend())
        try:
            yield made
        finally:
            person.cancel()
            await asyncio.wait({person})
            await providers.close()
    if not person.cancelled() and (failed := person.exception()):
        raise failed


def says(*parts: Part | str) -> StepFinished:
    """A step of the model: words and calls."""
    made = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
    stop = "tool_use" if any(isinstance(part, ToolCall) for part in made) else "end_turn"
    return StepFinished(message=Message(role="assistant", parts=made), stop=stop)


def call(name: str, what: str) -> ToolCall:
    return ToolCall(id=f"call-{what}", name=name, arguments={"what": what})
