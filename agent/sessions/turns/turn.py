"""One execution of a turn: the loop's ports as recorded steps, each looking for its own event first."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import uuid4

import stamina
import structlog
from pydantic import JsonValue

from agent import tooling
from agent.core.errors import Invalid, MaestroError, ProviderError, Unavailable
from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Delta,
    Event,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import with_own_ids
from agent.core.identity import Session, User
from agent.core.mending import CUT_OFF, mend
from agent.core.messages import Message, PromptPart, ToolCall, ToolResult, Usage
from agent.core.modes import mode_after
from agent.core.policy import Judgement, Mode, Replies, Rule
from agent.core.taint import Taint
from agent.loop import Ports, StepFailed, run_turn
from agent.sessions import log, rows
from agent.sessions.stream.bus import bus
from agent.sessions.stream.speech import Speech
from agent.sessions.turns import moves, steps
from agent.sessions.turns.approvals import NOTHING, Shown, asked_about, asked_before, decided_before
from agent.sessions.turns.auditing import call_of, decided
from agent.sessions.turns.context import Context
from agent.sessions.turns.engine import Ended, Recorder, Run
from agent.sessions.turns.failing import Asides, failed, next_model, why
from agent.sessions.turns.open_turns import is_due
from agent.sessions.turns.places import place, places
from agent.sessions.turns.racing import unless
from agent.tooling import Weighed

STORE_PATIENCE = 120.0
"""Seconds an event waits for a database that does not answer before the turn is given up."""
PARK_AFTER = 600.0
"""Seconds a question waits in memory for its answer; then nobody works on the turn until the answer comes."""
MOST_RESTARTS = 20
"""A turn that was cut off so often without coming further is given up: it may be what stops the server."""
PROGRESS = (StepFinished, ToolCallFinished, ApprovalGiven)
STOPPED = "Stopped by the person."

T = TypeVar("T")
logger = structlog.get_logger()


class Parked(Exception):
    """The turn waits for a person, and this execution of it is over."""


class Turn:
    """A turn while it runs in this process."""

    def __init__(self, run: Run, owner: tuple[User, Session], recorder: Recorder, writer: str) -> None:
        self.run_of = run
        self.user, self.session = owner
        self.speech: Speech | None = None
        """What the model says right now."""
        self.next: Run | None = None
        """The turn that began when this one was over."""
        self.taint = Taint(tooling.brings)
        """What the session has taken in."""
        self._context = Context(self.user)
        self._recorder = recorder
        self._writer = writer
        self._kept: dict[str, Event] = {}
        self._events: list[Event] = []
        self._step = 0
        self._restarts = self._in_vain = 0
        """How often it was cut off: in all, and since it last came further."""
        self._is_parked = False
        """Whether this very execution was parked before, and nobody came to write down that it was over."""
        self._stopping = asyncio.Event()
        self._answers: dict[str, ApprovalGiven] = {}
        self._weighed: dict[str, Weighed] = {}
        """The calls as they were judged by this execution, by their ids."""
        self._answered = asyncio.Event()
        self._steers: set[str] = set()
        """The waiting prompts that shall be told to this turn."""

    def know(self, events: Sequence[Event]) -> None:
        """Take up what the log says so far."""
        self._events = list(events)
        own = [event for event in events if event.turn_id == self.run_of.turn_id]
        self._kept = places(own)
        self._restarts = sum(map(_is_restart, own))
        since = max((at for at, event in enumerate(own) if isinstance(event, PROGRESS)), default=0)
        self._in_vain = sum(map(_is_restart, own[since:]))
        self._is_parked = any(
            isinstance(event, Noticed)
            and event.code == "parked"
            and event.values == {"part": self.run_of.part}
            for event in own
        )
        if isinstance(started := self._kept.get("started"), TurnStarted):
            # What was chosen meanwhile holds from the next turn on.
            fallen = [event.after for event in own if isinstance(event, ModelSwitched)]
            mode = mode_after(own, started.mode)
            holds = {"model": fallen[-1] if fallen else started.model, "mode": mode}
            self.session = self.session.model_copy(update=holds)
        for event in events:
            self.hear(event)

    def hear(self, event: Event) -> None:
        """Take note of what happens in the session while this turn runs."""
        match event:
            case Noticed(code="stopping", turn_id=self.run_of.turn_id):
                self._stopping.set()
            case ApprovalGiven():
                self._answers[event.approval_id] = event
                self._answered.set()
            case PromptQueued() if event.steers:
                self._steers.add(event.prompt_id)
            case PromptQueued() | PromptDropped() | PromptSteered():
                self._steers.discard(event.prompt_id)
            case TurnStarted():
                self._steers.discard(event.turn_id)
            case _:
                pass

    async def run(self, history: Sequence[Message]) -> Ended:
        """Run it to its end, or until it is parked; whatever fails ends this turn and nothing else.

        Raises:
            Fenced: another process goes on with it.
        """
        if self._is_parked and not await is_due(self.run_of):
            return "parked"
        try:
            started = self._found("started", TurnStarted)
            if started.call is not None:
                self._step = -1  # what it writes comes before any step
            if self._in_vain > MOST_RESTARTS:
                await self._close("restart")
            else:
                await run_turn(started, history, self._ports())
        except Parked:
            return "parked"
        except Exception as error:  # noqa: BLE001  whatever it is, it ends this turn and nothing else
            await self._give_up(error)
        return "finished"

    def _ports(self) -> Ports:
        return Ports(
            model_step=self._model_step,
            tool_step=self._tool_step,
            question=self._question,
            steering=self._steering,
            judge=self._judge,
            effect=tooling.effect,
            record=self._keep,
        )

    async def _model_step(self, number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        self._step = number
        failed = await self._recorded("model_step", f"step/{number}", lambda: self._ask_model(history))
        if failed is not None:
            return StepFailed.model_validate(failed)
        return self._found(f"step/{number}", StepFinished)

    async def _recorded(self, name: str, where: str, work: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """Do a step; once more when the engine remembers it and a failing disk has lost its event."""
        gave = await self._recorder.step(name, work)
        return gave if gave is not None or where in self._kept else await work()

    async def _ask_model(self, history: Sequence[Message]) -> JsonValue:
        if f"step/{self._step}" in self._kept:
            return None
        turn_id = self.run_of.turn_id
        speech = self.speech = Speech(self.run_of.session_id, turn_id, self._step, 2 * self._attempt + 1)
        try:
            said = await self._heard(history, speech)
        except (ProviderError, Invalid) as error:
            return failed(speech, error, self.session.model).model_dump(mode="json")
        finally:
            self.speech = None
        if said.stop == "error":
            broken = ProviderError("cut", "The provider says that its answer failed.")
            return failed(speech, broken, self.session.model).model_dump(mode="json")
        own = said.model_copy(update={"turn_id": turn_id, "thought_for": speech.thought_for})
        await self._record(with_own_ids(own, history))
        return None

    @property
    def _attempt(self) -> int:
        """How often this turn was begun before."""
        return self._restarts + self.run_of.part - 1

    def _told_by(self, call: ToolCall) -> Callable[[str], None]:
        """What lets the followers hear the output of a call: they hear it until the next step speaks."""

        def say(text: str) -> None:
            if self.speech is None:
                session_id, turn_id = self.run_of.session_id, self.run_of.turn_id
                self.speech = Speech(session_id, turn_id, self._step + 1, 2 * self._attempt)
            self.speech.say(Delta(kind="output", text=text, call_id=call.id))

        return say

    async def _heard(self, history: Sequence[Message], speech: Speech) -> StepFinished:
        """Hear the model of the session out; where it does not even begin, the next of the chain.

        Raises:
            ProviderError, Invalid: nobody came to an end.
        """
        while True:
            asides = Asides(self.run_of.turn_id, self._record)
            asked = steps.ask_model(self.user, self.session, history, speech, asides.add, self._context)
            try:
                return await unless(self._stopping, asked) or speech.broken_off("cancelled")
            except (ProviderError, Invalid) as error:
                failure = error
            finally:
                await asides.end()
            after = next_model(self.session, failure)
            if not after or speech.has_begun:
                raise failure
            await self._record(
                ModelSwitched(
                    turn_id=self.run_of.turn_id, before=self.session.model, after=after, why=why(failure)
                )
            )
            self.session = self.session.model_copy(update={"model": after})

    async def _tool_step(self, call: ToolCall) -> ToolResult:
        where = f"call/{call.id}/finished"
        await self._recorded("tool_step", where, lambda: self._run_tool(call))
        return self._found(where, ToolCallFinished).result

    async def _run_tool(self, call: ToolCall) -> JsonValue:
        if f"call/{call.id}/finished" not in self._kept:
            spent: list[Usage] = []
            result = await self._outcome(call, spent.append)
            usage = sum(spent, Usage(cost=0.0)) if spent else None
            finished = ToolCallFinished(turn_id=self.run_of.turn_id, result=result, usage=usage)
            await self._take_up_mode(finished)
            await self._record(finished)
        return None

    async def _take_up_mode(self, finished: ToolCallFinished) -> None:
        """Go on in another mode, when the model entered or left plan mode; the session does so first.

        Who hears that the call is finished then finds the session in its new mode.
        """
        happened = [*self._kept.values(), *self._answers.values(), finished]
        mode = mode_after(happened, self._found("started", TurnStarted).mode)
        if mode != self.session.mode:
            self.session = self.session.model_copy(update={"mode": mode})
            await self._patiently(lambda: self._change_mode(mode))

    async def _change_mode(self, mode: Mode) -> None:
        """Let a mode hold in the session, whosever it is by now: a guest may have signed in meanwhile."""
        owner, _ = await rows.owner(self.session.id)
        await rows.change(owner, self.session.id, mode=mode)

    async def _outcome(self, call: ToolCall, spend: Callable[[Usage], None]) -> ToolResult:
        """Run a call, unless it has run before and may have taken effect."""
        effect = tooling.effect(call.name)
        began = ToolCallStarted(
            turn_id=self.run_of.turn_id, call=call, effect=effect, rule=self._passed_by(call)
        )
        asked = asked_before(self._kept, call)
        if asked and place(began) not in self._kept:
            # Who allowed it may have taken days, and in another process.
            judgement = Judgement(decision="ask", reason=asked.reason)
            weighed = await self._weighed_now(call)
            self._weighed[call.id] = weighed.model_copy(update={"judgement": judgement})
        has_begun = place(began) in self._kept or not (self._stopping.is_set() or await self._record(began))
        if has_begun:
            await tooling.stop_leftovers(self.user, self.session)
            if effect == "once":
                return ToolResult(call_id=call.id, outcome="unknown", text=CUT_OFF)
        said = steps.Aside(self._context, self._replies(call), self._told_by(call), spend)
        result = await unless(self._stopping, steps.run_tool(self.user, self.session, call, said))
        if self.speech:
            self.speech.forget(call.id)
        return result or ToolResult(call_id=call.id, outcome="cancelled", text=STOPPED)

    async def _weighed_now(self, call: ToolCall) -> Weighed:
        return await self._patiently(
            lambda: tooling.judge(self.user, self.session, call, is_tainted=self.taint.is_risky)
        )

    def _passed_by(self, call: ToolCall) -> Rule | None:
        """The rule that let a call pass unasked, as far as this execution judged it."""
        weighed = self._weighed.get(call.id)
        return weighed.judgement.rule if weighed and weighed.judgement.decision == "allow" else None

    def _replies(self, call: ToolCall) -> Replies:
        """What the person replied to the questions of a call."""
        asked = asked_before(self._kept, call)
        given = self._answers.get(asked.approval_id) if asked else None
        return given.replies if given else ()

    async def _question(self, call: ToolCall, reason: str) -> ApprovalGiven | None:
        while True:
            answered = await self._recorder.step("question", lambda: self._ask(call, reason))
            if answered and answered != "parked" and answered not in self._answers:
                answered = await self._ask(call, reason)  # its event was lost, as in `_recorded`
            if answered == "parked":
                raise Parked
            if not answered:
                return None
            is_done = not {f"call/{call.id}/started", f"call/{call.id}/finished"}.isdisjoint(self._kept)
            if is_done or answered == self._asked_about(call, reason).approval_id:
                return self._answers[str(answered)]
            # The answer was about the tool as it was then: it is asked about as it is now.

    def _asked_about(self, call: ToolCall, reason: str) -> ApprovalRequested:
        weighed = self._weighed.get(call.id)
        shown = Shown(weighed.steps, weighed.offers) if weighed else NOTHING
        return asked_about(self.run_of.turn_id, call, reason, tooling.definition_hash(call.name), shown)

    async def _ask(self, call: ToolCall, reason: str) -> JsonValue:
        """Ask about a call and wait; gives the approval's id when it is answered, `parked`, or nothing."""
        asked = self._asked_about(call, reason)
        await self._record(asked)
        try:
            async with asyncio.timeout(PARK_AFTER):
                is_answered = await unless(self._stopping, self._answer(asked))
        except TimeoutError:
            parked = await self._patiently(lambda: moves.park(self.run_of, asked.approval_id, self._writer))
            if parked is not None:
                self._tell(parked)
                return "parked"
            is_answered = await unless(self._stopping, self._answer(asked))
        return asked.approval_id if is_answered else None

    async def _answer(self, asked: ApprovalRequested) -> bool:
        while asked.approval_id not in self._answers:
            self._answered.clear()
            await self._answered.wait()
        return True

    async def _steering(self, number: int) -> Sequence[PromptPart]:
        self._step = number
        before = [event for key, event in self._kept.items() if key.startswith(f"steer/{number}/")]
        if not before and self._steers and f"step/{number}" not in self._kept:
            stored = await self._patiently(lambda: moves.steer(self.run_of, self._writer, self._key))
            self._steers.clear()
            self._tell(stored)
            before = [event for _, event in stored]
        return [part for event in before if isinstance(event, PromptSteered) for part in event.prompt]

    async def _judge(self, call: ToolCall) -> Judgement:
        """Decide about a call; what was decided before holds, whatever the rules have become since."""
        if before := decided_before(self._kept, call):
            return before
        if self._context.has_instructions:
            self.taint.take(frozenset({"private"}))
        weighed = self._weighed[call.id] = await self._weighed_now(call)
        return weighed.judgement

    async def _keep(self, event: Event) -> Event:
        await self._record(event)
        return self._kept.get(place(event, self._step), event)

    async def _record(self, event: Event) -> bool:
        """Store an event of this turn in its place; False when there is one already, which then counts."""
        if place(event, self._step) in self._kept:
            return False
        if isinstance(event, TurnFinished):
            key = self._key(event)
            stored, self.next = await self._patiently(
                lambda: moves.finish(self.run_of, event, key, self._writer)
            )
            self._tell(stored)
            return True
        call_id = call_of(event)
        also = decided(self.session, event, self._weighed.get(call_id)) if call_id else None
        seq, kept, is_new = await self._patiently(
            lambda: log.append(self.run_of.session_id, event, self._key(event), self._writer, also)
        )
        self._tell([(seq, kept)])
        return is_new

    def _key(self, event: Event) -> str:
        return f"{self.run_of.session_id}/{self.run_of.turn_id}/{place(event, self._step)}"

    def _tell(self, stored: moves.Stored) -> None:
        for seq, event in stored:
            self.taint.hear(event)
            if event.turn_id == self.run_of.turn_id:
                self._kept[place(event, self._step)] = event
            bus.publish(self.run_of.session_id, seq, event)

    async def _patiently(self, store: Callable[[], Awaitable[T]]) -> T:
        """Store something, waiting for a database that is locked, full or gone to come back."""
        async for attempt in stamina.retry_context(Unavailable, attempts=None, timeout=STORE_PATIENCE):
            with attempt:
                if attempt.num > 1:
                    bus.publish(self.run_of.session_id, None, Noticed(code="storage_waiting"))
                return await store()
        raise AssertionError

    def _found(self, where: str, kind: type[T]) -> T:
        found = self._kept.get(where)
        if not isinstance(found, kind):
            raise Unavailable("event_damaged", session_id=self.run_of.session_id, seq=0)
        return found

    async def _give_up(self, error: Exception) -> None:
        """Close a turn that failed in a way nobody foresaw; its reference finds the fault in our log."""
        reference = uuid4().hex[:8]
        run = self.run_of
        logger.error(
            "turn failed", session_id=run.session_id, turn_id=run.turn_id, reference=reference, exc_info=error
        )
        try:
            await self._close("internal", reference=reference)
        except MaestroError:
            bus.publish(run.session_id, None, Noticed(code="storage_failed"))

    async def _close(self, error: str, **values: JsonValue) -> None:
        """End the turn as it stands: each open call gets its result."""
        own = [
            event
            for _, event in await log.read(self.run_of.session_id)
            if event.turn_id == self.run_of.turn_id
        ]
        for event in mend(own, error):
            told = {"values": values} if isinstance(event, TurnFinished) else {}
            await self._record(event.model_copy(update=told))


def _is_restart(event: Event) -> bool:
    return isinstance(event, Noticed) and event.code == "restart"
