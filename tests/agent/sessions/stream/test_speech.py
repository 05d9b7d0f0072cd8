from agent.core.events import Delta, Said, Snapshot
from agent.sessions.stream.bus import bus
from agent.sessions.stream.speech import Speech


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
