"""Which turns somebody should be working on."""

from pathlib import Path

from agent.core.commands import Prompt
from agent.core.events import PromptQueued, TurnFinished
from agent.core.identity import User
from agent.core.messages import Text
from agent.sessions import log, rows
from agent.sessions.turns import open_turns
from agent.sessions.turns.engine import Run
from agent.store.columns import new_id
from tests.agent.sessions.turns.world import Script, World, world

NOTHING = Script(())


async def end(made: World) -> None:
    await log.append(made.session.id, TurnFinished(turn_id=made.run.turn_id, reason="end_turn"))


async def queued(made: World) -> str:
    turn_id = new_id()
    event = PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=(Text(text="Hi"),))
    await log.append(made.session.id, event)
    return turn_id


async def test_a_turn_is_open_from_its_beginning_to_its_end(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        assert await open_turns.open_runs() == [made.run]
        assert await open_turns.is_due(made.run)
        await end(made)
        assert await open_turns.open_runs() == []
        assert not await open_turns.is_due(made.run)


async def test_a_turn_that_is_set_aside_is_nobodys(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        await open_turns.set_aside(made.session.id)
        assert await open_turns.open_runs() == []
        assert not await open_turns.is_due(made.run)
        assert await open_turns.next_part(made.run) is None


async def test_the_next_part_of_a_turn_is_counted_once(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        assert await open_turns.next_part(made.run) == made.run.next
        assert await open_turns.next_part(made.run) is None
        assert await open_turns.open_runs() == [made.run.next]
        assert not await open_turns.is_due(made.run)
        assert await open_turns.next_part(Run(made.session.id, "another", 2)) is None


async def test_prompts_wait_for_no_turn_where_none_is_open(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        first = await queued(made)
        await queued(made)
        assert await open_turns.idle_with_prompts() == []
        assert await open_turns.begin_waiting(made.session.id) is None
        await end(made)
        assert await open_turns.idle_with_prompts() == [made.session.id]
        assert await open_turns.begin_waiting(made.session.id) == Run(made.session.id, first)
        assert await open_turns.begin_waiting(made.session.id) is None
        assert await open_turns.idle_with_prompts() == []


async def test_prompts_of_a_deleted_session_are_never_begun(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        await queued(made)
        await end(made)
        await rows.delete(quiet, made.session.id)
        assert await open_turns.idle_with_prompts() == []
        assert await open_turns.begin_waiting(made.session.id) is None


async def test_an_unknown_session_begins_nothing(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, NOTHING) as made:
        await made.say(Prompt(parts=(Text(text="Hi"),)))
        assert await open_turns.begin_waiting(new_id()) is None
