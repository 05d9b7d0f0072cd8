import pytest

from agent import sessions
from agent.core.errors import NotFound
from agent.core.events import Event, StepFinished, ToolCallFinished, ToolCallStarted, TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import Message, Outcome, Text, ToolCall, ToolResult
from agent.sessions import log, tracing
from agent.store.columns import new_id
from tests.agent.sessions.talk import turn

STRANGER = User(id=new_id(), email="bob@example.org", name="Bob", provider="test")


def called(turn_id: str, name: str, outcome: Outcome = "ok", call_id: str = "") -> list[Event]:
    call = ToolCall(id=call_id or new_id(), name=name, arguments={"path": "a"})
    result = ToolResult(call_id=call.id, outcome=outcome, text=f"{name} said")
    return [
        ToolCallStarted(turn_id=turn_id, call=call, effect="once"),
        ToolCallFinished(turn_id=turn_id, result=result),
    ]


def started(turn_id: str) -> TurnStarted:
    return TurnStarted(turn_id=turn_id, prompt=(Text(text="Go"),), model="demo:scripted", mode="ask")


async def tell(session: Session, *events: Event) -> None:
    for event in events:
        await log.append(session.id, event)


async def test_the_calls_that_changed_files_are_found_in_order(owner: User, session: Session) -> None:
    first, last = new_id(), new_id()
    await tell(session, started(first), *called(first, "edit"), *called(first, "grep"))
    await tell(session, started(last), *called(last, "write_file", "failed"))
    found = await sessions.edits(owner, session.id)
    assert [(row.title, row.turn_id, row.status, row.text) for row in found.calls] == [
        ("edit", first, "ok", "edit said"),
        ("write_file", last, "failed", "write_file said"),
    ]
    assert (found.last_turn, found.is_whole) == (last, True)


async def test_a_call_that_still_runs_has_changed_nothing_yet(owner: User, session: Session) -> None:
    own = new_id()
    await tell(session, started(own), called(own, "edit")[0])
    assert (await sessions.edits(owner, session.id)).calls == ()


async def test_of_very_many_changes_the_newest_are_given(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MOST_EDITS", 2)
    monkeypatch.setattr(tracing, "AT_ONCE", 1)
    own = new_id()
    await tell(
        session, started(own), *(each for n in range(3) for each in called(own, "edit", call_id=f"{n}"))
    )
    found = await sessions.edits(owner, session.id)
    assert ([row.call_id for row in found.calls], found.is_whole) == (["1", "2"], False)


async def test_a_session_without_turns_has_nothing_to_tell(owner: User, session: Session) -> None:
    assert (await sessions.traced(owner, session.id)).turns == ()
    assert (await sessions.edits(owner, session.id)).last_turn == ""


async def test_a_turn_that_ran_is_told_with_its_spans(owner: User, session: Session) -> None:
    first = (await turn(owner, session, "count to 2"))[0].turn_id
    last = (await turn(owner, session, "list files"))[0].turn_id
    found = await sessions.traced(owner, session.id)
    assert (found.turn_id, found.turns) == (last, (first, last))
    assert [span.kind for span in found.spans] == ["model", "tool", "model"]
    assert all(span.seconds is not None for span in found.spans)
    earlier = await sessions.traced(owner, session.id, first)
    assert [span.name for span in earlier.spans] == ["demo:scripted"]
    with pytest.raises(NotFound, match="turn"):
        await sessions.traced(owner, session.id, new_id())


async def test_an_event_is_found_by_its_number(owner: User, session: Session) -> None:
    said = StepFinished(turn_id="t", message=Message(role="assistant", parts=()), stop="end_turn")
    await tell(session, started("t"), said)
    assert await sessions.happened(owner, session.id, 2) == said
    for nowhere in (0, 3, 10**15):
        with pytest.raises(NotFound, match="event"):
            await sessions.happened(owner, session.id, nowhere)


async def test_what_a_call_gave_back_is_found_by_its_id(owner: User, session: Session) -> None:
    await tell(session, started("t"), *called("t", "grep", call_id="c"))
    assert await sessions.result(owner, session.id, "c") == "grep said"
    other = await sessions.create(owner, model="demo:scripted")
    for session_id, call_id in ((session.id, "d"), (other.id, "c")):
        with pytest.raises(NotFound, match="call"):
            await sessions.result(owner, session_id, call_id)


async def test_another_persons_session_tells_nothing(session: Session) -> None:
    for asked in (
        sessions.edits(STRANGER, session.id),
        sessions.traced(STRANGER, session.id),
        sessions.happened(STRANGER, session.id, 1),
        sessions.result(STRANGER, session.id, "c"),
    ):
        with pytest.raises(NotFound, match="session"):
            await asked
