"""Models that do not answer: others of the chain take over, and everybody sees it."""

import pytest

from agent import sessions
from agent.core.errors import Invalid, LimitReached, ProviderError, Resting
from agent.core.events import Delta, ModelSwitched, Noticed, StepFinished, TurnFinished, TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall
from agent.core.provider import Request
from agent.core.transcript import fold
from agent.providers import _asking
from agent.sessions.turns.failing import next_model, why
from tests.agent.sessions.puppet import Puppet, Said, says_done, step
from tests.agent.sessions.talk import events, sqlite_only, turn


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asking, "WAIT", 0.01)
    monkeypatch.setattr(_asking, "JITTER", 0.0)


async def is_full(_request: Request) -> Said:
    raise ProviderError("quota", "Used up.")
    yield  # makes it a stream


async def is_away(_request: Request) -> Said:
    raise ProviderError("overloaded", "Too busy.")
    yield


async def refuses(_request: Request) -> Said:
    raise ProviderError("bad_request", "No such thing.")
    yield


async def breaks_off(_request: Request) -> Said:
    yield Delta(kind="text", text="Half a")
    raise ProviderError("cut")


async def looks_then_says_done(request: Request) -> Said:
    if len(request.messages) == 1:
        call = ToolCall(id="c", name="list_directory", arguments={"path": "."})
        yield step(call, stop="tool_use")
    else:
        yield step(Text(text="Done"))


@pytest.fixture
async def chain(owner: User, puppet: Puppet) -> Session:
    """A session with two models to fall back on."""
    puppet.plays = {
        "full": is_full,
        "away": is_away,
        "refuses": refuses,
        "breaks": breaks_off,
        "done": says_done,
        "looks": looks_then_says_done,
    }
    session = await sessions.create(owner, model="puppet:full")
    return await sessions.change(owner, session.id, fallbacks=["puppet:away", "puppet:looks"])


@sqlite_only
async def test_the_next_of_the_chain_answers_and_keeps_the_turn(owner: User, chain: Session) -> None:
    happened = await turn(owner, chain, "Hi")
    switched = [event for event in happened if isinstance(event, ModelSwitched)]
    assert [(event.before, event.after, event.why) for event in switched] == [
        ("puppet:full", "puppet:away", "quota"),
        ("puppet:away", "puppet:looks", "overloaded"),
    ]
    *waits, past = [event.values for event in happened if isinstance(event, Noticed)]
    assert [wait["tries"] for wait in waits] == [1, 2, 3]
    assert past == {"provider": "puppet", "kind": "overloaded", "tries": 3}
    assert sum(isinstance(event, StepFinished) for event in happened) == 2, "the second step asks nobody else"
    ended = happened[-1]
    assert isinstance(ended, TurnFinished)
    assert ended.reason == "end_turn"
    assert [row.kind for row in fold(happened).rows] == ["user", "notice", "notice", "notice", "tool", "text"]


@sqlite_only
async def test_the_next_turn_begins_with_the_sessions_own_model(
    owner: User, chain: Session, puppet: Puppet
) -> None:
    await turn(owner, chain, "Hi")
    puppet.plays["full"] = says_done
    again = await turn(owner, chain, "Hi again")
    assert isinstance(again[0], TurnStarted)
    assert again[0].model == "puppet:full"
    assert not [event for event in again if isinstance(event, ModelSwitched)]


@sqlite_only
async def test_a_chain_that_ends_ends_the_turn_with_the_last_ones_error(owner: User, chain: Session) -> None:
    await sessions.change(owner, chain.id, fallbacks=["puppet:away"])
    ended = (await turn(owner, chain, "Hi"))[-1]
    assert isinstance(ended, TurnFinished)
    assert (ended.error, ended.values["model"]) == ("overloaded", "puppet:away")


@sqlite_only
@pytest.mark.parametrize(("model", "error"), [("refuses", "bad_request"), ("breaks", "cut")])
async def test_nobody_takes_over_what_was_heard_or_is_the_requests_own_fault(
    model: str, error: str, owner: User, chain: Session
) -> None:
    await sessions.change(owner, chain.id, model=f"puppet:{model}")
    happened = await turn(owner, chain, "Hi")
    ended = happened[-1]
    assert isinstance(ended, TurnFinished)
    assert ended.error == error
    assert not [event for event in happened if isinstance(event, ModelSwitched)]


@sqlite_only
async def test_a_missing_key_is_a_reason_to_fall_back(owner: User, chain: Session) -> None:
    await sessions.change(owner, chain.id, model="openai:gpt-x", fallbacks=["puppet:done"])
    happened = await turn(owner, chain, "Hi")
    (switched,) = [event for event in happened if isinstance(event, ModelSwitched)]
    assert (switched.before, switched.after, switched.why) == ("openai:gpt-x", "puppet:done", "key_missing")


@sqlite_only
async def test_fallbacks_are_models_and_not_too_many(owner: User, chain: Session) -> None:
    with pytest.raises(Invalid):
        await sessions.change(owner, chain.id, fallbacks=["nobody:x"])
    with pytest.raises(LimitReached):
        await sessions.change(owner, chain.id, fallbacks=[f"puppet:{number}" for number in range(11)])
    kept = await sessions.change(owner, chain.id, fallbacks=["puppet:a", "puppet:b", "puppet:a"])
    assert kept.fallbacks == ("puppet:a", "puppet:b")
    assert (await sessions.change(owner, chain.id, fallbacks=[])).fallbacks == ()
    assert await events(chain) == []


@sqlite_only
async def test_a_chain_is_gone_through_once(session: Session) -> None:
    met = [session.model_copy(update={"model": "a:1", "fallbacks": ("b:1", "a:1", "c:1", "b:1")})]
    while after := next_model(met[-1], ProviderError("quota")):
        met.append(met[-1].model_copy(update={"model": after}))
    assert [one.model for one in met] == ["a:1", "c:1"]


def test_what_rests_says_so() -> None:
    assert why(Resting("overloaded")) == "resting"
