"""What goes on after a restart, and what is forgotten."""

import pytest
import structlog

from agent import sessions
from agent.config import Settings
from agent.core.commands import Answer, DropPrompt
from agent.core.errors import Unavailable
from agent.core.events import (
    ApprovalRequested,
    Event,
    Noticed,
    PromptQueued,
    StepFinished,
    ToolCallFinished,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages
from agent.core.identity import Session, User
from agent.core.messages import Text
from agent.core.provider import Request
from agent.sessions import log
from agent.sessions.turns import registry
from agent.store.columns import new_id
from agent.store.engine import writing
from agent.store.sessions import EventRow
from tests.agent.sessions.puppet import Puppet, Said, step
from tests.agent.sessions.talk import asked, events, finished, say, sqlite_only, turn
from tests.agent.test_loop import assert_calls_have_one_result


async def restart(settings: Settings) -> None:
    await sessions.close()
    await sessions.wake(settings)


async def stored(user: User, happened: list[Event]) -> Session:
    """A session with this log."""
    session = await sessions.create(user, model="demo:scripted", mode="edit")
    for event in happened:
        await log.append(session.id, event)
    return session


def ends(happened: list[Event]) -> list[tuple[str, str]]:
    return [(event.reason, event.error) for event in happened if isinstance(event, TurnFinished)]


def notices(happened: list[Event]) -> list[str]:
    return [event.code for event in happened if isinstance(event, Noticed)]


async def test_a_turn_cut_off_at_any_event_goes_on_and_the_next_one_works(
    owner: User, settings: Settings
) -> None:
    session = await sessions.create(owner, model="demo:scripted", mode="edit")
    whole = await turn(owner, session, "create notes.txt with hello")
    await sessions.close()
    lengths = range(1, len(whole) + 1)
    cut = {
        turn_id: await stored(
            owner, [event.model_copy(update={"turn_id": turn_id}) for event in whole[:length]]
        )
        for length in lengths
        if (turn_id := new_id())
    }
    await sessions.wake(settings)
    for turn_id, session in cut.items():
        assert (await finished(owner, session, turn_id)).reason == "end_turn"
        assert_calls_have_one_result(messages(await events(session)))
        opened = await sessions.open(owner, session.id)
        assert not {row.status for row in opened.rows} & {"waiting", "running", "asking", "live"}
        assert ends(await turn(owner, session, "count to 1")) == [("end_turn", "")]
        assert_calls_have_one_result(messages(await events(session)))
        outcomes = [
            event.result.outcome
            for event in await events(session)
            if isinstance(event, ToolCallFinished) and event.turn_id == turn_id
        ]
        # Each copy has a workspace of its own: what was written in another's cannot be read.
        assert outcomes in (["ok", "ok"], ["ok", "failed"], ["unknown"])


async def test_a_turn_that_is_stopped_in_mid_word_says_it_anew_after_the_restart(
    owner: User, session: Session, settings: Settings
) -> None:
    turn_id = await say(owner, session, "count to 200")
    await restart(settings)
    assert (await finished(owner, session, turn_id)).reason == "end_turn"
    happened = await events(session)
    assert notices(happened) == ["restart"]
    assert [event.type for event in happened if isinstance(event, StepFinished)] == ["StepFinished"]


async def test_a_turn_that_waited_for_a_person_waits_on_after_a_restart(
    owner: User, session: Session, settings: Settings
) -> None:
    turn_id = await say(owner, session, "create notes.txt with hello")
    question = await asked(owner, session)
    for _ in range(2):
        await restart(settings)
    tools = [row for row in (await sessions.open(owner, session.id)).rows if row.kind == "tool"]
    assert [row.status for row in tools] == ["asking"]
    await sessions.submit(owner, session.id, Answer(approval_id=question.approval_id, answer="allow_once"))
    assert (await finished(owner, session, turn_id)).reason == "end_turn"
    happened = await events(session)
    assert sum(isinstance(event, ApprovalRequested) for event in happened) == 1
    assert [event.result.outcome for event in happened if isinstance(event, ToolCallFinished)] == ["ok", "ok"]


async def test_an_answer_given_while_nothing_ran_is_heard_at_the_start(
    owner: User, session: Session, settings: Settings
) -> None:
    turn_id = await say(owner, session, "create notes.txt with hello")
    question = await asked(owner, session)
    await sessions.close()
    allow = Answer(approval_id=question.approval_id, answer="allow_once")
    with pytest.raises(Unavailable):
        await sessions.prepare(owner, session.id)
    await sessions.accept(session.id, allow, owner.name)
    await sessions.wake(settings)
    assert (await finished(owner, session, turn_id)).reason == "end_turn"


async def test_prompts_that_waited_are_taken_up_in_order(
    owner: User, session: Session, settings: Settings
) -> None:
    turns = [await say(owner, session, words) for words in ("count to 300", "count to 2", "count to 3")]
    dropped = await say(owner, session, "count to 4")
    await sessions.submit(owner, session.id, DropPrompt(prompt_id=dropped))
    await restart(settings)
    assert (await finished(owner, session, turns[2])).reason == "end_turn"
    happened = await events(session)
    assert [event.turn_id for event in happened if isinstance(event, TurnStarted)] == turns
    assert ends(happened) == [("end_turn", "")] * 3
    said = [event.message.text for event in happened if isinstance(event, StepFinished)]
    assert [words.endswith(end) for words, end in zip(said[-2:], ("w1 w2", "w1 w2 w3"), strict=True)] == [
        True,
        True,
    ]


async def test_a_restart_wakes_only_who_has_something_to_do(
    owner: User, session: Session, settings: Settings
) -> None:
    await turn(owner, session, "count to 1")
    gone = await stored(owner, [PromptQueued(turn_id="t", prompt_id="t", prompt=(Text(text="Hi"),))])
    await sessions.delete(owner, gone.id)
    await restart(settings)
    assert registry.live_or_none(session.id) is None
    assert registry.live_or_none(gone.id) is None
    assert not any(isinstance(event, TurnStarted) for event in await events(gone))


@pytest.mark.parametrize("is_begun", [True, False], ids=["in_a_turn", "before_one"])
async def test_a_damaged_log_is_told_and_keeps_nobody_else_from_waking(
    owner: User,
    session: Session,
    settings: Settings,
    is_begun: bool,  # noqa: FBT001
) -> None:
    poisoned, fine = new_id(), new_id()
    queued = PromptQueued(turn_id=poisoned, prompt_id=poisoned, prompt=(Text(text="count to 1"),))
    started = TurnStarted(turn_id=poisoned, prompt=queued.prompt, model="demo:scripted", mode="ask")
    damaged = await stored(owner, [started if is_begun else queued])
    well = await stored(owner, [queued.model_copy(update={"turn_id": fine, "prompt_id": fine})])
    row = EventRow(
        session_id=damaged.id,
        seq=2,
        key="poison",
        turn_id=poisoned,
        type="PromptQueued",
        body={"type": "?"},
        at=queued.at,
    )
    await writing(lambda store: store.add(row))
    await restart(settings)
    assert (await finished(owner, well, fine)).reason == "end_turn"
    with pytest.raises(Unavailable) as told:
        await sessions.open(owner, damaged.id)
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


async def test_what_is_logged_within_a_turn_says_whose_turn_it_is(owner: User, puppet: Puppet) -> None:
    known: list[dict[str, object]] = []

    async def says_done(_request: Request) -> Said:
        known.append(dict(structlog.contextvars.get_contextvars()))
        yield step(Text(text="Done"))

    puppet.plays["logs"] = says_done
    session = await sessions.create(owner, model="puppet:logs")
    turn_id = await say(owner, session, "Hello")
    await finished(owner, session, turn_id)
    assert known[0] == {"session_id": session.id, "turn_id": turn_id, "user": owner.id}
