"""What comes back after a restart, and what is forgotten."""

import pytest

from agent import sessions
from agent.core.commands import DropPrompt
from agent.core.errors import Unavailable
from agent.core.events import Event, PromptQueued, StepFinished, TurnFinished, TurnStarted
from agent.core.history import messages
from agent.core.identity import Session, User
from agent.core.messages import Text
from agent.sessions import log, registry
from agent.store.engine import writing
from agent.store.sessions import EventRow
from tests.agent.sessions.talk import asked, events, finished, say, sqlite_only, turn
from tests.agent.test_loop import assert_calls_have_one_result


async def restart() -> None:
    await registry.close()
    await registry.wake()


async def stored(user: User, happened: list[Event]) -> Session:
    """A session with this log."""
    session = await sessions.create(user, model="demo:scripted", mode="edit")
    for event in happened:
        await log.append(session.id, event)
    return session


def ends(happened: list[Event]) -> list[tuple[str, str]]:
    return [(event.reason, event.error) for event in happened if isinstance(event, TurnFinished)]


async def test_a_turn_cut_off_at_any_event_is_mended_and_the_next_one_works(owner: User) -> None:
    session = await sessions.create(owner, model="demo:scripted", mode="edit")
    whole = await turn(owner, session, "create notes.txt with hello")
    await registry.close()
    cut = [await stored(owner, whole[:length]) for length in range(len(whole) + 1)]
    await registry.wake()
    for length, session in enumerate(cut):
        happened = await events(session)
        assert ends(happened) == {0: [], len(whole): [("end_turn", "")]}.get(length, [("error", "restart")])
        assert_calls_have_one_result(messages(happened))
        opened = await sessions.open(owner, session.id)
        assert not {row.status for row in opened.rows} & {"waiting", "running", "asking", "live"}
        assert ends(await turn(owner, session, "count to 1")) == [("end_turn", "")]
        assert_calls_have_one_result(messages(await events(session)))


async def test_a_turn_that_waited_for_a_person_is_closed_at_a_restart(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, "create notes.txt with hello")
    await asked(owner, session)
    await restart()
    assert (await finished(owner, session, turn_id)).error == "restart"
    assert [row.status for row in (await sessions.open(owner, session.id)).rows if row.kind == "tool"] == [
        "cancelled"
    ]


async def test_prompts_that_waited_are_taken_up_in_order(owner: User, session: Session) -> None:
    turns = [
        await say(owner, session, words) for words in ("count to 5000 slowly", "count to 2", "count to 3")
    ]
    dropped = await say(owner, session, "count to 4")
    await sessions.submit(owner, session.id, DropPrompt(prompt_id=dropped))
    await restart()
    assert (await finished(owner, session, turns[2])).reason == "end_turn"
    happened = await events(session)
    assert [event.turn_id for event in happened if isinstance(event, TurnStarted)] == turns
    assert ends(happened) == [("error", "restart"), ("end_turn", ""), ("end_turn", "")]
    said = [event.message.text for event in happened if isinstance(event, StepFinished)]
    assert [words.endswith(end) for words, end in zip(said[-2:], ("w1 w2", "w1 w2 w3"), strict=True)] == [
        True,
        True,
    ]


async def test_a_restart_wakes_only_who_has_something_to_do(owner: User, session: Session) -> None:
    await turn(owner, session, "count to 1")
    gone = await stored(owner, [PromptQueued(turn_id="t", prompt_id="t", prompt=(Text(text="Hi"),))])
    await sessions.delete(owner, gone.id)
    await restart()
    assert registry.live_or_none(session.id) is None
    assert registry.live_or_none(gone.id) is None


async def test_a_damaged_log_is_told_and_keeps_nobody_else_from_waking(owner: User, session: Session) -> None:
    queued = PromptQueued(turn_id="t", prompt_id="t", prompt=(Text(text="count to 1"),))
    damaged = await stored(owner, [queued])
    well = await stored(owner, [queued.model_copy(update={"turn_id": "u", "prompt_id": "u"})])
    row = EventRow(
        session_id=damaged.id,
        seq=2,
        key="poison",
        turn_id="",
        type="Noticed",
        body={"type": "?"},
        at=queued.at,
    )
    await writing(lambda store: store.add(row))
    await restart()
    assert (await finished(owner, well, "u")).reason == "end_turn"
    for ask in (sessions.open(owner, damaged.id), say(owner, damaged, "Hi")):
        with pytest.raises(Unavailable) as told:
            await ask
        assert told.value.code == "event_damaged"
        assert told.value.values == {"session_id": damaged.id, "seq": 2}
    assert ends(await turn(owner, session, "count to 1")) == [("end_turn", "")]


@sqlite_only
async def test_idle_sessions_are_forgotten_and_come_back(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_IDLE", 2)
    made = [await sessions.create(owner, model="demo:scripted") for _ in range(4)]
    for session in made:
        await turn(owner, session, "count to 1")
    kept = [session.id for session in made if registry.live_or_none(session.id)]
    assert len(kept) <= 3
    assert made[0].id not in kept
    await turn(owner, made[0], "count to 2")
    assert ends(await events(made[0])) == [("end_turn", ""), ("end_turn", "")]
