"""The only agent loop: reason, act, observe, until the model has said its last word."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from pydantic import JsonValue

from agent.core.events import (
    ApprovalGiven,
    Event,
    Noticed,
    StepFinished,
    ToolCallFinished,
    TurnFinished,
    TurnStarted,
)
from agent.core.loops import Loop, LoopGuard
from agent.core.messages import Message, Outcome, PromptPart, Text, ToolCall, ToolResult, Value
from agent.core.policy import Judgement
from agent.core.tools import Effect

MAX_STEPS = 100

NOT_RUN = "Not run: the turn was stopped before."
DENIED = "Not allowed here: {reason}. Do not try it again in another way; say what you would have done."
LOOPING = (
    "You have called {tools} with the same arguments again and again, and nothing changed. Do not repeat it: "
    "say what you have found and what stands in the way, or go another way."
)
REJECTED = "The person did not allow this call.{note} Ask what they want instead, or go on without it."


class Refusals(NamedTuple):
    """What is said of a call that may not run, to whoever called."""

    denied: str
    rejected: str


TO_MODEL = Refusals(DENIED, REJECTED)
TO_PERSON = Refusals("Not allowed here: {reason}.", "Not run: it was not allowed.{note}")


class StepFailed(Value):
    """The model did not come to its end: what it said until then, and why, as a code and values."""

    said: StepFinished
    code: str
    values: dict[str, JsonValue] = {}


@dataclass(frozen=True)
class Ports:
    """What the loop asks of the world. A durable engine wraps the first three as recorded steps.

    What happened is a value, never an exception: it must survive being written down and read again.
    """

    model_step: Callable[[int, Sequence[Message]], Awaitable[StepFinished | StepFailed]]
    """Asks the model, given the step's number and the history, and records what it said.
    Its stop is `cancelled` when interrupted. No call has an id that the history knows."""
    tool_step: Callable[[ToolCall], Awaitable[ToolResult]]
    """Runs one call, records its begin and its one result; the outcome is `cancelled` when interrupted."""
    question: Callable[[ToolCall, str], Awaitable[ApprovalGiven | None]]
    """Asks a person about a call, with the reason's code, and records it; None when interrupted."""
    steering: Callable[[int], Awaitable[Sequence[PromptPart]]]
    """What people said to the running turn before the step of this number."""
    judge: Callable[[ToolCall], Awaitable[Judgement]]
    """Decides about one call by what holds now."""
    effect: Callable[[str], Effect]
    """The effect of the tool with this name."""
    record: Callable[[Event], Awaitable[Event]]
    """Appends to the session's log; gives what is stored, which is older when this happened before."""


async def run_turn(
    started: TurnStarted, history: Sequence[Message], ports: Ports, max_steps: int = MAX_STEPS
) -> TurnFinished:
    """Run one turn to its one TurnFinished, which is recorded and returned.

    Args:
        started: the turn's first event, not yet recorded.
        history: the session's messages before it; every call in it has its result.
        ports: what the loop asks of the world.
        max_steps: model requests the turn may make.
    """
    await ports.record(started)
    if started.call is not None:
        finished = await _by_hand(started.call, ports, started.turn_id)
    else:
        messages = [*history, Message(role="user", parts=started.prompt)]
        finished = await _steps(messages, ports, started, max_steps)
    await ports.record(finished)
    return finished


async def _by_hand(call: ToolCall, ports: Ports, turn_id: str) -> TurnFinished:
    """Give a person's own call its one result, by the same judge and the same step as the model's."""
    refused = await _decide(call, ports, turn_id, TO_PERSON)
    result = refused or await ports.tool_step(call)
    return TurnFinished(turn_id=turn_id, reason="cancelled" if result.outcome == "cancelled" else "end_turn")


async def _steps(messages: list[Message], ports: Ports, started: TurnStarted, max_steps: int) -> TurnFinished:
    """Ask and act, step by step, until there is a reason to end."""
    turn_id, guard = started.turn_id, LoopGuard()
    for number in range(max_steps):
        if said := await ports.steering(number):
            _tell(messages, said)
        step = await ports.model_step(number, messages)
        if isinstance(step, StepFailed):
            if step.said.message.parts:
                await ports.record(step.said)
            values = {"model": started.model, **step.values}
            return TurnFinished(turn_id=turn_id, reason="error", error=step.code, values=values)
        if step.message.parts:
            messages.append(step.message)
        loop = _loop(step, guard)
        is_over = loop is not None and loop.seen > 1
        if results := await _act(step, ports, turn_id, is_over=is_over):
            messages.append(Message(role="user", parts=results))
        is_cancelled = step.stop == "cancelled" or any(result.outcome == "cancelled" for result in results)
        if is_over or is_cancelled:
            return TurnFinished(turn_id=turn_id, reason="loop" if is_over else "cancelled")
        if loop is not None:
            tools = ", ".join(loop.tools)
            await ports.record(Noticed(turn_id=turn_id, code="looping", values={"tools": tools}))
            _tell(messages, [Text(text=LOOPING.format(tools=tools))])
        if not results and step.stop != "pause":
            return TurnFinished(turn_id=turn_id, reason="end_turn" if step.stop == "tool_use" else step.stop)
    return TurnFinished(turn_id=turn_id, reason="max_steps")


def _tell(messages: list[Message], said: Sequence[PromptPart]) -> None:
    """Add what people said; neighbours of one side become one message."""
    before = messages.pop().parts if messages[-1].role == "user" else ()
    messages.append(Message(role="user", parts=(*before, *said)))


def _loop(step: StepFinished, guard: LoopGuard) -> Loop | None:
    """Whether the calls of a step go on in circles; the model is told once, and let go on."""
    heard = [loop for call in step.message.calls if (loop := guard.called(call))]
    if not heard:
        return None
    guard.go_on()
    return heard[-1]


async def _act(step: StepFinished, ports: Ports, turn_id: str, *, is_over: bool) -> tuple[ToolResult, ...]:
    """Give every call of the step its one result: pure calls side by side, the others one after the other."""
    results: list[ToolResult] = []
    stopped = is_over or step.stop == "cancelled"
    for calls in _batches(step.message.calls, ports.effect):
        if stopped:
            done = [await _refuse(call, "cancelled", NOT_RUN, ports, turn_id) for call in calls]
        else:
            done = await _all(calls, ports, turn_id)
        results.extend(done)
        stopped = stopped or any(result.outcome == "cancelled" for result in done)
    return tuple(results)


def _batches(calls: Sequence[ToolCall], effect: Callable[[str], Effect]) -> Iterator[list[ToolCall]]:
    """Neighbouring pure calls together, every other call alone."""
    for pure, group in groupby(calls, key=lambda call: effect(call.name) == "pure"):
        if pure:
            yield list(group)
        else:
            yield from ([call] for call in group)


async def _all(calls: Sequence[ToolCall], ports: Ports, turn_id: str) -> list[ToolResult]:
    """Decide about calls one after the other, then run them side by side: always in the same order."""
    refused = {call.id: result for call in calls if (result := await _decide(call, ports, turn_id))}
    allowed = [call for call in calls if call.id not in refused]
    # A failure waits for the others, which else would write after the turn's end.
    done = await asyncio.gather(*(ports.tool_step(call) for call in allowed), return_exceptions=True)
    if failed := next((result for result in done if isinstance(result, BaseException)), None):
        raise failed
    ran = {result.call_id: result for result in done if isinstance(result, ToolResult)}
    return [refused.get(call.id) or ran[call.id] for call in calls]


async def _decide(call: ToolCall, ports: Ports, turn_id: str, says: Refusals = TO_MODEL) -> ToolResult | None:
    """Judge one call and ask about it where that is due; its result when it may not run."""
    judgement = await ports.judge(call)
    if judgement.decision == "deny":
        return await _refuse(call, "rejected", says.denied.format(reason=judgement.reason), ports, turn_id)
    if judgement.decision == "ask":
        given = await ports.question(call, judgement.reason)
        if given is None:
            return await _refuse(call, "cancelled", NOT_RUN, ports, turn_id)
        if given.answer.startswith("reject"):
            note = f" They said: {given.note}" if given.note else ""
            return await _refuse(call, "rejected", says.rejected.format(note=note), ports, turn_id)
    return None


async def _refuse(call: ToolCall, outcome: Outcome, text: str, ports: Ports, turn_id: str) -> ToolResult:
    result = ToolResult(call_id=call.id, outcome=outcome, text=text)
    stored = await ports.record(ToolCallFinished(turn_id=turn_id, result=result))
    return stored.result if isinstance(stored, ToolCallFinished) else result
