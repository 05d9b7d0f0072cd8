import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Delta,
    Event,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    Snapshot,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
    joined,
)
from agent.core.messages import File, Message, Text, Thinking, ToolCall, ToolResult, Usage
from agent.core.transcript import Row, Transcript, fold, prompt_text, tool_row
from tests.agent.core import strategies

CALL = ToolCall(id="c", name="edit", arguments={"path": "a"})
STARTED = TurnStarted(turn_id="t", prompt=(Text(text="Go"),), model="m", mode="ask")
STEP = StepFinished(
    turn_id="t",
    message=Message(
        role="assistant",
        parts=(Thinking(text="Hm"), Thinking(text=""), Text(text="Look"), File(media_type="x"), CALL),
    ),
    stop="tool_use",
    usage=Usage(input=3, output=2, cost=0.5),
)
ASKED = ApprovalRequested(turn_id="t", approval_id="a", call=CALL, call_hash="h", reason="no_rule")
GIVEN = ApprovalGiven(turn_id="t", approval_id="a", answer="allow_once", by="me")
BEGUN = ToolCallStarted(turn_id="t", call=CALL, effect="once")
DONE = ToolCallFinished(turn_id="t", result=ToolResult(call_id="c", outcome="failed", text="no"))


def shown(transcript: Transcript) -> tuple[list[Row], Usage, str]:
    return transcript.rows, transcript.usage, transcript.turn_id


def chopped(delta: Delta, chance: random.Random) -> list[Delta]:
    """The same words in other pieces."""
    cuts = sorted(chance.randint(0, len(delta.text)) for _ in range(2))
    return [
        delta.model_copy(update={"text": delta.text[start:end]})
        for start, end in pairwise([0, *cuts, len(delta.text)])
    ]


@given(st.lists(strategies.deltas, max_size=10), st.integers())
def test_fold_does_not_depend_on_chunking(deltas: list[Delta], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    pieces = [piece for delta in deltas for piece in chopped(delta, chance)]
    assert fold([STARTED, *pieces]).live == fold([STARTED, *deltas]).live
    assert shown(fold([STARTED, *pieces, STEP])) == shown(fold([STARTED, *deltas, STEP]))


@settings(max_examples=40)
@given(st.lists(strategies.events | strategies.deltas, max_size=8), st.integers(0, 8))
def test_events_may_be_folded_in_portions(events: list[Event | Delta], cut: int) -> None:
    portions = fold(events[:cut])
    for event in events[cut:]:
        portions.apply(event)
    assert shown(portions) == shown(fold(events))
    assert portions.live == fold(events).live


@given(st.lists(strategies.deltas, max_size=10), st.integers(0, 10))
def test_a_snapshot_stands_for_the_deltas_before_it(deltas: list[Delta], cut: int) -> None:
    snapshot = Snapshot(turn_id="t", index=cut - 1, said=joined(deltas[:cut]))
    late = fold([STARTED, snapshot, *deltas[cut:]])
    assert late.live == fold([STARTED, *deltas]).live
    late.apply(STEP)
    assert shown(late) == shown(fold([STARTED, STEP]))
    assert late.live == ()


def test_a_new_attempt_drops_what_the_old_one_said() -> None:
    first, second = (Delta(kind="text", text=word, attempt=at) for at, word in enumerate(["old", "new"]))
    assert [said.text for said in fold([STARTED, first, second]).live] == ["new"]


@settings(max_examples=40)
@given(st.lists(strategies.events, max_size=10))
def test_every_row_has_an_id_of_its_own_and_a_place(events: list[Event]) -> None:
    transcript = fold(events)
    keys = [row.call_id or row.id for row in transcript.rows]
    assert len(keys) == len(set(keys))


def test_a_tool_row_goes_through_its_states() -> None:
    transcript = fold([STARTED, STEP])
    states = [transcript.rows[-1].status]
    for event in (ASKED, GIVEN, BEGUN, DONE):
        transcript.apply(event)
        states.append(transcript.rows[-1].status)
    assert states == ["waiting", "asking", "waiting", "running", "failed"]
    assert transcript.rows[-1].text == "no"


def test_a_row_that_asks_says_why_and_for_what() -> None:
    row = fold([STARTED, STEP, ASKED]).rows[-1]
    assert (row.approval_id, row.reason, row.values) == ("a", "no_rule", {"path": "a"})


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    assert fold([STARTED, STEP, ASKED, DONE, GIVEN]).rows[-1].status == "failed"


def test_a_call_nobody_has_seen_still_gets_a_row() -> None:
    assert [row.status for row in fold([BEGUN]).rows] == ["running"]
    assert fold([DONE, GIVEN]).rows == []


def test_only_what_says_something_gets_a_row() -> None:
    rows = fold([STARTED, STEP]).rows
    assert [(row.kind, row.text) for row in rows] == [
        ("user", "Go"),
        ("thinking", "Hm"),
        ("text", "Look"),
        ("tool", ""),
    ]


def test_a_queued_prompt_moves_to_where_its_turn_begins() -> None:
    queued = PromptQueued(turn_id="u", prompt_id="u", prompt=(Text(text="Later"),))
    transcript = fold([STARTED, queued, STEP])
    assert [row.status for row in transcript.rows if row.kind == "user"] == ["done", "queued"]
    transcript.apply(TurnFinished(turn_id="t", reason="end_turn"))
    transcript.apply(STARTED.model_copy(update={"turn_id": "u", "prompt": queued.prompt}))
    assert [row.text for row in transcript.rows if row.kind == "user"] == ["Go", "Later"]
    assert transcript.rows[-1].text == "Later"
    transcript.apply(DONE)
    assert [row.status for row in transcript.rows if row.kind == "tool"] == ["failed"]


def test_a_dropped_prompt_is_gone() -> None:
    queued = PromptQueued(turn_id="u", prompt_id="u", prompt=(Text(text="Later"),))
    dropped = PromptDropped(turn_id="u", prompt_id="u")
    assert [row.text for row in fold([STARTED, queued, dropped]).rows] == ["Go"]


def test_what_a_person_should_know_gets_a_row() -> None:
    switched = ModelSwitched(before="a", after="b", why="chosen")
    noticed = Noticed(code="retry", values={"seconds": 3})
    finished = TurnFinished(turn_id="t", reason="error", error="rate", values={"retry_after": 2})
    rows = fold([switched, noticed, finished]).rows
    assert [(row.title, row.text) for row in rows] == [
        ("model_switched", ""),
        ("retry", ""),
        ("error", "rate"),
    ]
    assert rows[0].values == {"before": "a", "after": "b", "why": "chosen"}


def test_a_turn_that_ends_well_says_nothing_more() -> None:
    transcript = fold([STARTED, Delta(kind="text", text="x"), TurnFinished(turn_id="t", reason="end_turn")])
    assert [row.kind for row in transcript.rows] == ["user"]
    assert (transcript.turn_id, transcript.live) == ("", ())


def test_the_cost_of_a_session_is_known_while_every_steps_is() -> None:
    transcript = fold([STARTED, STEP, STEP])
    assert (transcript.usage.input, transcript.usage.cost) == (6, 1.0)
    transcript.apply(STEP.model_copy(update={"usage": Usage(input=1)}))
    assert transcript.usage.cost is None


def test_a_prompt_is_shown_with_its_files_by_name() -> None:
    files = [File(media_type="image/png"), File(media_type="b", path="c/d"), File(media_type="e", name="f")]
    assert prompt_text([*files, Thinking(text="no")]) == "[image/png][c/d][f]"


def test_a_call_waits_at_first() -> None:
    assert tool_row(CALL, "t").status == "waiting"
