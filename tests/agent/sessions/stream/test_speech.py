from agent.core.events import Delta, Said, Snapshot
from agent.core.transcript import MOST_OUTPUT
from agent.sessions.stream.bus import bus
from agent.sessions.stream.speech import OUTPUT_PIECES, Speech


async def test_deltas_are_numbered_and_heard() -> None:
    subscription = await bus.subscribe("s")
    speech = Speech("s", "t", 2, 1)
    for word in ("a", "b"):
        speech.say(Delta(kind="text", text=word))
    await bus.leave(subscription)
    assert [event for _, event in subscription.take()] == [
        Delta(kind="text", text=word, turn_id="t", step=2, attempt=1, index=index)
        for index, word in enumerate("ab")
    ]
    assert speech.snapshot() == Snapshot(
        turn_id="t", step=2, attempt=1, index=1, said=(Said(kind="text", text="ab"),)
    )


def test_nothing_said_has_no_index() -> None:
    assert Speech("s", "t", 0).snapshot().index == -1


def test_what_was_broken_off_keeps_the_words_and_nothing_half_made() -> None:
    speech = Speech("s", "t", 0)
    for kind, text in (("thinking", "Hm"), ("text", "Look"), ("arguments", '{"a')):
        speech.say(Delta.model_validate({"kind": kind, "text": text}))
    step = speech.broken_off("cancelled")
    assert (step.stop, step.message.text, len(step.message.parts)) == ("cancelled", "Look", 1)


def test_blanks_are_no_words() -> None:
    speech = Speech("s", "t", 0)
    speech.say(Delta(kind="text", text=" \n"))
    assert speech.broken_off("cancelled").message.parts == ()


def output(text: str, call_id: str = "c") -> Delta:
    return Delta(kind="output", text=text, call_id=call_id)


def test_the_output_of_a_call_with_its_result_is_told_to_nobody_who_comes_later() -> None:
    speech = Speech("s", "t", 1)
    speech.say(output("one"))
    speech.say(output("other", "d"))
    speech.forget("c")
    assert speech.snapshot().said == (Said(kind="output", text="other", call_id="d"),)
    assert speech.snapshot().index == 1


def test_of_much_output_the_end_is_kept_and_the_words_are_whole() -> None:
    speech = Speech("s", "t", 1)
    speech.say(Delta(kind="text", text="word " * 2000))
    for _ in range(OUTPUT_PIECES):
        speech.say(output("x" * 1000))
    told = speech.snapshot()
    words, end = told.said
    assert (words.kind, len(words.text)) == ("text", 10_000)
    assert (end.kind, len(end.text)) == ("output", MOST_OUTPUT + 1000)
    assert told.index == OUTPUT_PIECES


def test_it_knows_how_long_it_was_heard_thinking() -> None:
    speech = Speech("s", "t", 0)
    speech.say(Delta(kind="thinking", text="Hm"))
    assert speech.thought_for is None, "it thinks still"
    speech.say(Delta(kind="text", text="Look"))
    first = speech.thought_for
    assert first is not None
    assert first >= 0
    speech.say(Delta(kind="thinking", text="Again"))
    speech.say(Delta(kind="text", text="Done"))
    assert speech.thought_for == first
    silent = Speech("s", "t", 0)
    silent.say(Delta(kind="text", text="Look"))
    assert silent.thought_for is None
