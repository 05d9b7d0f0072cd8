import random
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    CheckpointRestored,
    CheckpointSaved,
    Delta,
    Event,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    Snapshot,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
    joined,
)
from agent.core.messages import File, Message, PromptPart, Text, Thinking, ToolCall, ToolResult, Usage
from agent.core.rules import Rule
from agent.core.transcript import MOST_OUTPUT, Row, Transcript, fold, prompt_text, tool_row
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


def spoken(deltas: Iterable[Delta]) -> list[Delta]:
    """Numbered, as a session does it."""
    return [delta.model_copy(update={"turn_id": "t", "index": index}) for index, delta in enumerate(deltas)]


def heard(transcript: Transcript) -> str:
    return "".join(said.text for said in transcript.live)


@given(st.lists(strategies.deltas, max_size=10), st.integers())
def test_fold_does_not_depend_on_chunking(deltas: list[Delta], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    pieces = spoken(piece for delta in deltas for piece in chopped(delta, chance))
    whole = spoken(deltas)
    assert fold([STARTED, *pieces]).live == fold([STARTED, *whole]).live
    assert shown(fold([STARTED, *pieces, STEP])) == shown(fold([STARTED, *whole, STEP]))


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
    said = spoken(deltas)
    snapshot = Snapshot(turn_id="t", index=len(said[:cut]) - 1, said=joined(said[:cut]))
    late = fold([STARTED, snapshot, *said[cut:]])
    assert late.live == fold([STARTED, *said]).live
    late.apply(STEP)
    assert shown(late) == shown(fold([STARTED, STEP]))
    assert late.live == ()


def delta(text: str, turn: str = "t", step: int = 0, attempt: int = 0, index: int = 0) -> Delta:
    return Delta(kind="text", text=text, turn_id=turn, step=step, attempt=attempt, index=index)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([delta("a"), delta("b", index=1)], "ab"),
        ([delta("old"), delta("new", attempt=1)], "new"),
        ([delta("old"), delta("new", attempt=1, index=1)], "new"),
        ([delta("new", attempt=1), delta("old", index=1)], "new"),
        ([delta("new", step=1), delta("old", attempt=9)], "new"),
        ([delta("new", turn="u"), delta("old", step=9)], "new"),
        ([delta("new", turn="a"), delta("old", step=9)], "new"),
        ([delta("a"), delta("again")], "again"),
        (
            [delta("a"), Snapshot(turn_id="t", index=2, said=joined([delta("abc")])), delta("d", index=3)],
            "abcd",
        ),
        ([delta("new", attempt=1), Snapshot(turn_id="t", said=joined([delta("old")]))], "new"),
        ([delta("a"), Snapshot(turn_id="t", attempt=1)], ""),
    ],
    ids=[
        "goes on",
        "new attempt",
        "new attempt from its middle",
        "old attempt",
        "old step",
        "old turn",
        "old turn of a later id",
        "from the beginning",
        "snapshot",
        "old snapshot",
        "empty snapshot",
    ],
)
def test_what_is_older_never_replaces_what_is_newer(said: list[Delta | Snapshot], text: str) -> None:
    assert heard(fold([STARTED, *said])) == text


def test_what_comes_late_of_a_finished_step_or_turn_is_not_heard() -> None:
    said = [STARTED, STEP, delta("late", index=7)]
    assert heard(fold(said)) == ""
    assert heard(fold([*said, delta("Next", step=1)])) == "Next"
    assert heard(fold([*said, TurnFinished(turn_id="t", reason="end_turn"), delta("late", step=1)])) == ""


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
    later = PromptQueued(turn_id="u", prompt_id="u", prompt=(Text(text="Later"),))
    transcript = fold([STARTED, later, STEP])
    assert [row.status for row in transcript.rows if row.kind == "user"] == ["done", "queued"]
    transcript.apply(TurnFinished(turn_id="t", reason="end_turn"))
    transcript.apply(STARTED.model_copy(update={"turn_id": "u", "prompt": later.prompt}))
    assert [row.text for row in transcript.rows if row.kind == "user"] == ["Go", "Later"]
    assert transcript.rows[-1].text == "Later"
    transcript.apply(DONE)
    assert [row.status for row in transcript.rows if row.kind == "tool"] == ["failed"]


def test_a_dropped_prompt_is_gone() -> None:
    later = PromptQueued(turn_id="u", prompt_id="u", prompt=(Text(text="Later"),))
    dropped = PromptDropped(turn_id="u", prompt_id="u")
    assert [row.text for row in fold([STARTED, later, dropped]).rows] == ["Go"]


def queued(text: str, prompt_id: str = "u", *, steers: bool = False) -> PromptQueued:
    prompt: tuple[PromptPart, ...] = (Text(text=text),)
    return PromptQueued(turn_id=prompt_id, prompt_id=prompt_id, prompt=prompt, steers=steers)


def people(transcript: Transcript) -> list[tuple[str, str]]:
    return [(row.text, row.status) for row in transcript.rows if row.kind == "user"]


def test_an_edited_prompt_changes_its_words_in_its_place() -> None:
    transcript = fold([STARTED, queued("one"), queued("two", "v"), queued("first")])
    assert people(transcript) == [("Go", "done"), ("first", "queued"), ("two", "queued")]
    transcript.apply(queued("two", "v", steers=True))
    assert people(transcript)[-1] == ("two", "steering")
    assert [waiting.prompt[0] for waiting in transcript.queue.values()] == [
        Text(text="first"),
        Text(text="two"),
    ]


def test_a_prompt_told_to_the_running_turn_stands_after_what_was_said_so_far() -> None:
    told = PromptSteered(turn_id="t", prompt_id="u", prompt=(Text(text="No, this"),))
    later = StepFinished(
        turn_id="t", message=Message(role="assistant", parts=(Text(text="I see"),)), stop="end_turn"
    )
    transcript = fold([STARTED, queued("No, this", steers=True), STEP, DONE, told, later])
    assert [(row.kind, row.text) for row in transcript.rows[-3:]] == [
        ("tool", "no"),
        ("user", "No, this"),
        ("text", "I see"),
    ]
    assert people(transcript) == [("Go", "done"), ("No, this", "done")]
    assert {row.turn_id for row in transcript.rows} == {"t"}
    assert transcript.queue == {}


def test_a_prompt_waits_until_it_is_told_dropped_or_begun() -> None:
    waiting = [queued("a", "u"), queued("b", "v"), queued("c", "w")]
    transcript = fold([STARTED, *waiting])
    assert list(transcript.queue) == ["u", "v", "w"]
    for event in (
        PromptDropped(turn_id="v", prompt_id="v"),
        PromptSteered(turn_id="t", prompt_id="w", prompt=waiting[2].prompt),
        TurnFinished(turn_id="t", reason="end_turn"),
        STARTED.model_copy(update={"turn_id": "u"}),
    ):
        transcript.apply(event)
    assert transcript.queue == {}
    assert not any(row.status == "queued" for row in transcript.rows)


def test_a_turn_that_shall_stop_says_so_until_it_has() -> None:
    transcript = fold([STARTED, Noticed(turn_id="t", code="stopping", values={"by": "me"})])
    assert transcript.is_stopping
    assert [row.kind for row in transcript.rows] == ["user"]
    transcript.apply(TurnFinished(turn_id="t", reason="cancelled"))
    assert not transcript.is_stopping
    assert not fold([Noticed(turn_id="t", code="stopping")]).is_stopping


def test_a_parked_question_is_still_asked() -> None:
    row = fold([STARTED, STEP, ASKED, Noticed(turn_id="t", code="parked")]).rows[-1]
    assert (row.kind, row.status, row.approval_id) == ("tool", "asking", "a")


def test_a_restart_is_told_and_drops_what_was_half_said() -> None:
    transcript = fold([STARTED, delta("Hel"), Noticed(turn_id="t", code="restart")])
    assert (transcript.rows[-1].kind, transcript.rows[-1].title) == ("notice", "restart")
    assert (heard(transcript), transcript.turn_id) == ("", "t")
    transcript.apply(delta("Hello", attempt=1))
    assert heard(transcript) == "Hello"


def test_keeping_a_checkpoint_is_not_shown_and_going_back_is() -> None:
    saved, back = CheckpointSaved(id="c"), CheckpointRestored(id="c", seq=1)
    assert [row.title for row in fold([saved, back]).rows] == ["went_back"]


def test_nothing_is_open_once_the_session_went_back_into_a_turn() -> None:
    transcript = fold(
        [STARTED, STEP, ASKED, queued("Later"), delta("x", step=1), CheckpointRestored(id="c", seq=4)]
    )
    assert (transcript.turn_id, transcript.queue, heard(transcript)) == ("", {}, "")
    assert [(row.kind, row.status) for row in transcript.rows[-2:]] == [
        ("tool", "cancelled"),
        ("notice", "done"),
    ]
    assert not any(row.approval_id for row in transcript.rows)


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


def output(text: str, call_id: str = "c", step: int = 1, index: int = 0) -> Delta:
    return Delta(kind="output", text=text, call_id=call_id, turn_id="t", step=step, index=index)


def test_what_a_call_writes_is_shown_until_it_has_its_result() -> None:
    transcript = fold([STARTED, STEP])
    transcript.apply(output("one "))
    transcript.apply(output("two", index=1))
    assert transcript.output == {"c": "one two"}
    assert transcript.live == (), "it is none of the model's words"
    result = ToolResult(call_id="c", outcome="ok", text="one two")
    transcript.apply(ToolCallFinished(turn_id="t", result=result))
    assert transcript.output == {}


def test_of_much_output_the_end_is_shown() -> None:
    transcript = fold([STARTED, STEP])
    for index in range(20):
        transcript.apply(output(f"{index:03}" + "x" * 997, index=index))
    assert len(transcript.output["c"]) == MOST_OUTPUT
    assert transcript.output["c"].startswith("016")


def test_output_gives_way_to_the_next_step() -> None:
    transcript = fold([STARTED, STEP])
    transcript.apply(output("old"))
    transcript.apply(delta("Hello", step=1, attempt=1))
    assert transcript.output == {}
    assert [said.text for said in transcript.live] == ["Hello"]


def test_what_a_tool_asked_of_models_counts() -> None:
    transcript = fold([STARTED, STEP])
    before = transcript.usage
    result = ToolResult(call_id="c", outcome="ok", text="found")
    usage = Usage(input=10, output=2, cost=0.5)
    transcript.apply(ToolCallFinished(turn_id="t", result=result, usage=usage))
    assert transcript.usage == before + usage
    transcript.apply(ToolCallFinished(turn_id="t", result=result.model_copy(update={"call_id": "d"})))
    assert transcript.usage == before + usage


def test_a_call_says_how_long_it_ran() -> None:
    done = DONE.model_copy(update={"at": BEGUN.at + timedelta(seconds=3)})
    [row] = [row for row in fold([STARTED, STEP, BEGUN, done]).rows if row.kind == "tool"]
    assert row.seconds == 3
    before = DONE.model_copy(update={"at": BEGUN.at - timedelta(hours=1)})  # a clock was set back
    [row] = [row for row in fold([STARTED, STEP, BEGUN, before]).rows if row.kind == "tool"]
    assert row.seconds == 0


def test_the_last_words_of_a_turn_say_what_it_used() -> None:
    over = TurnFinished(turn_id="t", reason="end_turn", at=STARTED.at + timedelta(seconds=9))
    rows = fold([STARTED, STEP, BEGUN, DONE, STEP, over]).rows
    assert [(row.seconds, row.usage) for row in rows if row.kind == "text"] == [
        (None, None),
        (9, Usage(input=6, output=4, cost=1.0)),
    ]


def test_what_a_turn_used_is_not_told_with_the_words_of_another() -> None:
    second = STARTED.model_copy(update={"turn_id": "u"})
    ends = [TurnFinished(turn_id=turn, reason="end_turn") for turn in ("t", "u")]
    rows = fold([STARTED, STEP, ends[0], second, ends[1]]).rows
    assert [row.usage for row in rows if row.kind == "text"] == [Usage(input=3, output=2, cost=0.5)]


def test_a_persons_own_call_is_a_card_and_no_prompt() -> None:
    call = ToolCall(id="own", name="shell", arguments={"command": "date"})
    started = TurnStarted(turn_id="t", prompt=(Text(text="! date"),), model="m", mode="ask", call=call)
    finished = ToolCallFinished(turn_id="t", result=ToolResult(call_id="own", outcome="ok", text="Monday"))
    transcript = fold([started, ToolCallStarted(turn_id="t", call=call, effect="once"), finished])
    [row] = transcript.rows
    assert (row.kind, row.title, row.text, row.status, row.is_own) == ("tool", "shell", "Monday", "ok", True)
    assert transcript.turn_id == "t"


def test_a_card_knows_who_or_which_rule_let_its_call_run() -> None:
    rule = Rule(tool="shell", decision="allow")
    calls = [ToolCall(id=name, name="shell", arguments={}) for name in ("by_rule", "by_person", "by_mode")]
    asked = ApprovalRequested(turn_id="t", approval_id="a", call=calls[1], call_hash="h", reason="no_rule")
    given = ApprovalGiven(turn_id="t", approval_id="a", answer="allow_always", by="Ada", rule=rule)
    started = [ToolCallStarted(turn_id="t", call=call, effect="once") for call in calls]
    told = fold([started[0].model_copy(update={"rule": rule}), asked, given, *started[1:]]).rows
    assert [(row.allowed_by, row.rule) for row in told] == [("", rule), ("Ada", rule), ("", None)]


def test_thoughts_and_last_words_say_how_long_and_when() -> None:
    started = TurnStarted(turn_id="t", prompt=(Text(text="Hi"),), model="m", mode="ask")
    parts = (Thinking(text="Hm"), Thinking(text="Well"), Text(text="Hello"))
    said = StepFinished(
        turn_id="t", message=Message(role="assistant", parts=parts), stop="end_turn", thought_for=12.0
    )
    finished = TurnFinished(turn_id="t", reason="end_turn")
    _, first, second, words = fold([started, said, finished]).rows
    assert (first.seconds, second.seconds, words.at) == (12.0, None, finished.at)
