from pathlib import Path

import pytest

from agent import tooling
from agent.core.errors import NotFound, ToolFailed
from agent.core.guests import guest
from agent.core.identity import Session, User
from agent.core.messages import ToolCall
from agent.core.policy import Mode
from agent.store.columns import new_id, now
from agent.tooling import guests
from agent.tooling.registry import registry
from agent.tooling.sandbox.choosing import Choice, chooser
from tests.agent.sessions.talk import sqlite_only

SHUT = {"call_operation", "find_operations", "read_operation", "shell", "shell_jobs"}
ASKING = {"web_fetch", "web_search"}
ARGUMENTS = {
    "call_operation": {"name": "createIssue", "arguments": {}},
    "find_operations": {"query": "create an issue"},
    "read_operation": {"name": "listIssues", "arguments": {}},
    "shell": {"command": "true"},
    "shell_jobs": {},
    "web_fetch": {"urls": ["https://example.org/"]},
    "web_search": {"query": "What is new?"},
}
HERE = guest("0198c0de-0000-7000-8000-000000000000")


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where bubblewrap holds; nothing is run in it here."""
    monkeypatch.setattr(chooser, "found", Choice(backend="bubblewrap", report={}))


def session_of(user: User, root: Path, mode: Mode = "auto") -> Session:
    whose = {"anonymous_session_id": user.id, "user_id": None} if user.is_anonymous else {"user_id": user.id}
    what = {"name": "", "model": "demo:scripted", "mode": mode, "workspace": str(root), "last_seq": 0}
    return Session.model_validate({"id": new_id(), **whose, **what, "created_at": now(), "updated_at": now()})


def call(name: str) -> ToolCall:
    return ToolCall.model_validate({"id": "1", "name": name, "arguments": ARGUMENTS[name]})


async def test_a_guests_model_knows_of_no_tool_that_reaches_beyond_the_workspace(root: Path) -> None:
    for mode in ("plan", "ask", "edit", "auto"):
        offered = {tool.name for tool in await tooling.definitions(HERE, session_of(HERE, root, mode))}
        assert not offered & SHUT
        assert {"read_file", "edit", "write_file", "grep", "todo"} <= offered


@pytest.mark.parametrize("name", sorted(SHUT))
async def test_s39_such_a_tool_is_denied_and_refused_in_every_mode(root: Path, name: str) -> None:
    for mode in ("plan", "ask", "edit", "auto"):
        session = session_of(HERE, root, mode)
        judgement = (await tooling.judge(HERE, session, call(name))).judgement
        assert (judgement.decision, judgement.reason) == ("deny", "tool_disabled")
        with pytest.raises(ToolFailed, match="switched off"):
            await tooling.execute(HERE, session, name, ARGUMENTS[name])


@pytest.mark.parametrize("name", sorted(ASKING))
async def test_s39_nothing_leaves_for_the_network_unasked(root: Path, name: str) -> None:
    for mode in ("ask", "edit", "auto"):
        weighed = await tooling.judge(HERE, session_of(HERE, root, mode), call(name))
        assert weighed.judgement.decision == "ask"
        assert weighed.offers == ()


def test_what_a_tool_is_given_decides_and_so_it_does_for_new_ones() -> None:
    held = guests.standing(registry().values())
    assert {name for name in registry() if held.shuts_off(name)} == SHUT
    assert {rule.tool for rule in held.rules} >= ASKING
    assert {rule.decision for rule in held.rules} == {"ask"}


@sqlite_only
async def test_people_keep_their_tools(owner: User, root: Path) -> None:
    session = session_of(owner, root)
    assert {tool.name for tool in await tooling.definitions(owner, session)} >= SHUT | ASKING
    judged = (await tooling.judge(owner, session, call("web_search"))).judgement
    assert judged.decision == "allow"


async def test_a_full_workspace_takes_no_more_but_can_be_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(HERE, root)
    monkeypatch.setattr(guests, "MOST_BYTES", 10)
    await tooling.execute(HERE, session, "write_file", {"path": "a.txt", "content": "x" * 11})
    for name, arguments in {
        "write_file": {"path": "b.txt", "content": "x"},
        "edit": {"path": "a.txt", "old_string": "x" * 11, "new_string": "y"},
    }.items():
        with pytest.raises(ToolFailed, match="full"):
            await tooling.execute(HERE, session, name, arguments)
    assert (await tooling.execute(HERE, session, "read_file", {"path": "a.txt"})).text


async def test_many_small_files_fill_it_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "MOST_FILES", 3)
    session = session_of(HERE, root)
    await tooling.execute(HERE, session, "write_file", {"path": "a/b/c/d.txt", "content": ""})
    with pytest.raises(ToolFailed, match="full"):
        await tooling.execute(HERE, session, "write_file", {"path": "e.txt", "content": ""})


@sqlite_only
async def test_what_people_may_store_is_not_bounded_so(
    owner: User, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "MOST_FILES", 0)
    session = session_of(owner, root)
    await tooling.execute(owner, session, "write_file", {"path": "a.txt", "content": ""})
    await tooling.execute(owner, session, "write_file", {"path": "b.txt", "content": ""})


@sqlite_only
async def test_the_servers_own_instructions_are_told_to_no_guest(
    owner: User, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "data" / "instructions").mkdir()
    (tmp_path / "data" / "instructions" / "AGENTS.md").write_text("OURS")
    (root / "AGENTS.md").write_text("THEIRS")
    told = await tooling.read_instructions(HERE, session_of(HERE, root))
    assert "THEIRS" in told.text
    assert "OURS" not in told.text
    assert [file.source for file in told.files] == ["workspace"]
    assert "OURS" in (await tooling.read_instructions(owner, session_of(owner, root))).text


async def test_a_guest_and_a_person_of_one_id_are_two(root: Path) -> None:
    person = User(id=HERE.id, email="ada@example.org", name="Ada", provider="google")
    for user, other in ((HERE, person), (person, HERE)):
        with pytest.raises(NotFound):
            await tooling.definitions(user, session_of(other, root))
        with pytest.raises(NotFound):
            await tooling.execute(user, session_of(other, root), "list_directory", {"path": "."})
