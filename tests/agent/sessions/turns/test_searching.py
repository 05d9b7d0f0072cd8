"""Which model searches the web, and how a long search goes on."""

import pytest

from agent import providers, sessions
from agent.core.events import StepFinished
from agent.core.identity import Session, User
from agent.core.messages import Message, Source, Text, ToolCall, Unknown, Usage
from agent.core.provider import Abilities, ModelEntry, Request
from agent.sessions.turns.context import Context
from agent.sessions.turns.searching import search_of
from agent.sessions.turns.steps import Aside, run_tool
from tests.agent.sessions.puppet import Puppet, Said
from tests.agent.sessions.talk import sqlite_only

pytestmark = sqlite_only

ASKED = ToolCall(id="c", name="web_search", arguments={"query": "Which colour is milk?"})


class Searcher(Puppet):
    """A provider whose models search, or do not."""

    def __init__(self, *, can: bool) -> None:
        super().__init__()
        self.can = can
        self.plays = {"asks": self.play}
        self.KNOWN = ("asks",)

    def describe(self, name: str) -> ModelEntry:
        return ModelEntry(id=f"puppet:{name}", name=name, abilities=Abilities(search=self.can))

    async def play(self, request: Request) -> Said:
        if len(request.messages) == 1:
            paused = Message(role="assistant", parts=(Unknown(opaque={"puppet": {"half": "done"}}),))
            yield StepFinished(message=paused, usage=Usage(output=1, cost=0.5), stop="pause")
        else:
            found = Text(text="Milk is white.", sources=(Source(url="https://example.org/"),))
            said = Message(role="assistant", parts=(found,))
            yield StepFinished(message=said, usage=Usage(output=2, cost=0.25), stop="end_turn")


def nobody_pays(_usage: Usage) -> None:
    """For what asks nobody."""


@pytest.fixture
def searcher(monkeypatch: pytest.MonkeyPatch) -> Searcher:
    made = Searcher(can=True)
    monkeypatch.setitem(providers.plug_ins(), "puppet", made)
    return made


async def test_a_paused_search_goes_on_to_its_end(owner: User, searcher: Searcher) -> None:
    session = await sessions.create(owner, model="puppet:asks")
    spent: list[Usage] = []
    search = await search_of(owner, session, spent.append)
    assert search
    found = await search("Which colour is milk?")
    assert found.message.text == "Milk is white."
    assert (found.usage.output, found.usage.cost, found.stop) == (3, 0.75, "end_turn")
    assert [usage.cost for usage in spent] == [0.5, 0.25]
    assert all(request.search and not request.tools for request in searcher.requests)


async def test_another_provider_searches_for_a_model_that_cannot(
    owner: User, session: Session, searcher: Searcher
) -> None:
    assert session.model == "demo:scripted"
    result = await run_tool(owner, session, ASKED, Aside(Context(owner)))
    assert result.outcome == "ok"
    assert "Milk is white. [1]" in result.text
    assert "https://example.org/" in result.text
    assert searcher.requests[0].model == "asks"


async def test_where_nobody_can_the_model_is_told_who_could(owner: User, session: Session) -> None:
    assert await search_of(owner, session, nobody_pays) is None
    result = await run_tool(owner, session, ASKED, Aside(Context(owner)))
    assert result.outcome == "failed"
    assert "Anthropic" in result.text


async def test_a_model_that_says_it_cannot_is_not_asked(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(providers.plug_ins(), "puppet", Searcher(can=False))
    session = await sessions.create(owner, model="puppet:asks")
    assert await search_of(owner, session, nobody_pays) is None
