import pytest

from agent import sessions
from agent.core.errors import NotFound
from agent.core.events import StepFinished, TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import Message, Text, Usage
from agent.sessions import log
from agent.store.columns import new_id

STRANGER = User(id=new_id(), email="bob@example.org", name="Bob", provider="test")


async def test_what_the_model_is_sent_is_weighed(owner: User, session: Session) -> None:
    turn_id = new_id()
    said = Message(role="assistant", parts=(Text(text="Good morning"),))
    prompt = (Text(text="Hello"),)
    await log.append(
        session.id, TurnStarted(turn_id=turn_id, prompt=prompt, model="demo:scripted", mode="ask")
    )
    step = StepFinished(turn_id=turn_id, message=said, stop="end_turn", usage=Usage(input=90, output=10))
    await log.append(session.id, step)
    found = await sessions.filled(owner, session.id)
    assert found.used == 100
    assert (found.characters["prompts"], found.characters["answers"]) == (5, 12)
    assert min(found.characters["told"], found.characters["tools"]) > 100


async def test_of_a_session_in_which_nothing_happened_nothing_was_counted(
    owner: User, session: Session
) -> None:
    assert (await sessions.filled(owner, session.id)).used == 0


async def test_nobody_weighs_the_session_of_another(session: Session) -> None:
    with pytest.raises(NotFound):
        await sessions.filled(STRANGER, session.id)
