"""What the owner of a turn changes in the log at once."""

from pathlib import Path

import pytest

from agent.core.commands import Answer, EditPrompt, Interrupt, Prompt
from agent.core.errors import NotFound
from agent.core.events import ApprovalRequested, Event, Noticed, PromptSteered, TurnFinished, TurnStarted
from agent.core.identity import User
from agent.core.messages import Text
from agent.sessions import log
from agent.sessions.log import Fenced
from agent.sessions.turns import moves
from agent.sessions.turns.approvals import asked_about
from agent.sessions.turns.engine import Run
from agent.sessions.turns.open_turns import open_runs
from agent.store.columns import new_id, now
from agent.store.engine import writing
from agent.store.sessions import ExecutorRow, SessionRow
from tests.agent.sessions.turns.world import Script, World, call, world

NOTHING = Script(())


def words(text: str) -> tuple[Text, ...]:
    return (Text(text=text),)


def key(event: Event) -> str:
    return f"{event.turn_id}/{event.type}/{getattr(event, 'prompt_id', '')}"


def ended(run: Run) -> TurnFinished:
    return TurnFinished(turn_id=run.turn_id, reason="end_turn")


async def asked(made: World) -> ApprovalRequested:
    question = asked_about(made.run.turn_id, call("write", "letter"), "no_rule")
    await log.append(made.session.id, question)
    return question


async def queue(made: World) -> list[str]:
    return (await writing(lambda store: store.get_one(SessionRow, made.session.id))).queue


async def test_the_end_of_a_turn_begins_the_next_in_the_same_breath(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        await made.say(Prompt(parts=words("And on")))
        [waiting] = await queue(made)
        stored, following = await moves.finish(made.run, ended(made.run), "k", "")
        assert [event.type for _, event in stored] == ["TurnFinished", "TurnStarted"]
        assert isinstance(started := stored[1][1], TurnStarted)
        assert (started.turn_id, started.prompt) == (waiting, words("And on"))
        assert following == Run(made.session.id, waiting)
        assert (await queue(made), await open_runs()) == ([], [following])


async def test_a_turn_that_ended_before_ends_once(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        await made.say(Prompt(parts=words("And on")))
        _, following = await moves.finish(made.run, ended(made.run), "k", "")
        before = await made.events()
        again, known = await moves.finish(made.run, ended(made.run), "k", "")
        assert [event.type for _, event in again] == ["TurnFinished"]
        assert known == following
        assert await made.events() == before


async def test_nothing_follows_where_no_prompt_waits_or_the_session_is_deleted(
    quiet: User, tmp_path: Path
) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        assert (await moves.finish(made.run, ended(made.run), "k", ""))[1] is None
    async with world(quiet, tmp_path, NOTHING) as made:
        await made.say(Prompt(parts=words("And on")))

        def delete(store: object) -> None:
            store.get_one(SessionRow, made.session.id).deleted_at = now()  # type: ignore[attr-defined]

        await writing(delete)
        stored, following = await moves.finish(made.run, ended(made.run), "k", "")
        assert ([event.type for _, event in stored], following) == (["TurnFinished"], None)


async def test_only_prompts_that_steer_leave_the_queue_for_the_running_turn(
    quiet: User, tmp_path: Path
) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        for text, steers in (("first", True), ("later", False), ("second", True)):
            await made.say(Prompt(parts=words(text), steers=steers))
        first, later, _ = await queue(made)
        await made.say(EditPrompt(prompt_id=first, parts=words("first of all"), steers=True))
        stored = await moves.steer(made.run, "", key)
        told = [event for _, event in stored if isinstance(event, PromptSteered)]
        assert [event.prompt for event in told] == [words("first of all"), words("second")]
        assert {event.turn_id for event in told} == {made.run.turn_id}
        assert await queue(made) == [later]
        assert await moves.steer(made.run, "", key) == []


async def test_a_turn_is_parked_while_its_question_is_open(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        question = await asked(made)
        stored = await moves.park(made.run, question.approval_id, "")
        assert stored
        assert isinstance(stored[0][1], Noticed)
        assert await open_runs() == []


@pytest.mark.parametrize("word", ["answer", "stop"])
async def test_a_turn_is_not_parked_when_somebody_has_just_spoken(
    quiet: User, tmp_path: Path, word: str
) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        question = await asked(made)
        answer = Answer(approval_id=question.approval_id, answer="allow_once")
        await made.say(answer if word == "answer" else Interrupt())
        assert await moves.park(made.run, question.approval_id, "") is None
        assert await open_runs() == [made.run]


async def test_a_session_that_is_gone_is_told(quiet: User) -> None:
    assert quiet
    run = Run(new_id(), new_id())
    for move in (
        moves.steer(run, "", key),
        moves.park(run, "a", ""),
        moves.finish(run, ended(run), "k", ""),
    ):
        with pytest.raises(NotFound):
            await move


async def test_a_writer_that_counts_as_dead_changes_nothing(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        await made.say(Prompt(parts=words("Quick"), steers=True))
        question = await asked(made)
        before, buried = await made.events(), new_id()
        for move in (
            moves.steer(made.run, buried, key),
            moves.park(made.run, question.approval_id, buried),
            moves.finish(made.run, ended(made.run), "k", buried),
        ):
            with pytest.raises(Fenced):
                await move
        assert await made.events() == before
        assert await open_runs() == [made.run]
        alive = ExecutorRow(beat_at=0, pid=1, started_at=0)
        await writing(lambda store: store.add(alive))
        assert await moves.park(made.run, question.approval_id, alive.id)
