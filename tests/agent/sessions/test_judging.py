"""Calls are judged by what holds at that moment, in a whole turn."""

import asyncio

import pytest

from agent import sessions, tooling
from agent.core.commands import Answer
from agent.core.events import ApprovalRequested, ToolCallFinished, TurnFinished
from agent.core.identity import Session, User
from agent.core.messages import Part, Text, ToolCall, ToolResult
from agent.core.policy import Mode
from agent.core.provider import Request
from tests.agent.sessions.puppet import Puppet, Said, step
from tests.agent.sessions.talk import events, say, sqlite_only

READ = ToolCall(id="read", name="read_file", arguments={"path": "secret.txt"})
NOBODY = "http://127.0.0.1:9/"
FETCH = ToolCall(id="fetch", name="web_fetch", arguments={"urls": [NOBODY]})


def call(number: int, made: ToolCall) -> ToolCall:
    return made.model_copy(update={"id": f"{made.id}{number}"})


async def begun(owner: User, puppet: Puppet, calls: tuple[ToolCall, ...], mode: Mode) -> tuple[Session, str]:
    """A turn in which the model makes these calls, one in each step."""
    left = list(calls)

    async def plays(_request: Request) -> Said:
        parts: tuple[Part, ...] = (left.pop(0),) if left else (Text(text="Done"),)
        yield step(*parts, stop="tool_use" if isinstance(parts[0], ToolCall) else "end_turn")

    puppet.plays["plays"] = plays
    session = await sessions.create(owner, model="puppet:plays", mode=mode)
    return session, await say(owner, session, "Go")


async def next_question(
    owner: User, session: Session, turn_id: str, known: int = 0
) -> ApprovalRequested | None:
    """The next thing a turn asks; None when it ends."""
    async with asyncio.timeout(20), await sessions.follow(owner, session.id) as following:
        async for _, event in following:
            if isinstance(event, ApprovalRequested):
                known -= 1
                if known < 0:
                    return event
            if isinstance(event, TurnFinished) and event.turn_id == turn_id:
                return None
    raise AssertionError


async def results(session: Session) -> list[ToolResult]:
    return [event.result for event in await events(session) if isinstance(event, ToolCallFinished)]


@sqlite_only
@pytest.mark.parametrize("first", [(READ, FETCH), (FETCH, READ)], ids=["read first", "fetched first"])
async def test_who_knows_strangers_words_and_files_is_asked_before_anything_leaves(
    owner: User, puppet: Puppet, first: tuple[ToolCall, ...]
) -> None:
    await tooling.add_rule(owner, tooling.NewRule(tool="web_fetch", decision="allow"))
    session, turn_id = await begun(owner, puppet, (*first, call(2, FETCH), call(3, READ)), "auto")
    asked = await next_question(owner, session, turn_id)
    assert asked is not None
    # With the file read first, the very first fetch has nothing strange to fear yet.
    assert (asked.call.id, asked.reason, asked.offers) == ("fetch2", "tainted", ())
    always = Answer(approval_id=asked.approval_id, answer="allow_always")
    await sessions.submit(owner, session.id, always)
    assert await next_question(owner, session, turn_id, known=1) is None
    assert [result.call_id for result in await results(session)][-2:] == ["fetch2", "read3"]
    assert [rule.source for rule in await tooling.rules(owner)] == ["person"], "no rule came of it"


@sqlite_only
async def test_an_answer_about_another_definition_of_the_tool_is_asked_for_anew(
    owner: User, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ToolCall(id="w", name="write_file", arguments={"path": "a.txt", "content": "x"})
    session, turn_id = await begun(owner, puppet, (write,), "ask")
    asked = await next_question(owner, session, turn_id)
    assert asked is not None
    monkeypatch.setattr(tooling, "definition_hash", lambda _name: "another")
    await sessions.submit(owner, session.id, Answer(approval_id=asked.approval_id, answer="allow_once"))
    again = await next_question(owner, session, turn_id, known=1)
    assert again is not None
    assert (again.call, again.reason) == (asked.call, asked.reason)
    assert again.call_hash != asked.call_hash
    await sessions.submit(owner, session.id, Answer(approval_id=again.approval_id, answer="reject_once"))
    assert await next_question(owner, session, turn_id, known=2) is None
    assert [result.outcome for result in await results(session)] == ["rejected"]


@sqlite_only
async def test_a_tool_that_is_shut_off_in_mid_turn_is_refused_at_the_next_call(
    owner: User, puppet: Puppet
) -> None:
    write = ToolCall(id="w", name="write_file", arguments={"path": "a.txt", "content": "x"})
    later = write.model_copy(update={"id": "later", "arguments": {"path": "b.txt", "content": "x"}})
    session, turn_id = await begun(owner, puppet, (write, later), "ask")
    asked = await next_question(owner, session, turn_id)
    assert asked is not None
    await tooling.change_permission(owner, "write_file", tooling.PermissionChanges(is_enabled=False))
    await sessions.submit(owner, session.id, Answer(approval_id=asked.approval_id, answer="allow_once"))
    assert await next_question(owner, session, turn_id, known=1) is None
    first, second = await results(session)
    assert (first.outcome, second.outcome) == ("failed", "rejected")
    assert "switched off" in first.text
    assert "tool_disabled" in second.text
