"""What a rule would have decided of the calls there were."""

from datetime import timedelta

import pytest
from sqlmodel import Session as Store
from sqlmodel import col, update

from agent import sessions
from agent.core.commands import Answer
from agent.core.identity import Session, User
from agent.core.rules import Rule
from agent.sessions import back_testing
from agent.sessions.back_testing import PERIOD, Trial
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.sessions import EventRow
from tests.agent.sessions.talk import finished, say, sqlite_only
from tests.agent.sessions.test_previewing import decide, question

pytestmark = sqlite_only

LITTLE = timedelta(minutes=1)


@pytest.fixture
async def session(owner: User) -> Session:
    made = await sessions.create(owner, model="demo:scripted")
    await decide(owner, made, "write notes/a.txt with One", "allow_once")
    await decide(owner, made, "write notes/b.txt with Two", "reject_once")
    await decide(owner, made, "write c.txt with Three", "allow_once")
    return made


def told(trial: Trial) -> tuple[int, int, int]:
    return trial.calls, trial.met, trial.denied


@pytest.mark.parametrize("decision", ["allow", "ask", "deny"])
async def test_calls_that_began_or_were_denied_are_counted_once(
    owner: User, session: Session, decision: str
) -> None:
    everything = Rule.model_validate({"tool": "write_file", "decision": decision})
    in_folder = everything.model_copy(update={"paths": ("notes/**",)})
    here = in_folder.model_copy(update={"session_id": session.id})
    elsewhere = everything.model_copy(update={"workspace": "/elsewhere"})
    assert told(await sessions.back_test(owner, everything)) == (3, 3, 1)
    assert told(await sessions.back_test(owner, in_folder)) == (3, 2, 1)
    assert told(await sessions.back_test(owner, here)) == (3, 2, 1)
    assert told(await sessions.back_test(owner, elsewhere)) == (0, 0, 0)


async def test_a_question_without_an_answer_is_no_past(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, "write d.txt with Four")
    asked = await question(owner, session, turn_id)
    assert asked is not None
    rule = Rule(tool="write_file", decision="deny")
    assert told(await sessions.back_test(owner, rule)) == (3, 3, 1)
    await sessions.submit(owner, session.id, Answer(approval_id=asked.approval_id, answer="reject_once"))
    await finished(owner, session, turn_id)
    assert told(await sessions.back_test(owner, rule)) == (4, 4, 2)


@pytest.mark.usefixtures("session")
async def test_only_the_newest_calls_are_looked_at(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(back_testing, "MOST_PAST", 2)
    assert (await sessions.back_test(owner, Rule(tool="*", decision="deny"))).calls == 2


@pytest.mark.usefixtures("session")
async def test_what_is_long_ago_is_not_looked_at(owner: User) -> None:
    def grow_old(store: Store) -> None:
        store.exec(update(EventRow).where(col(EventRow.at) <= now()).values(at=now() - PERIOD - LITTLE))

    await writing(grow_old)
    assert told(await sessions.back_test(owner, Rule(tool="*", decision="deny"))) == (0, 0, 0)


@pytest.mark.usefixtures("session")
async def test_other_peoples_calls_are_nobodys_past(other: User) -> None:
    assert told(await sessions.back_test(other, Rule(tool="*", decision="deny"))) == (0, 0, 0)
