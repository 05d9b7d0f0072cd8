"""The only agent loop: reason, act, observe, until the model has said its last word."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, groupby

from pydantic import JsonValue

from agent.core.errors import Invalid, ProviderError
from agent.core.events import (
    ApprovalGiven,
    Event,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
    TurnStop,
)
from agent.core.messages import Message, ToolCall, ToolResult
from agent.core.policy import Judgement
from agent.core.tools import Effect

MAX_STEPS = 100

NOT_RUN = "Not run: the turn was stopped before."
DENIED = "Not allowed here: {reason}. Do not try it again in another way; say what you would have done."
REJECTED = "The person did not allow this call.{note} Ask what they want instead, or go on without it."


@dataclass(frozen=True)
class Ports:
    """What the loop asks of the world. A durable engine wraps the first three as recorded steps."""

    model_step: Callable[[int, Sequence[Message]], Awaitable[StepFinished]]
    """Asks the model, given the step's number and the history; its stop is `cancelled` when interrupted.
    Raises ProviderError, or Invalid where the model or its credential is not there."""
    tool_step: Callable[[ToolCall], Awaitable[ToolResult]]
    """Runs one call to its one result; the outcome is `cancelled` when interrupted. Never raises."""
    question: Callable[[ToolCall, str], Awaitable[ApprovalGiven | None]]
    """Asks a person about a call, with the reason's code; None when interrupted."""
    judge: Callable[[ToolCall], Judgement]
    effect: Callable[[str], Effect]
    """The effect of the tool with this name."""
    record: Callable[[Event], Awaitable[None]]
    """Appends to the session's log; returns when it is stored."""


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
    turn_id = started.turn_id
    await ports.record(started)
    try:
        reason = await _steps(
            [*history, Message(role="user", parts=started.prompt)], ports, turn_id, max_steps
        )
        finished = TurnFinished(turn_id=turn_id, reason=reason)
    except ProviderError as error:
        values: dict[str, JsonValue] = {"retry_after": error.retry_after, "message": error.message}
        finished = _failed(started, error.kind, values)
    except Invalid as error:
        finished = _failed(started, error.code, error.values)
    await ports.record(finished)
    return finished


def _failed(started: TurnStarted, code: str, values: dict[str, JsonValue]) -> TurnFinished:
    values = {"model": started.model, **values}
    return TurnFinished(turn_id=started.turn_id, reason="error", error=code, values=values)


async def _steps(messages: list[Message], ports: Ports, turn_id: str, max_steps: int) -> TurnStop:
    """Ask and act, step by step; the reason says why it ended."""
    used = {call.id for message in messages for call in message.calls}
    for number in range(max_steps):
        step = _with_own_ids(await ports.model_step(number, messages), used)
        if step.message.parts:
            await ports.record(step.model_copy(update={"turn_id": turn_id}))
            messages.append(step.message)
        if results := await _act(step, ports, turn_id):
            messages.append(Message(role="user", parts=results))
        if step.stop == "cancelled" or any(result.outcome == "cancelled" for result in results):
            return "cancelled"
        if not results and step.stop != "pause":
            return "end_turn" if step.stop == "tool_use" else step.stop
    return "max_steps"


def _with_own_ids(step: StepFinished, used: set[str]) -> StepFinished:
    """Rename calls whose id was used before: some servers number the calls of every answer from zero."""
    parts = tuple(
        _with_own_id(part, used) if isinstance(part, ToolCall) else part for part in step.message.parts
    )
    return step.model_copy(update={"message": step.message.model_copy(update={"parts": parts})})


def _with_own_id(call: ToolCall, used: set[str]) -> ToolCall:
    names = chain([call.id], (f"{call.id}-{number}" for number in count(2)))
    own = next(name for name in names if name not in used)
    used.add(own)
    return call.model_copy(update={"id": own})


async def _act(step: StepFinished, ports: Ports, turn_id: str) -> tuple[ToolResult, ...]:
    """Give every call of the step its one result: pure calls side by side, the others one after the other."""
    results: list[ToolResult] = []
    stopped = step.stop == "cancelled"
    for calls in _batches(step.message.calls, ports.effect):
        if stopped:
            done = [await _refuse(call, "cancelled", NOT_RUN, ports, turn_id) for call in calls]
        else:
            done = await _all(_call(call, ports, turn_id) for call in calls)
        results.extend(done)
        stopped = stopped or any(result.outcome == "cancelled" for result in done)
    return tuple(results)


async def _all(work: Iterable[Awaitable[ToolResult]]) -> list[ToolResult]:
    """Work side by side; a failure waits for the others, which else would write after the turn's end."""
    done = await asyncio.gather(*work, return_exceptions=True)
    if failed := next((result for result in done if isinstance(result, BaseException)), None):
        raise failed
    return [result for result in done if isinstance(result, ToolResult)]


def _batches(calls: Sequence[ToolCall], effect: Callable[[str], Effect]) -> Iterator[list[ToolCall]]:
    """Neighbouring pure calls together, every other call alone."""
    for pure, group in groupby(calls, key=lambda call: effect(call.name) == "pure"):
        if pure:
            yield list(group)
        else:
            yield from ([call] for call in group)


async def _call(call: ToolCall, ports: Ports, turn_id: str) -> ToolResult:
    """Judge one call, ask about it where that is due, run it."""
    judgement = ports.judge(call)
    if judgement.decision == "deny":
        return await _refuse(call, "rejected", DENIED.format(reason=judgement.reason), ports, turn_id)
    if judgement.decision == "ask":
        given = await ports.question(call, judgement.reason)
        if given is None:
            return await _refuse(call, "cancelled", NOT_RUN, ports, turn_id)
        if given.answer.startswith("reject"):
            note = f" They said: {given.note}" if given.note else ""
            return await _refuse(call, "rejected", REJECTED.format(note=note), ports, turn_id)
    await ports.record(ToolCallStarted(turn_id=turn_id, call=call, effect=ports.effect(call.name)))
    return await _result(await ports.tool_step(call), ports, turn_id)


async def _refuse(call: ToolCall, outcome: str, text: str, ports: Ports, turn_id: str) -> ToolResult:
    result = ToolResult.model_validate({"call_id": call.id, "outcome": outcome, "text": text})
    return await _result(result, ports, turn_id)


async def _result(result: ToolResult, ports: Ports, turn_id: str) -> ToolResult:
    await ports.record(ToolCallFinished(turn_id=turn_id, result=result))
    return result
