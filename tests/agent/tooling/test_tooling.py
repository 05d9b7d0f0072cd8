"""The front door, and what every tool of the folder owes."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import tooling
from agent.core.errors import NotFound, ToolFailed
from agent.core.identity import Session, User
from agent.core.messages import ToolCall
from agent.core.policy import Mode, Rule
from agent.tooling import _registry

ADA = User(id="u1", email="ada@example.org", name="Ada", provider="local")
BOB = User(id="u2", email="bob@example.org", name="Bob", provider="local")
NOW = datetime.now(UTC)

GOOD: dict[str, dict[str, Any]] = {
    "edit": {"path": "a.txt", "old_string": "one", "new_string": "two"},
    "glob": {"pattern": "*", "path": "."},
    "grep": {"pattern": "one", "path": "."},
    "list_directory": {"path": "."},
    "read_file": {"path": "a.txt"},
    "write_file": {"path": "a.txt", "content": "x"},
}
"""Tools that work on a path of the workspace."""
NAMES = list(GOOD)
OTHERS: dict[str, dict[str, Any]] = {
    "ask_user": {"questions": [{"question": "Which?", "options": [{"label": "A"}, {"label": "B"}]}]},
    "call_operation": {"name": "createIssue", "arguments": {}},
    "enter_plan_mode": {},
    "exit_plan_mode": {"plan": "1. Do it"},
    "find_operations": {"query": "create an issue"},
    "read_many_files": {"paths": ["a.txt"]},
    "read_operation": {"name": "listIssues", "arguments": {}},
    "todo": {"items": [{"content": "Do it", "status": "pending"}]},
    "web_fetch": {"urls": ["https://example.org/"]},
    "web_search": {"query": "What is new?"},
}
"""The others; what they do has tests of its own."""
ALL = sorted([*NAMES, *OTHERS])


@pytest.fixture
def session(root: Path) -> Session:
    (root / "a.txt").write_text("one\n")
    return in_mode("ask", str(root))


def in_mode(mode: Mode, workspace: str = "/nowhere") -> Session:
    return Session(
        id="s1",
        user_id="u1",
        name="",
        model="demo:scripted",
        mode=mode,
        workspace=workspace,
        last_seq=0,
        created_at=NOW,
        updated_at=NOW,
    )


def test_the_folder_is_the_registry(session: Session) -> None:
    offered = {definition.name for definition in tooling.definitions(ADA, session)}
    assert sorted(offered | {"exit_plan_mode"}) == ALL == sorted(_registry())


@pytest.mark.parametrize("name", ALL)
def test_every_tool_takes_what_it_says(name: str) -> None:
    assert _registry()[name].accepts({**GOOD, **OTHERS}[name])
    assert not _registry()[name].accepts({"colour": "red"})


@pytest.mark.parametrize("name", ALL)
def test_every_declaration_is_complete(name: str) -> None:
    definition = _registry()[name].definition
    parameters: Any = json.loads(json.dumps(definition.parameters))
    assert definition.name == name
    assert len(definition.description) > 100
    assert parameters["type"] == "object"
    assert parameters["additionalProperties"] is False
    assert set(parameters.get("required", [])) <= set(parameters["properties"])
    assert "$defs" not in parameters
    for argument in parameters["properties"].values():
        assert argument["type"] in {"string", "integer", "boolean", "array", "object"}
        assert argument["description"].endswith(".")
        assert "title" not in argument


@pytest.mark.parametrize("name", NAMES)
async def test_every_tool_does_its_work(session: Session, name: str) -> None:
    assert (await tooling.execute(ADA, session, name, GOOD[name])).text


@pytest.mark.parametrize("name", NAMES)
async def test_every_tool_refuses_a_wrong_argument(session: Session, name: str) -> None:
    for wrong in ({**GOOD[name], "colour": "red"}, {**GOOD[name], "path": ["a"]}):
        with pytest.raises(ToolFailed, match=r"`colour`|`path`"):
            await tooling.execute(ADA, session, name, wrong)


@pytest.mark.parametrize("path", ["../outside", "../outside/secret.txt", "/etc/passwd", "door/secret.txt"])
@pytest.mark.parametrize("name", NAMES)
async def test_no_tool_leaves_the_workspace(session: Session, root: Path, name: str, path: str) -> None:
    (root / "door").symlink_to("../outside")
    with pytest.raises(ToolFailed):
        await tooling.execute(ADA, session, name, {**GOOD[name], "path": path})
    assert (root.parent / "outside" / "secret.txt").read_text() == "SECRET\n"
    assert len(list((root.parent / "outside").iterdir())) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_no_tool_chokes_on_a_strange_path(session: Session, name: str) -> None:
    for path in ("\0", "x" * 5000, "\ud800", "nowhere/at/all\n", "a.txt/b"):
        with suppress(ToolFailed):
            assert (await tooling.execute(ADA, session, name, {**GOOD[name], "path": path})).text.encode()


async def test_an_unknown_tool_is_told_the_known_ones(session: Session) -> None:
    with pytest.raises(ToolFailed, match=r"no tool 'shall', only ask_user, .*write_file"):
        await tooling.execute(ADA, session, "shall", {})
    call = ToolCall(id="1", name="shall", arguments={})
    assert tooling.judge(ADA, session, call, []).decision == "allow"
    assert tooling.effect("shall") == "pure"


async def test_a_long_result_is_cut(session: Session, root: Path) -> None:
    for number in range(1000):
        (root / f"{number:0100}").touch()
    text = (await tooling.execute(ADA, session, "list_directory", {})).text
    assert 39_000 < len(text) <= 40_000
    assert "characters of" in text


@pytest.mark.parametrize(
    ("mode", "tool", "decision"),
    [
        ("plan", "grep", "allow"),
        ("plan", "edit", "deny"),
        ("ask", "write_file", "ask"),
        ("edit", "write_file", "allow"),
        ("auto", "edit", "allow"),
    ],
)
def test_the_mode_judges_by_the_tools_kind(mode: Mode, tool: str, decision: str) -> None:
    call = ToolCall(id="1", name=tool, arguments={})
    assert tooling.judge(ADA, in_mode(mode), call, []).decision == decision


def test_a_rule_is_heard(session: Session) -> None:
    call = ToolCall(id="1", name="read_file", arguments={})
    rules = [Rule(tool="read_file", decision="deny")]
    assert tooling.judge(ADA, session, call, rules).decision == "deny"


async def test_another_users_session_is_not_there(session: Session) -> None:
    with pytest.raises(NotFound):
        await tooling.execute(BOB, session, "read_file", {"path": "a.txt"})
    with pytest.raises(NotFound):
        tooling.definitions(BOB, session)
    with pytest.raises(NotFound):
        tooling.judge(BOB, session, ToolCall(id="1", name="edit", arguments={}), [])


def test_effects_say_what_a_crash_may_repeat() -> None:
    effects = {name: tooling.effect(name) for name in NAMES}
    assert [name for name in OTHERS if tooling.effect(name) == "once"] == ["call_operation"]
    assert effects.pop("edit") == "once"
    assert effects.pop("write_file") == "idempotent"
    assert set(effects.values()) == {"pure"}
