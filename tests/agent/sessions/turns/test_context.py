"""What the model is told beside the history."""

from pathlib import Path

import pytest

from agent import sessions
from agent.core.commands import Prompt
from agent.core.events import TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import File, Message, Text, ToolCall
from agent.sessions.turns.context import Context
from agent.sessions.turns.prompting import system_prompt
from tests.agent.sessions.puppet import Puppet, says_done
from tests.agent.sessions.talk import events, finished, sqlite_only

pytestmark = sqlite_only


def call(path: object) -> ToolCall:
    return ToolCall.model_validate({"id": "c", "name": "read_file", "arguments": {"path": path}})


@pytest.fixture
def folder(session: Session) -> Path:
    """The session's workspace, with instructions on top and in one folder."""
    root = Path(session.workspace)
    (root / "src").mkdir(parents=True)
    (root / "AGENTS.md").write_text("Write tests first.\n")
    (root / "src" / "AGENTS.md").write_text("Use tabs here.\n")
    return root


async def test_without_instructions_there_is_only_the_prompt(owner: User, session: Session) -> None:
    assert await Context(owner).system(session, ()) == system_prompt(session)


@pytest.mark.usefixtures("folder")
async def test_the_instructions_of_the_workspace_are_told_from_the_start(
    owner: User, session: Session
) -> None:
    told = await Context(owner).system(session, ())
    assert "Write tests first." in told
    assert "Use tabs here." not in told


@pytest.mark.usefixtures("folder")
async def test_a_folder_that_was_touched_has_its_say_in_the_next_step_and_in_later_turns(
    owner: User, session: Session
) -> None:
    context = Context(owner)
    first = await context.system(session, ())
    for path in ("src/a.py", "src/b.py", None, "../outside", "nowhere/at/all"):
        await context.come_to(session, call(path))
    then = await context.system(session, ())
    assert then.startswith(first)
    assert then.count("Use tabs here.") == 1
    history = (Message(role="assistant", parts=(call("src/a.py"),)),)
    assert "Use tabs here." in await Context(owner).system(session, history)


async def test_what_changes_in_mid_turn_is_told_in_the_next_turn(
    owner: User, session: Session, folder: Path
) -> None:
    context = Context(owner)
    first = await context.system(session, ())
    (folder / "AGENTS.md").write_text("Write no tests.\n")
    assert await context.system(session, ()) == first
    assert "Write no tests." in await Context(owner).system(session, ())


async def test_a_workspace_that_is_gone_is_no_reason_to_say_nothing(owner: User, session: Session) -> None:
    gone = session.model_copy(update={"workspace": "/nowhere/at/all"})
    context = Context(owner)
    assert await context.system(gone, ()) == system_prompt(gone)
    await context.come_to(gone, call("a.txt"))


async def test_a_prompt_brings_the_files_it_mentions_once(
    owner: User, puppet: Puppet, session: Session, folder: Path
) -> None:
    puppet.plays = {"done": says_done}
    await sessions.change(owner, session.id, model="puppet:done")
    (folder / "notes.md").write_text("Buy milk.\n")
    prompt = Prompt(parts=(Text(text="Read @notes.md and write to ada@example.org"),))
    turn_id, _ = await sessions.submit(owner, session.id, prompt)
    await finished(owner, session, turn_id)
    started = next(event for event in await events(session) if isinstance(event, TurnStarted))
    (text, file) = started.prompt
    assert isinstance(text, Text)
    assert isinstance(file, File)
    assert (file.name, file.media_type) == ("notes.md", "text/plain")
    opened = await sessions.open(owner, session.id)
    assert opened.rows[0].text == "Read @notes.md and write to ada@example.org"
