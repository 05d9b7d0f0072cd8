from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import Event, ToolCallFinished, ToolCallStarted, TurnStarted
from agent.core.messages import File, Outcome, Text, ToolCall, ToolResult
from agent.core.taint import Intake, Taint

BRINGS: dict[str, Intake] = {
    "fetch": frozenset({"stranger"}),
    "read": frozenset({"private"}),
    "call": frozenset({"stranger", "private"}),
    "todo": frozenset(),
}


def happened(name: str, outcome: Outcome = "ok") -> list[Event]:
    call = ToolCall(id=f"c-{name}", name=name, arguments={})
    result = ToolResult(call_id=call.id, outcome=outcome, text="")
    return [
        ToolCallStarted(turn_id="t", call=call, effect="pure"),
        ToolCallFinished(turn_id="t", result=result),
    ]


def is_risky(*events: Event) -> bool:
    taint = Taint(BRINGS.__getitem__)
    for event in events:
        taint.hear(event)
    return taint.is_risky


@given(st.lists(st.sampled_from(sorted(BRINGS)), max_size=6))
def test_strangers_words_and_private_things_are_risky_together_in_any_order(names: list[str]) -> None:
    events = [event for name in names for event in happened(name)]
    taken = frozenset[str]().union(*(BRINGS[name] for name in names))
    assert is_risky(*events) == (taken == {"stranger", "private"})


def test_what_was_refused_or_stopped_brings_nothing() -> None:
    for outcome in ("rejected", "cancelled"):
        assert not is_risky(*happened("call", outcome))
    for outcome in ("failed", "unknown"):
        assert is_risky(*happened("call", outcome)), "its message may say what it read"


def test_a_file_in_a_prompt_is_private() -> None:
    prompt = (Text(text="Look"), File(media_type="text/plain", name="a.txt"))
    started = TurnStarted(turn_id="t", prompt=prompt, model="m", mode="ask")
    assert is_risky(started, *happened("fetch"))
    assert not is_risky(started.model_copy(update={"prompt": prompt[:1]}), *happened("fetch"))


def test_equal_ids_of_two_turns_are_two_calls() -> None:
    began, _ = happened("read")
    ended = ToolCallFinished(turn_id="u", result=ToolResult(call_id="c-read", outcome="ok", text=""))
    assert not is_risky(*happened("fetch"), began, ended)


def test_what_is_taken_in_beside_events_counts() -> None:
    taint = Taint(BRINGS.__getitem__)
    taint.take(frozenset({"stranger"}))
    taint.take(frozenset({"private"}))
    assert taint.is_risky
