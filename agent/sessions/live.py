"""The live session: owns one session's turns, dies alone, and comes back with its history."""

import asyncio
from collections import deque
from collections.abc import Sequence
from uuid import uuid4

import stamina
import structlog

from agent import tooling
from agent.core.commands import Answer, Prompt
from agent.core.errors import Conflict, MaestroError, Unavailable
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
        """Held while a prompt is accepted: two at once may not both find the session idle."""

    @property
    def is_working(self) -> bool:
        """Whether a turn runs."""
        return self._work is not None and not self._work.done()

    async def load(self) -> None:
        """Read the log; a turn that was cut off is closed, prompts that waited are taken up."""
        self.events = [event for _, event in await log.read(self.session.id)]
        for event in mend(self.events, "restart"):
            await self.append(event)
        settled = {event.turn_id for event in self.events if isinstance(event, TurnStarted | PromptDropped)}
        waiting = (event for event in self.events if isinstance(event, PromptQueued))
        self._queue.extend(event for event in waiting if event.turn_id not in settled)
        if self._queue:
            self._work = asyncio.create_task(self._run(None))

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
            started: TurnStarted | None = None
            if self.is_working:
                event = PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=prompt.parts)
            else:
                self.session = session
                event = started = self._started(turn_id, prompt.parts)
            seq, kept, is_new = await self.append(event, key)
            if not is_new:
                return kept.turn_id, seq
            if isinstance(event, PromptQueued):
                self._queue.append(event)
            if not self.is_working:
                self._work = asyncio.create_task(self._run(started))
        return turn_id, seq

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
        waiting = next((event for event in self._queue if event.prompt_id == prompt_id), None)
        if waiting is None:
            raise Conflict("prompt_started")
        self._queue.remove(waiting)
        dropped = PromptDropped(turn_id=waiting.turn_id, prompt_id=prompt_id)
        return dropped.turn_id, (await self.append(dropped, key))[0]

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
        seq, kept, is_new = await log.append(self.session.id, event, key)
        if is_new:
            self.events.append(event)
            if isinstance(event, StepFinished | TurnFinished):
                self._speech = None
            bus.publish(self.session.id, seq, event)
        return seq, kept, is_new

    async def record(self, event: Event) -> None:
        """Append an event, waiting for a database that is locked, full or gone to come back."""
        if isinstance(event, TurnStarted) and event in self.events[-1:]:
            return  # stored when its prompt was accepted
        async for attempt in stamina.retry_context(Unavailable, attempts=None, timeout=STORE_PATIENCE):
            with attempt:
                if attempt.num > 1:
                    bus.publish(self.session.id, None, Noticed(code="storage_waiting"))
                await self.append(event)

    def _started(self, turn_id: str, prompt: tuple[PromptPart, ...]) -> TurnStarted:
        return TurnStarted(turn_id=turn_id, prompt=prompt, model=self.session.model, mode=self.session.mode)

    async def _run(self, started: TurnStarted | None) -> None:
        """Run turns until none waits, the first of them perhaps stored already; their supervisor."""
        while started or self._queue:
            self._interrupted.clear()
            try:
                await self._turn(started or await self._next())
            except Exception as error:  # noqa: BLE001  whatever it is, it ends this turn and nothing else
                await self._give_up(error)
            self._speech = None
            started = None

    async def _next(self) -> TurnStarted:
        waiting = self._queue.popleft()
        self.session = await rows.session(self.user, self.session.id)
        return self._started(waiting.turn_id, waiting.prompt)

    async def _turn(self, started: TurnStarted) -> None:
        """Run one turn, through the loop."""
        turn_id = started.turn_id

        async def model_step(number: int, history: Sequence[Message]) -> StepFinished:
            speech = self._speech = Speech(self.session.id, turn_id, number)
            asked = steps.ask_model(self.user, self.session, history, speech)
            return await unless(self._interrupted, asked) or speech.broken_off()

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
        reference = uuid4().hex[:8]
        logger.error("turn failed", session_id=self.session.id, reference=reference, exc_info=error)
        try:
            for event in mend(self.events, "internal"):
                values = {"values": {"reference": reference}} if isinstance(event, TurnFinished) else {}
                await self.append(event.model_copy(update=values))
        except MaestroError:
            bus.publish(self.session.id, None, Noticed(code="storage_failed"))
