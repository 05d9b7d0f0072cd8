import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.loops import CLOSE, Loop, LoopGuard
from agent.core.messages import ToolCall

SENTENCE = "I will now have a look at the configuration file. "
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def call(name: str = "read_file", **arguments: Any) -> ToolCall:
    return ToolCall(id="1", name=name, arguments=arguments)


def called(guard: LoopGuard, *calls: ToolCall) -> list[Loop | None]:
    return [guard.called(each) for each in calls]


def test_the_fifth_equal_call_is_a_loop() -> None:
    loops = called(LoopGuard(), *[call(path="a")] * 5)
    assert loops == [None] * 4 + [Loop(seen=1, tools=("read_file",))]


def test_the_order_of_arguments_makes_no_call_another() -> None:
    guard = LoopGuard()
    called(guard, *[call(path="a", limit=1), call(limit=1, path="a")] * 2)
    assert guard.called(call(path="a", limit=1))


def test_calls_that_differ_are_no_loop() -> None:
    assert not any(called(LoopGuard(), *[call(offset=number) for number in range(100)]))
    assert not any(called(LoopGuard(), *[call(path=path) for path in (True, 1, 1.0, "1") * 2]))
    odd = [ToolCall(id="1", name="edit", arguments={}, malformed=text) for text in "abcdefgh"]
    assert not any(called(LoopGuard(), *odd))


@pytest.mark.parametrize("length", range(2, 6))
def test_a_cycle_is_a_loop_the_fifth_time(length: int) -> None:
    cycle = [call(f"tool{number}") for number in range(length)]
    loops = called(LoopGuard(), *cycle * 5)
    assert not any(loops[:-1])
    assert loops[-1]
    assert sorted(loops[-1].tools) == [each.name for each in cycle]


def test_a_longer_cycle_is_none() -> None:
    assert not any(called(LoopGuard(), *[call(path=path) for path in "abcdef"] * 10))


def test_words_between_equal_calls_do_not_hide_the_loop() -> None:
    guard = LoopGuard()
    for number in range(4):
        assert not guard.called(call())
        assert not guard.said(f"Attempt {number}.")
    assert guard.called(call())


def test_words_repeated_ten_times_are_a_loop() -> None:
    guard = LoopGuard()
    assert not guard.said(SENTENCE * 9)
    loop = guard.said(SENTENCE)
    assert loop
    assert loop.text in SENTENCE * 2
    assert loop.tools == ()


@pytest.mark.parametrize("period", [1, 2, 7, 49, 51, 100, 400, CLOSE])
def test_a_loop_of_any_length_is_seen(period: int, rng: random.Random) -> None:
    once = "".join(rng.choices(LETTERS, k=period))
    assert LoopGuard().said("Once upon a time " + once * (1 + 11 * max(1, -(-50 // period))))


def test_two_sentences_in_any_order_are_a_loop(rng: random.Random) -> None:
    other = "Let me check whether the server is running once more. "
    assert LoopGuard().said("".join(rng.choices([SENTENCE, other], k=60)))


def test_words_that_go_on_are_no_loop() -> None:
    lines = [f"{SENTENCE}This time it is number {number}. " for number in range(200)]
    assert not LoopGuard().said("".join(lines))


def test_one_new_word_lets_the_count_begin_again() -> None:
    assert not LoopGuard().said(SENTENCE * 9 + "Ah. " + SENTENCE * 9)
    assert LoopGuard().said(SENTENCE * 9 + "Ah. " + SENTENCE * 11)


def test_words_far_apart_are_no_loop(rng: random.Random) -> None:
    apart = "".join(rng.choices(LETTERS, k=CLOSE))
    assert not LoopGuard().said((SENTENCE + apart) * 12)


@pytest.mark.parametrize(
    "line",
    [
        *["* item", "  - item", "+ item", "12. item", "3) item", "# Title", "###### Title", "> quote"],
        *["| a | b |", "+---+---+", "```python\nx\n```", "~~~\nx\n~~~"],
    ],
)
def test_a_line_with_a_form_of_its_own_lets_the_count_begin_again(line: str) -> None:
    part = f"{line}\n{SENTENCE * 6}\n"
    assert not LoopGuard().said(part * 30)


@pytest.mark.parametrize("line", ["*bold* words", "a - b", "1.5 is it", "#hashtag", "-x", "`code`"])
def test_a_line_that_only_looks_like_one_does_not(line: str) -> None:
    assert LoopGuard().said(f"{line} and so on for some forty-odd characters\n" * 12)


def test_what_is_fenced_may_repeat_itself() -> None:
    guard = LoopGuard()
    assert not guard.said("```\n" + SENTENCE * 50 + "\n~~~\n" + SENTENCE * 50)
    assert not guard.said("\n```\n")
    assert guard.said(SENTENCE * 10)


def test_a_row_of_dots_is_no_loop_at_once() -> None:
    assert not LoopGuard().said("." * 250)
    assert LoopGuard().said("." * 500)


def test_a_drawn_line_is_no_loop() -> None:
    assert not LoopGuard().said("-" * 2000 + "\n" + "═" * 2000)


def test_a_call_lets_the_words_begin_again() -> None:
    guard = LoopGuard()
    guard.said(SENTENCE * 9)
    guard.called(call())
    assert not guard.said(SENTENCE * 9)


def test_a_loop_is_told_until_the_model_goes_on() -> None:
    guard = LoopGuard()
    guard.said(SENTENCE * 10)
    assert guard.called(call()) == guard.said("What?")
    guard.go_on()
    assert not guard.said(SENTENCE * 9)
    second = guard.said(SENTENCE)
    assert second
    assert second.seen == 2


def test_a_guard_that_is_off_says_nothing() -> None:
    guard = LoopGuard()
    guard.is_on = False
    assert not guard.said(SENTENCE * 20)
    assert not any(called(guard, *[call()] * 9))


@given(st.lists(st.integers(1, 120), max_size=30))
def test_how_the_text_is_cut_makes_no_difference(sizes: list[int]) -> None:
    text = f"Well.\n* {SENTENCE * 3}\n```\n{SENTENCE * 12}\n```\n{SENTENCE * 11}"
    guard, at, last = LoopGuard(), 0, None
    for size in sizes:
        last = guard.said(text[at : at + size])
        at += size
    assert (guard.said(text[at:]) or last) == LoopGuard().said(text)


def test_memory_and_time_do_not_grow(rng: random.Random) -> None:
    guard = LoopGuard()
    text = "".join(rng.choices(LETTERS, k=200_000))
    began = time.process_time()
    for at in range(0, len(text), 5):
        assert not guard.said(text[at : at + 5])
    assert time.process_time() - began < 10
    assert len(guard._words._places) <= 2 * CLOSE
    assert sys.getsizeof(guard._words._tail) < 10_000


def heard(guard: LoopGuard, event: dict[str, Any]) -> Loop | None:
    match event["type"]:
        case "tool_call":
            return guard.called(call(event["name"], **event["args"]))
        case "text":
            return guard.said(event["text"])
        case "clear_detection":
            guard.go_on()
        case "disable":
            guard.is_on = False
        case _:
            pass
    return None


def counts(row: dict[str, Any]) -> list[int]:
    """The number of detections reported after each event."""
    guard, reported = LoopGuard(), list[int]()
    guard.is_on = row["enabled"]
    for event in row["events"]:
        for _ in range(event.get("repeat", 1)):
            if event["type"] == "reset":
                guard = LoopGuard()
            loop = heard(guard, event)
            reported.append(loop.seen if loop else 0)
    return reported


def test_what_others_see_is_seen(acceptance_data: Path) -> None:
    rows = [
        json.loads(line)
        for line in (acceptance_data / "cases" / "loop_detection.jsonl").read_text().splitlines()
    ]
    assert len(rows) > 10
    for row in rows:
        reported = counts(row)
        assert any(reported) == row["detected"], row["id"]
        for check in row["checks"]:
            after = check["after_event"]
            at = reported if after == "every" else reported[after - 1 : after]
            assert set(at) == {check["count"]}, (row["id"], after)
