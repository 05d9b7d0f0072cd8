"""The live session: owns one session's turns, dies alone, and comes back with its history."""

import asyncio
from collections import deque
from collections.abc import Sequence
from uuid import uuid4

import stamina
import structlog
from pydantic import JsonValue

from agent import tooling
from agent.core.commands import Answer, Prompt
from agent.core.errors import Conflict, MaestroError, ProviderError, Unavailable
from agent.core.events import (
    ApprovalGiven,
    Event,
    Noticed,
    PromptDropped,
    PromptQueued,
    Snapshot,
    StepFinished,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages
from agent.core.identity import Session, User
from agent.core.mending import mend
from agent.core.messages import Message, PromptPart, ToolCall, ToolResult
from agent.core.policy import Judgement
from agent.loop import Ports, run_turn
from agent.sessions import log, rows, steps
from agent.sessions.approvals import Approvals
from agent.sessions.bus import bus
from agent.sessions.racing import unless
from agent.sessions.speech import Speech
from agent.store.columns import new_id

STORE_PATIENCE = 30.0
"""Seconds an event waits for a database that does not answer before the turn is given up."""

logger = structlog.get_logger()


class LiveSession:
    """One session at work: one turn at a time, further prompts waiting in order."""

    def __init__(self, user: User, session: Session) -> None:
        self.user = user
        self.session = session
        self.events: list[Event] = []
        self._speech: Speech | None = None
        self._queue: deque[PromptQueued] = deque()
        self._interrupted = asyncio.Event()
        self._approvals = Approvals(self.record, self._interrupted)
        self._work: asyncio.Task[None] | None = None
        self._accepting = asyncio.Lock()
        """Held while a prompt is accepted or dropped: two at once may not both find the session idle."""
        self._reference = ""
        """Where our log tells of the last failure."""

    @property
    def is_working(self) -> bool:
        """Whether a turn runs."""
        return self._work is not None and not self._work.done()

    @property
    def is_busy(self) -> bool:
        """Whether a turn runs or is about to; such a session may not be forgotten."""
        return self.is_working or self._accepting.locked()

    async def load(self) -> None:
        """Read the log; a turn that was cut off is closed, prompts that waited are taken up."""
        self.events = [event for _, event in await log.read(self.session.id)]
        await self._settle("restart")
        settled = {event.turn_id for event in self.events if isinstance(event, TurnStarted | PromptDropped)}
        waiting = (event for event in self.events if isinstance(event, PromptQueued))
        self._queue.extend(event for event in waiting if event.turn_id not in settled)
        if self._queue:
            self._go_on(None)

    def snapshot(self) -> Snapshot | None:
        """What the model has said so far of the step that runs."""
        return self._speech.snapshot() if self._speech else None

    async def prompt(self, prompt: Prompt, session: Session, key: str) -> tuple[str, int]:
        """Accept a prompt: its turn starts now, or when those before it are done.

        Args:
            prompt: what the person says.
            session: the session as it is stored now, with its present model and mode.
            key: a prompt with the same key is accepted once.

        Returns:
            The turn's id and the number of the event that accepted it.
        """
        async with self._accepting:
            turn_id = new_id()
            if self.is_working or self._queue:
                event = PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=prompt.parts)
            else:
                await self._settle("internal", reference=self._reference)
                self.session = session
                event = self._started(turn_id, prompt.parts)
            seq, kept, is_new = await self.append(event, key)
            if is_new:
                if isinstance(kept, PromptQueued):
                    self._queue.append(kept)
                self._go_on(kept if isinstance(kept, TurnStarted) else None)
        return kept.turn_id, seq

    async def answer(self, answer: Answer, by: str, key: str) -> tuple[str, int]:
        """Answer an open approval.

        Raises:
            Conflict: it is not open (any more).
        """

        async def store(given: Event) -> int:
            return (await self.append(given, key))[0]

        return await self._approvals.answer(answer, by, store)

    async def drop(self, prompt_id: str, key: str) -> tuple[str, int]:
        """Take a waiting prompt back.

        Raises:
            Conflict: it does not wait (any more).
        """
        async with self._accepting:
            waiting = next((event for event in self._queue if event.prompt_id == prompt_id), None)
            if waiting is None:
                raise Conflict("prompt_started")
            place = self._queue.index(waiting)
            self._queue.remove(waiting)
            dropped = PromptDropped(turn_id=waiting.turn_id, prompt_id=prompt_id)
            try:
                return dropped.turn_id, (await self.append(dropped, key))[0]
            except Unavailable:
                self._queue.insert(place, waiting)
                self._go_on(None)
                raise

    def interrupt(self) -> None:
        """Stop the running turn; it ends as soon as its work has really stopped."""
        if self.is_working:
            self._interrupted.set()

    async def close(self) -> None:
        """End without a word, as a crash would: the next start closes the turn and goes on."""
        if self._work:
            self._work.cancel()
            await asyncio.wait({self._work})

    async def append(self, event: Event, key: str = "") -> tuple[int, Event, bool]:
        """Store an event and let the followers hear it; see `log.append`."""
        if isinstance(event, StepFinished | TurnFinished):
            # Before it is stored: who reads it from the log must not hear its words once more.
            self._speech = None
        seq, kept, is_new = await log.append(self.session.id, event, key)
        # What an attempt stored whose answer was lost is not new, and still unheard.
        if is_new or kept not in self.events:
            self.events.append(kept)
            bus.publish(self.session.id, seq, kept)
        return seq, kept, is_new

    async def record(self, event: Event) -> None:
        """Append an event, waiting for a database that is locked, full or gone to come back."""
        if isinstance(event, TurnStarted) and event in self.events:
            return  # stored when its prompt was accepted
        key = new_id()
        async for attempt in stamina.retry_context(Unavailable, attempts=None, timeout=STORE_PATIENCE):
            with attempt:
                if attempt.num > 1:
                    bus.publish(self.session.id, None, Noticed(code="storage_waiting"))
                await self.append(event, key)

    async def _settle(self, error: str, **values: JsonValue) -> None:
        """Close a turn that has no end."""
        for event in mend(self.events, error):
            told = {"values": values} if isinstance(event, TurnFinished) else {}
            await self.append(event.model_copy(update=told))

    def _started(self, turn_id: str, prompt: tuple[PromptPart, ...]) -> TurnStarted:
        return TurnStarted(turn_id=turn_id, prompt=prompt, model=self.session.model, mode=self.session.mode)

    def _go_on(self, started: TurnStarted | None) -> None:
        if not self.is_working:
            self._work = asyncio.create_task(self._run(started))

    async def _run(self, started: TurnStarted | None) -> None:
        """Run turns until none waits, the first of them perhaps stored already; their supervisor."""
        while started or self._queue:
            try:
                await self._turn(started or await self._next())
            except Exception as error:  # noqa: BLE001  whatever it is, it ends this turn and nothing else
                await self._give_up(error)
            # Not when a turn begins: it may have been stopped before its first moment.
            self._interrupted.clear()
            self._speech = None
            started = None

    async def _next(self) -> TurnStarted:
        """Begin the turn of the prompt that waits longest; it waits on when that cannot be stored."""
        waiting = self._queue.popleft()
        try:
            async for attempt in stamina.retry_context(Unavailable, attempts=None, timeout=STORE_PATIENCE):
                with attempt:
                    await self._settle("internal", reference=self._reference)
                    self.session = await rows.session(self.user, self.session.id)
            started = self._started(waiting.turn_id, waiting.prompt)
            await self.record(started)
        except Unavailable:
            self._queue.appendleft(waiting)
            raise
        return started

    async def _turn(self, started: TurnStarted) -> None:
        """Run one turn, through the loop."""
        turn_id = started.turn_id

        async def model_step(number: int, history: Sequence[Message]) -> StepFinished:
            speech = self._speech = Speech(self.session.id, turn_id, number)
            asked = steps.ask_model(self.user, self.session, history, speech)
            try:
                return await unless(self._interrupted, asked) or speech.broken_off("cancelled")
            except ProviderError:
                if (said := speech.broken_off("error")).message.parts:
                    await self.record(said.model_copy(update={"turn_id": turn_id}))
                raise

        async def tool_step(call: ToolCall) -> ToolResult:
            result = await unless(self._interrupted, steps.run_tool(self.user, self.session, call))
            return result or ToolResult(call_id=call.id, outcome="cancelled", text="Stopped by the person.")

        async def question(call: ToolCall, reason: str) -> ApprovalGiven | None:
            return await self._approvals.ask(turn_id, call, reason)

        ports = Ports(model_step, tool_step, question, self._judge, tooling.effect, self.record)
        history = messages(event for event in self.events if event.turn_id != turn_id)
        await run_turn(started, history, ports)

    def _judge(self, call: ToolCall) -> Judgement:
        rules = [event.rule for event in self.events if isinstance(event, ApprovalGiven) and event.rule]
        return tooling.judge(self.user, self.session, call, rules)

    async def _give_up(self, error: Exception) -> None:
        """Close a turn that failed in a way nobody foresaw; its reference finds the fault in our log."""
        self._reference = uuid4().hex[:8]
        logger.error("turn failed", session_id=self.session.id, reference=self._reference, exc_info=error)
        try:
            await self._settle("internal", reference=self._reference)
        except MaestroError:
            bus.publish(self.session.id, None, Noticed(code="storage_failed"))
