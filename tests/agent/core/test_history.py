import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import (
    CheckpointRestored,
    CheckpointSaved,
    Event,
    Noticed,
    PromptQueued,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import LONGEST_BY_HAND, messages, still_counting, with_own_ids
from agent.core.messages import Message, Part, Text, ToolCall, ToolResult

PROMPT = TurnStarted(prompt=(Text(text="Go"),), model="m", mode="ask")


def test_prompt_step_results_and_words_become_messages_in_turns() -> None:
    calls = (ToolCall(id="a", name="x", arguments={}), ToolCall(id="b", name="y", arguments={}))
    results = [ToolResult(call_id=call.id, outcome="ok", text="fine") for call in calls]
    asked = Message(role="assistant", parts=(Text(text="Look"), *calls))
    said = Message(role="assistant", parts=(Text(text="Done"),))
    history = messages(
        [
            PROMPT,
            StepFinished(message=asked, stop="tool_use"),
            *(ToolCallFinished(result=result) for result in results),
            StepFinished(message=said, stop="end_turn"),
            TurnFinished(reason="end_turn"),
        ]
    )
    assert [message.role for message in history] == ["user", "assistant", "user", "assistant"]
    assert history[2].parts == tuple(results)
    assert history[1] == asked


def test_results_stand_in_the_order_of_their_calls() -> None:
    calls = tuple(ToolCall(id=name, name="x", arguments={}) for name in "abc")
    results = {name: ToolResult(call_id=name, outcome="ok", text="") for name in "abc"}
    history = messages(
        [
            StepFinished(message=Message(role="assistant", parts=calls), stop="tool_use"),
            *(ToolCallFinished(result=results[name]) for name in "cab"),
            PROMPT,
        ]
    )
    assert history[1].parts == (*results.values(), *PROMPT.prompt)


def test_prompts_without_an_answer_between_them_become_one_message() -> None:
    history = messages([PROMPT, TurnFinished(reason="error"), PROMPT])
    assert [message.text for message in history] == ["GoGo"]


def test_what_the_model_never_heard_is_no_message() -> None:
    empty = StepFinished(message=Message(role="assistant", parts=()), stop="cancelled")
    queued = PromptQueued(prompt_id="p", prompt=(Text(text="Later"),))
    assert messages([empty, queued, Noticed(code="restart")]) == ()


def test_what_was_told_to_a_running_turn_follows_its_results() -> None:
    call = ToolCall(id="a", name="x", arguments={})
    result = ToolResult(call_id="a", outcome="ok", text="")
    steered = PromptSteered(prompt_id="p", prompt=(Text(text="No, this"),))
    asked = StepFinished(message=Message(role="assistant", parts=(call,)), stop="tool_use")
    history = messages([PROMPT, asked, ToolCallFinished(result=result), steered])
    assert history[-1] == Message(role="user", parts=(result, *steered.prompt))


def numbered(*events: Event) -> list[tuple[int, Event]]:
    return list(enumerate(events, 1))


def back_to(seq: int) -> CheckpointRestored:
    return CheckpointRestored(id=str(seq), seq=seq)


SAVED = CheckpointSaved(id="c")


@pytest.mark.parametrize(
    ("events", "counting"),
    [
        ([], []),
        ([SAVED, SAVED], [1, 2]),
        ([SAVED, SAVED, SAVED, back_to(1), SAVED], [1, 4, 5]),
        ([SAVED, back_to(0)], [2]),
        ([SAVED, SAVED, back_to(1), SAVED, back_to(1)], [1, 5]),
        ([SAVED, SAVED, back_to(1), SAVED, back_to(2)], [1, 2, 5]),
        ([SAVED, SAVED, back_to(1), SAVED, back_to(4), SAVED], [1, 3, 4, 5, 6]),
    ],
    ids=["empty", "never", "once", "to the beginning", "twice", "before going back", "after going back"],
)
def test_what_came_after_a_checkpoint_counts_no_more(events: list[Event], counting: list[int]) -> None:
    assert [seq for seq, _ in still_counting(numbered(*events))] == counting


@given(st.lists(st.none() | st.integers(0, 9), max_size=10))
def test_going_back_leaves_what_counted_then(gone_back: list[int | None]) -> None:
    events: list[tuple[int, Event]] = []
    for seq, back in enumerate(gone_back, 1):
        events.append((seq, SAVED if back is None else back_to(min(back, seq - 1))))
    for at, (_, event) in enumerate(events):
        if isinstance(event, CheckpointRestored):
            then = still_counting(events[: event.seq])
            assert still_counting(events[: at + 1]) == [*then, events[at]]


def test_a_call_that_a_checkpoint_left_open_gets_a_result() -> None:
    calls = (ToolCall(id="a", name="x", arguments={}), ToolCall(id="b", name="y", arguments={}))
    asked = StepFinished(message=Message(role="assistant", parts=calls), stop="tool_use")
    done = ToolCallFinished(result=ToolResult(call_id="b", outcome="ok", text=""))
    history = messages([PROMPT, asked, done, back_to(3), PROMPT])
    outcomes = [(part.call_id, part.outcome) for part in history[-1].parts if isinstance(part, ToolResult)]
    assert outcomes == [("a", "cancelled"), ("b", "ok")]
    assert history[-1].text == "Go"


def test_going_back_to_where_no_call_was_open_says_nothing() -> None:
    said = StepFinished(message=Message(role="assistant", parts=(Text(text="Hi"),)), stop="end_turn")
    assert messages([PROMPT, said, back_to(2)]) == messages([PROMPT, said])
    assert messages([back_to(0)]) == ()


def step(*ids: str) -> StepFinished:
    parts: tuple[Part, ...] = tuple(ToolCall(id=call_id, name="x", arguments={}) for call_id in ids)
    return StepFinished(message=Message(role="assistant", parts=parts), stop="tool_use")


@given(st.lists(st.lists(st.sampled_from(["0", "1", "0-2", "0-3", ""]), max_size=4), max_size=4))
def test_no_two_calls_of_a_session_have_the_same_id(steps: list[list[str]]) -> None:
    history: list[Message] = []
    for ids in steps:
        history.append(with_own_ids(step(*ids), history).message)
    made = [call.id for message in history for call in message.calls]
    assert len(made) == len(set(made)) == sum(map(len, steps))


def test_a_call_with_an_id_of_its_own_keeps_it_and_other_parts_stay() -> None:
    said = StepFinished(
        message=Message(role="assistant", parts=(Text(text="Look"), *step("a", "b").message.parts)),
        stop="tool_use",
    )
    assert with_own_ids(said, [step("c").message]) == said


RAN = TurnStarted(
    prompt=(Text(text="! date"),),
    model="m",
    mode="ask",
    call=ToolCall(id="own", name="shell", arguments={"command": "date"}),
)


def test_what_a_person_ran_is_told_with_the_next_prompt() -> None:
    done = ToolCallFinished(result=ToolResult(call_id="own", outcome="failed", text="no such program"))
    [told] = messages([RAN, done, TurnFinished(reason="end_turn"), PROMPT])
    assert told.role == "user"
    ran, asked = [part.text for part in told.parts if isinstance(part, Text)]
    assert "date" in ran
    assert "failed" in ran
    assert "no such program" in ran
    assert asked == "Go"


def test_much_that_a_person_ran_is_told_by_its_end() -> None:
    text = "a" * 10 * LONGEST_BY_HAND + "the end"
    done = ToolCallFinished(result=ToolResult(call_id="own", outcome="ok", text=text))
    [told] = messages([RAN, done])
    assert "the end" in told.text
    assert len(told.text) < LONGEST_BY_HAND + 1000


def test_what_a_person_began_to_run_is_not_told_before_it_is_done() -> None:
    assert messages([RAN]) == ()
