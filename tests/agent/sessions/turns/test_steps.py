import pytest

from agent import sessions
from agent.core.errors import Invalid, ProviderError
from agent.core.events import Delta, Noticed
from agent.core.identity import Session, User
from agent.core.messages import Message, Text, ToolCall
from agent.core.provider import Request
from agent.sessions.stream.speech import Speech
from agent.sessions.turns.context import Context
from agent.sessions.turns.steps import Aside, ask_model, run_tool
from agent.tooling import declaration
from tests.agent.sessions.puppet import Puppet, Said, says_done, step
from tests.agent.sessions.talk import sqlite_only


def unexpected(notice: Noticed) -> None:
    raise AssertionError(notice)


HELLO = Message(role="user", parts=(Text(text="Hello"),))


@sqlite_only
async def test_the_model_is_told_all_it_needs(owner: User, puppet: Puppet) -> None:
    puppet.plays = {"done:8b": says_done}
    session = await sessions.create(owner, model="puppet:done:8b")
    speech = Speech(session.id, "t", 0)
    finished = await ask_model(owner, session, (HELLO,), speech, unexpected, Context(owner))
    assert finished.message.text == speech.snapshot().said[0].text == "Done"
    [request] = puppet.requests
    assert (request.model, request.messages) == ("done:8b", (HELLO,))
    assert session.workspace in request.system
    assert {"read_file", "write_file"} <= {tool.name for tool in request.tools}


@sqlite_only
async def test_a_stream_without_its_last_word_is_cut(owner: User, puppet: Puppet) -> None:
    async def stops_short(_request: Request) -> Said:
        yield Delta(kind="text", text="Half")

    puppet.plays = {"cut": stops_short}
    session = await sessions.create(owner, model="puppet:cut")
    with pytest.raises(ProviderError) as told:
        await ask_model(owner, session, (HELLO,), Speech(session.id, "t", 0), unexpected, Context(owner))
    assert told.value.kind == "cut"


@sqlite_only
async def test_a_long_stream_is_heard_whole(owner: User, puppet: Puppet) -> None:
    async def talks(_request: Request) -> Said:
        for number in range(3000):
            yield Delta(kind="text", text=f"{number} ")
        yield step(Text(text="…"))

    puppet.plays = {"talks": talks}
    session = await sessions.create(owner, model="puppet:talks")
    speech = Speech(session.id, "t", 0)
    await ask_model(owner, session, (HELLO,), speech, unexpected, Context(owner))
    assert speech.snapshot().index == 2999


@sqlite_only
async def test_a_model_that_says_the_same_over_and_over_is_not_heard_out(owner: User, puppet: Puppet) -> None:
    async def drones(_request: Request) -> Said:
        while True:
            yield Delta(kind="text", text="Let me look at the configuration file once more. ")

    puppet.plays = {"drones": drones}
    session = await sessions.create(owner, model="puppet:drones")
    speech = Speech(session.id, "t", 0)
    finished = await ask_model(owner, session, (HELLO,), speech, unexpected, Context(owner))
    assert finished.stop == "loop"
    assert 9 < finished.message.text.count("once more") < 15


@sqlite_only
async def test_a_model_of_nobody_is_invalid(owner: User, session: Session) -> None:
    lost = session.model_copy(update={"model": "nobody:m"})
    with pytest.raises(Invalid):
        await ask_model(owner, lost, (HELLO,), Speech(session.id, "t", 0), unexpected, Context(owner))


@sqlite_only
async def test_a_tool_that_breaks_is_told_and_harms_nobody(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(declaration.Tool, "run", breaks)
    call = ToolCall(id="c", name="list_directory", arguments={"path": "."})
    result = await run_tool(owner, session, call, Aside(Context(owner)))
    assert (result.call_id, result.outcome) == ("c", "failed")
    assert "list_directory" in result.text


@sqlite_only
async def test_a_call_comes_to_one_result(owner: User, session: Session) -> None:
    call = ToolCall(id="c", name="list_directory", arguments={"path": "."})
    assert (await run_tool(owner, session, call, Aside(Context(owner)))).outcome == "ok"
    bad = call.model_copy(update={"malformed": "{" * 5000})
    result = await run_tool(owner, session, bad, Aside(Context(owner)))
    assert result.outcome == "failed"
    assert len(result.text) < 2100
