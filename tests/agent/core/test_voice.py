from agent.core.events import Delta, Snapshot
from agent.core.voice import Voice


def delta(text: str, turn: str = "t", step: int = 0, attempt: int = 0, index: int = 0) -> Delta:
    return Delta(kind="text", text=text, turn_id=turn, step=step, attempt=attempt, index=index)


def test_a_voice_tells_what_it_hears() -> None:
    voice = Voice()
    said = [delta("a"), delta("b", index=1), Snapshot(turn_id="t"), delta("c", attempt=1), delta("d")]
    assert [voice.hears(one) for one in said] == ["anew", "on", "anew", "anew", "late"]
    voice.passes("t", 1)
    voice.passes("t", 0)
    assert [voice.hears(one) for one in (delta("e", attempt=2), delta("f", step=1))] == ["late", "anew"]


def test_what_was_passed_is_heard_no_more_and_a_new_turn_is() -> None:
    voice = Voice()
    voice.passes("t", 3)
    assert voice.hears(delta("a", step=2)) == "late"
    assert voice.hears(delta("b", step=3)) == "anew"
    voice.passes("s", 0)
    assert voice.hears(delta("c", step=9)) == "late"
    assert voice.hears(delta("d", turn="s")) == "anew"
    assert voice.hears(delta("e", turn="s", index=1)) == "on"
