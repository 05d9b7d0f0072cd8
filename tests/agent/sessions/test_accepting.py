"""Commands: each is done once and as a whole, or refused and nothing is stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import sessions
from agent.core.commands import Answer, Command, DropPrompt, EditPrompt, Interrupt, Prompt, Shell
from agent.core.errors import Conflict, Invalid, LimitReached, NotFound
from agent.core.events import (
    ApprovalGiven,
    Event,
    Noticed,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages
from agent.core.identity import Session, User
from agent.core.messages import File, Text, ToolCall
from agent.core.transcript import fold
from agent.sessions.accepting import MOST_WAITING, accept
from agent.sessions.turns import moves
from agent.sessions.turns.engine import Run
from agent.store.columns import new_id
from agent.store.engine import reading
from agent.store.sessions import SessionRow
from tests.agent.sessions.puppet import Gate, Puppet, step
from tests.agent.sessions.talk import asked, events, finished, prompt, say, sqlite_only, turn
from tests.agent.test_loop import assert_calls_have_one_result

LOOK = step(ToolCall(id="c", name="list_directory", arguments={"path": "."}), stop="tool_use")
WRITE = step(
    ToolCall(id="c", name="write_file", arguments={"path": "a.txt", "content": "a"}), stop="tool_use"
)


@dataclass
class Held:
    """A session whose turn waits in its first step until the gate is opened."""

    session: Session
    turn_id: str
    gate: Gate
    puppet: Puppet

    @property
    def told(self) -> list[str]:
        """The words of people, of all requests to the model, each once and in order."""
        words = (
            part.text
            for request in self.puppet.requests
            for message in request.messages
            for part in message.parts
            if message.role == "user" and isinstance(part, Text)
        )
        return list(dict.fromkeys(words))


@pytest.fixture
async def held(owner: User, puppet: Puppet, request: pytest.FixtureRequest) -> AsyncIterator[Held]:
    gate = Gate(*getattr(request, "param", ()))
    puppet.plays["waits"] = gate.play
    session = await sessions.create(owner, model="puppet:waits")
    turn_id = await say(owner, session, "first")
    async with asyncio.timeout(20):
        await gate.reached.wait()
    yield Held(session, turn_id, gate, puppet)
    gate.opened.set()


async def ask(user: User, session: Session, command: Command, command_id: str = "") -> str:
    return (await sessions.submit(user, session.id, command, command_id))[0]


def edited(prompt_id: str, text: str, *, steers: bool = False) -> EditPrompt:
    return EditPrompt(prompt_id=prompt_id, parts=(Text(text=text),), steers=steers)


def steering(text: str) -> Prompt:
    return Prompt(parts=(Text(text=text),), steers=True)


def kinds(happened: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in happened if isinstance(event, kind)]


async def test_waiting_prompts_are_told_in_their_order(owner: User, held: Held) -> None:
    waiting = [await say(owner, held.session, text) for text in ("second", "third", "fourth")]
    held.gate.opened.set()
    await finished(owner, held.session, waiting[-1])
    assert held.told == ["first", "second", "third", "fourth"]
    assert [event.turn_id for event in kinds(await events(held.session), TurnStarted)] == [
        held.turn_id,
        *waiting,
    ]


async def test_an_edited_prompt_is_told_with_its_newest_words_and_keeps_its_place(
    owner: User, held: Held
) -> None:
    second, third = [await say(owner, held.session, text) for text in ("second", "third")]
    for words in ("2nd", "no. 2"):
        assert await ask(owner, held.session, edited(second, words)) == second
    held.gate.opened.set()
    await finished(owner, held.session, third)
    assert held.told == ["first", "no. 2", "third"]
    with pytest.raises(Conflict, match="prompt_started"):
        await ask(owner, held.session, edited(second, "too late"))


async def test_a_dropped_prompt_is_told_to_nobody(owner: User, held: Held) -> None:
    second, third = [await say(owner, held.session, text) for text in ("second", "third")]
    await ask(owner, held.session, DropPrompt(prompt_id=second))
    for gone in (second, held.turn_id, new_id(), "", "\0"):
        with pytest.raises(Conflict, match="prompt_started"):
            await ask(owner, held.session, DropPrompt(prompt_id=gone))
    held.gate.opened.set()
    await finished(owner, held.session, third)
    assert held.told == ["first", "third"]


@pytest.mark.parametrize("held", [(LOOK,)], indirect=True)
async def test_a_prompt_that_steers_is_told_between_two_steps(owner: User, held: Held) -> None:
    later = await say(owner, held.session, "later")
    steers = await ask(owner, held.session, steering("left!"))
    held.gate.opened.set()
    await finished(owner, held.session, later)
    happened = await events(held.session)
    [steered] = kinds(happened, PromptSteered)
    assert (steered.turn_id, steered.prompt_id) == (held.turn_id, steers)
    assert [event.turn_id for event in kinds(happened, TurnStarted)] == [held.turn_id, later]
    result, words = held.puppet.requests[1].messages[-1].parts
    assert (result.type, words) == ("ToolResult", Text(text="left!"))
    assert_calls_have_one_result(messages(happened))


async def test_a_prompt_that_steers_is_a_turn_when_no_step_follows(owner: User, held: Held) -> None:
    steers = await ask(owner, held.session, steering("left!"))
    held.gate.opened.set()
    await finished(owner, held.session, steers)
    happened = await events(held.session)
    assert [event.turn_id for event in kinds(happened, TurnStarted)] == [held.turn_id, steers]
    assert not kinds(happened, PromptSteered)
    assert held.told == ["first", "left!"]


async def test_a_prompt_that_steers_with_nothing_to_steer_begins_a_turn(
    owner: User, session: Session
) -> None:
    turn_id = await ask(owner, session, steering("count to 1"))
    assert (await finished(owner, session, turn_id)).reason == "end_turn"


@pytest.mark.parametrize("held", [(LOOK,)], indirect=True)
async def test_whether_a_prompt_steers_can_be_changed_while_it_waits(owner: User, held: Held) -> None:
    now, later = [await ask(owner, held.session, command) for command in (prompt("now"), steering("later"))]
    await ask(owner, held.session, edited(now, "right now", steers=True))
    await ask(owner, held.session, edited(later, "later"))
    held.gate.opened.set()
    await finished(owner, held.session, later)
    assert [event.prompt_id for event in kinds(await events(held.session), PromptSteered)] == [now]
    assert held.told == ["first", "right now", "later"]


async def test_an_interrupt_is_one_however_often_it_is_sent(owner: User, held: Held) -> None:
    interrupts = [Interrupt(), Interrupt(turn_id=held.turn_id), Interrupt()]
    turns = [
        await ask(owner, held.session, interrupts[0]),
        *await asyncio.gather(*(ask(owner, held.session, command) for command in interrupts)),
    ]
    assert turns[0] == held.turn_id
    assert set(turns) <= {held.turn_id, ""}  # the turn may have ended meanwhile
    assert (await finished(owner, held.session, held.turn_id)).reason == "cancelled"
    assert await ask(owner, held.session, Interrupt(turn_id=held.turn_id)) == ""
    [stopping] = kinds(await events(held.session), Noticed)
    assert (stopping.code, stopping.values, stopping.turn_id) == (
        "stopping",
        {"by": owner.name},
        held.turn_id,
    )


async def test_an_interrupt_of_another_turn_stops_nothing(owner: User, held: Held) -> None:
    second = await say(owner, held.session, "second")
    for other in (second, new_id(), "\0"):
        assert await ask(owner, held.session, Interrupt(turn_id=other)) == held.turn_id
    held.gate.opened.set()
    for turn_id in (held.turn_id, second):
        assert (await finished(owner, held.session, turn_id)).reason == "end_turn"


@pytest.mark.parametrize("held", [(WRITE,)], indirect=True)
async def test_the_first_answer_counts_and_others_are_refused(owner: User, held: Held) -> None:
    held.gate.opened.set()
    question = await asked(owner, held.session)
    answers = [
        Answer(approval_id=question.approval_id, answer=answer)
        for answer in ("reject_once", "allow_once", "allow_always", "reject_always")
    ]
    told = await asyncio.gather(
        *(ask(owner, held.session, answer) for answer in answers), return_exceptions=True
    )
    await finished(owner, held.session, held.turn_id)
    [given] = kinds(await events(held.session), ApprovalGiven)
    assert [answer.answer for answer, said in zip(answers, told, strict=True) if said == held.turn_id] == [
        given.answer
    ]
    refused = [said for said in told if isinstance(said, BaseException)]
    assert [(type(said), said.args) for said in refused] == [(Conflict, ("approval_closed",))] * 3


@pytest.mark.parametrize("held", [(WRITE,)], indirect=True)
async def test_an_answer_to_no_open_question_is_refused(owner: User, held: Held) -> None:
    held.gate.opened.set()
    question = await asked(owner, held.session)
    for wrong in (new_id(), "", "\0", question.call.id):
        with pytest.raises(Conflict, match="approval_closed"):
            await ask(owner, held.session, Answer(approval_id=wrong, answer="allow_once"))
    await ask(owner, held.session, Interrupt())
    await finished(owner, held.session, held.turn_id)
    late = Answer(approval_id=question.approval_id, answer="allow_once")
    with pytest.raises(Conflict, match="approval_closed"):
        await ask(owner, held.session, late)
    next_turn = await turn(owner, held.session, "again")
    assert next_turn[-1].type == "TurnFinished"
    with pytest.raises(Conflict, match="approval_closed"):
        await ask(owner, held.session, late)


@pytest.mark.parametrize("kind", ["prompt", "edit", "drop", "interrupt"])
async def test_a_command_with_an_id_is_done_once_whoever_sends_it_at_one_instant(
    owner: User, held: Held, kind: str
) -> None:
    second = await say(owner, held.session, "second")
    command: Command = {
        "prompt": prompt("third"),
        "edit": edited(second, "2nd"),
        "drop": DropPrompt(prompt_id=second),
        "interrupt": Interrupt(),
    }[kind]
    before = len(await events(held.session))
    told = await asyncio.gather(*(sessions.submit(owner, held.session.id, command, "one") for _ in range(8)))
    assert len(set(told)) == 1
    assert await sessions.submit(owner, held.session.id, command, "one") == told[0]
    added = (await events(held.session))[before:]
    wanted = {"drop": PromptDropped, "interrupt": Noticed}.get(kind, PromptQueued)
    assert len(kinds(added, wanted)) == 1


async def test_an_interrupt_sent_again_later_does_not_stop_the_next_turn(owner: User, held: Held) -> None:
    stopped = await sessions.submit(owner, held.session.id, Interrupt(), "stop")
    await finished(owner, held.session, held.turn_id)
    held.gate.opened.clear()
    second = await say(owner, held.session, "second")
    assert await sessions.submit(owner, held.session.id, Interrupt(), "stop") == stopped
    held.gate.opened.set()
    assert (await finished(owner, held.session, second)).reason == "end_turn"


async def test_so_many_prompts_may_wait_and_no_more(owner: User, held: Held) -> None:
    waiting = [await say(owner, held.session, f"{number}") for number in range(MOST_WAITING)]
    with pytest.raises(LimitReached) as refused:
        await say(owner, held.session, "one more")
    assert (refused.value.code, refused.value.values) == ("queue_full", {"most": MOST_WAITING})
    assert len(kinds(await events(held.session), PromptQueued)) == MOST_WAITING
    await ask(owner, held.session, edited(waiting[0], "still editable"))
    await ask(owner, held.session, DropPrompt(prompt_id=waiting[0]))
    await say(owner, held.session, "one more")


@pytest.mark.parametrize("text", ["", " ", "\n\t\r ", "\u2003"])
async def test_a_prompt_that_says_nothing_is_refused(owner: User, held: Held, text: str) -> None:
    second = await say(owner, held.session, "second")
    before = await events(held.session)
    for command in (prompt(text), steering(text), edited(second, text)):
        with pytest.raises(Invalid, match="empty_prompt"):
            await ask(owner, held.session, command, "one")
    assert await events(held.session) == before


async def test_a_file_alone_is_a_prompt_and_names_the_session(owner: User, session: Session) -> None:
    picture = File(media_type="image/png", data="", name="a.png")
    await finished(owner, session, await ask(owner, session, Prompt(parts=(picture,))))
    assert (await sessions.get(owner, session.id)).name == "[a.png]"


async def test_a_refused_prompt_names_nothing(owner: User, held: Held) -> None:
    await sessions.change(owner, held.session.id, name="Mine")
    second = await say(owner, held.session, "second")
    await ask(owner, held.session, edited(second, "other words"))
    assert (await sessions.get(owner, held.session.id)).name == "Mine"


async def test_a_deleted_session_takes_no_command_and_its_waiting_prompts_never_run(
    owner: User, held: Held
) -> None:
    second = await say(owner, held.session, "second")
    await sessions.delete(owner, held.session.id)
    commands = [prompt("Hi"), edited(second, "x"), DropPrompt(prompt_id=second), Interrupt()]
    for command in (*commands, Answer(approval_id="a", answer="allow_once")):
        with pytest.raises(NotFound):
            await ask(owner, held.session, command)
        if not isinstance(command, Interrupt):
            with pytest.raises(NotFound):
                await accept(held.session.id, command, owner.name)
    happened = await _settled(held)
    assert [event.turn_id for event in kinds(happened, TurnStarted)] == [held.turn_id]
    assert kinds(happened, TurnFinished)[0].reason == "cancelled"
    assert [event.prompt_id for event in kinds(happened, PromptDropped)] == [second]


async def _settled(held: Held) -> list[Event]:
    """What has happened once no turn is open and no prompt waits, asked of the database."""
    async with asyncio.timeout(20):
        while await _row(held.session) != (None, []):  # noqa: ASYNC110  nobody may follow it any more
            await asyncio.sleep(0.01)
    return await events(held.session)


async def _row(session: Session) -> tuple[str | None, list[str]]:
    def work(store: Any) -> tuple[str | None, list[str]]:
        row = store.get_one(SessionRow, session.id)
        return row.turn_id, row.queue

    return await reading(work)


@pytest.mark.usefixtures("owner")
async def test_a_session_that_is_not_there_takes_no_command() -> None:
    for command in (prompt("Hi"), Interrupt(), DropPrompt(prompt_id="p")):
        with pytest.raises(NotFound):
            await accept(new_id(), command, "me", "key")


Deed = tuple[str, int]
"""What a person or the turn's owner does, and to which of the prompts so far."""
DEEDS: st.SearchStrategy[list[Deed]] = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "prompt",
                "prompt",
                "steers",
                "edit",
                "edit_steers",
                "drop",
                "interrupt",
                "steer",
                "finish",
                "finish",
            ]
        ),
        st.integers(0, 20),
    ),
    max_size=25,
)


async def _do(session: Session, deed: str, known: list[str], which: int) -> None:
    chosen = known[which % len(known)] if known else new_id()
    turn_id, _ = await _row(session)
    run = Run(session.id, turn_id or "")
    commands: dict[str, Command] = {
        "prompt": prompt("x"),
        "steers": steering("x"),
        "edit": edited(chosen, "y"),
        "edit_steers": edited(chosen, "y", steers=True),
        "drop": DropPrompt(prompt_id=chosen),
        "interrupt": Interrupt(),
    }
    if deed in commands:
        accepted = await accept(session.id, commands[deed], "me")
        if deed in {"prompt", "steers"}:
            known.append(accepted.turn_id)
    elif turn_id and deed == "steer":
        await moves.steer(run, "", lambda _: new_id())
    elif turn_id:
        await moves.finish(run, TurnFinished(turn_id=turn_id, reason="end_turn"), new_id(), "")


@sqlite_only
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(deeds=DEEDS)
async def test_the_row_says_of_turn_and_queue_what_the_log_says(owner: User, deeds: list[Deed]) -> None:
    session = await sessions.create(owner)
    known: list[str] = []
    for deed, which in deeds:
        with suppress(Conflict):
            await _do(session, deed, known, which)
        shown = fold(await events(session))
        assert await _row(session) == (shown.turn_id or None, list(shown.queue))
    assert (await sessions.get(owner, session.id)).last_seq == len(await events(session))


async def test_a_command_line_waits_for_nothing_and_names_its_session(owner: User, held: Held) -> None:
    with pytest.raises(Conflict, match="turn_open"):
        await accept(held.session.id, Shell(line="date"), "me")
    fresh = await sessions.create(owner, model="puppet:waits")
    with pytest.raises(Invalid, match="empty_line"):
        await accept(fresh.id, Shell(line="   "), "me")
    accepted = await accept(fresh.id, Shell(line=" date \n"), "me")
    [started] = await events(fresh)
    assert isinstance(started, TurnStarted)
    assert started.call is not None
    assert (started.call.name, started.call.arguments) == ("shell", {"command": "date"})
    assert accepted.begun == Run(fresh.id, started.turn_id)
    assert (await sessions.get(owner, fresh.id)).name == "date"
