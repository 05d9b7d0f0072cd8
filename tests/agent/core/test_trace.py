from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    ModelSwitched,
    Noticed,
    PromptQueued,
    StepFinished,
    StepStop,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import Message, Outcome, Text, ToolCall, ToolResult, Usage
from agent.core.trace import Span, trace

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
CALL = ToolCall(id="c", name="edit", arguments={"path": "a"})
LOOK = ToolCall(id="d", name="grep", arguments={"pattern": "x"})
USED = Usage(input=10, cached=4, output=2, cost=0.5)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def started(model: str = "demo:a") -> TurnStarted:
    return TurnStarted(turn_id="t", at=at(0), prompt=(Text(text="Go"),), model=model, mode="ask")


def step(seconds: float, *calls: ToolCall, stop: StepStop = "tool_use") -> StepFinished:
    message = Message(role="assistant", parts=calls)
    return StepFinished(turn_id="t", at=at(seconds), message=message, stop=stop, usage=USED)


def begun(seconds: float, call: ToolCall = CALL) -> ToolCallStarted:
    return ToolCallStarted(turn_id="t", at=at(seconds), call=call, effect="once")


def ended(seconds: float, call: ToolCall = CALL, outcome: Outcome = "ok") -> ToolCallFinished:
    result = ToolResult(call_id=call.id, outcome=outcome, text="")
    return ToolCallFinished(turn_id="t", at=at(seconds), result=result)


def spans(*events: Event) -> tuple[Span, ...]:
    return trace(enumerate(events, 1))


def told(*events: Event) -> list[tuple[str, str, float, float | None]]:
    return [(one.kind, one.name, one.after, one.seconds) for one in spans(*events)]


def test_a_turn_is_its_requests_and_its_calls() -> None:
    log = (started(), step(2, CALL), begun(2.5), ended(4), step(5, stop="end_turn"))
    assert told(*log, TurnFinished(turn_id="t", at=at(5), reason="end_turn")) == [
        ("model", "demo:a", 0, 2),
        ("tool", "edit", 2.5, 1.5),
        ("model", "demo:a", 4, 1),
    ]
    first, call, last = spans(*log)
    assert (first.seqs, call.seqs, last.seqs) == ((2,), (3, 4), (5,))
    assert (first.usage, call.usage, last.outcome) == (USED, None, "end_turn")


def test_calls_that_run_beside_each_other_each_have_their_time() -> None:
    log = (started(), step(1, CALL, LOOK), begun(1), begun(1, LOOK), ended(2, LOOK), ended(4), step(6))
    assert told(*log)[1:] == [("tool", "edit", 1, 3), ("tool", "grep", 1, 1), ("model", "demo:a", 4, 2)]


def test_the_wait_for_a_person_stands_for_itself() -> None:
    asked = ApprovalRequested(
        turn_id="t", at=at(1), approval_id="a", call=CALL, call_hash="h", reason="no_rule"
    )
    given_ = ApprovalGiven(turn_id="t", at=at(61), approval_id="a", answer="allow_once", by="me")
    assert told(started(), step(1, CALL), asked, given_, begun(61), ended(62))[1:] == [
        ("approval", "edit", 1, 60),
        ("tool", "edit", 61, 1),
    ]


def test_a_call_that_was_not_allowed_took_no_time() -> None:
    [_, call] = spans(started(), step(1, CALL), ended(1, outcome="rejected"))
    assert (call.name, call.seconds, call.outcome, call.seqs) == ("edit", None, "rejected", (3,))


def test_what_goes_on_has_no_end() -> None:
    [_, call] = spans(started(), step(1, CALL), begun(1))
    assert (call.seconds, call.outcome) == (None, None)


def test_trouble_and_whoever_stood_in_belong_to_the_request() -> None:
    retry = Noticed(turn_id="t", at=at(1), code="retry", values={"provider": "demo"})
    switched = ModelSwitched(turn_id="t", at=at(2), before="demo:a", after="demo:b", why="overloaded")
    queued = PromptQueued(turn_id="u", at=at(2), prompt_id="u", prompt=())
    [request, later] = spans(started(), retry, switched, queued, step(5), step(6, stop="end_turn"))
    assert (request.name, request.asides, request.seqs) == ("demo:b", (retry, switched), (2, 3, 5))
    assert (later.asides, later.after, later.seconds) == ((), 5, 1)


def test_after_a_restart_the_request_begins_anew() -> None:
    restart = Noticed(turn_id="t", at=at(100), code="restart")
    [request] = spans(started(), restart, step(103))
    assert (request.after, request.seconds) == (100, 3)


def test_a_clock_that_was_set_back_makes_nothing_negative() -> None:
    [request, call] = spans(started(), step(-5, CALL), begun(-7), ended(-9))
    assert (request.seconds, call.seconds) == (0, 0)


EVENTS = st.lists(
    st.sampled_from(
        [started(), step(1, CALL), step(2), begun(3), ended(4), ended(5, LOOK), Noticed(at=at(1), code="x")]
    ),
    max_size=12,
)


@given(EVENTS)
def test_whatever_a_log_holds_every_event_is_told_once_at_most(events: list[Event]) -> None:
    seqs = [seq for span in spans(*events) for seq in span.seqs]
    assert len(seqs) == len(set(seqs))
    assert all(span.after >= 0 and (span.seconds or 0) >= 0 for span in spans(*events))
