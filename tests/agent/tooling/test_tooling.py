"""The front door, and what every tool of the folder owes."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import config, tooling
from agent.core.errors import NotFound, ToolFailed
from agent.core.identity import Session, User
from agent.core.messages import ToolCall, call_hash
from agent.core.policy import Mode, Rule
from agent.store.columns import new_id
from agent.tooling.registry import registry
from agent.tooling.sandbox.choosing import Choice, chooser
from tests.agent.sessions.talk import sqlite_only

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
    "shell": {"command": "true"},
    "shell_jobs": {},
    "todo": {"items": [{"content": "Do it", "status": "pending"}]},
    "web_fetch": {"urls": ["https://example.org/"]},
    "web_search": {"query": "What is new?"},
}
"""The others; what they do has tests of its own."""
ALL = sorted([*NAMES, *OTHERS])


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where bubblewrap holds; nothing is run in it here."""
    monkeypatch.setattr(chooser, "found", Choice(backend="bubblewrap", report={}))


@pytest.fixture
def session(owner: User, root: Path) -> Session:
    (root / "a.txt").write_text("one\n")
    return in_mode(owner, "ask", str(root))


def in_mode(owner: User, mode: Mode, workspace: str = "/nowhere") -> Session:
    return Session(
        id=new_id(),
        user_id=owner.id,
        name="",
        model="demo:scripted",
        mode=mode,
        workspace=workspace,
        last_seq=0,
        created_at=NOW,
        updated_at=NOW,
    )


@sqlite_only
async def test_the_folder_is_the_registry(owner: User, session: Session) -> None:
    offered = {definition.name for definition in await tooling.definitions(owner, session)}
    assert sorted(offered | {"exit_plan_mode"}) == ALL == sorted(registry())


@pytest.mark.parametrize("name", ALL)
def test_every_tool_takes_what_it_says(name: str) -> None:
    assert registry()[name].accepts({**GOOD, **OTHERS}[name])
    assert not registry()[name].accepts({"colour": "red"})


@pytest.mark.parametrize("name", ALL)
def test_every_declaration_is_complete(name: str) -> None:
    definition = registry()[name].definition
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


@sqlite_only
@pytest.mark.parametrize("name", NAMES)
async def test_every_tool_does_its_work(owner: User, session: Session, name: str) -> None:
    assert (await tooling.execute(owner, session, name, GOOD[name])).text


@sqlite_only
@pytest.mark.parametrize("name", NAMES)
async def test_every_tool_refuses_a_wrong_argument(owner: User, session: Session, name: str) -> None:
    for wrong in ({**GOOD[name], "colour": "red"}, {**GOOD[name], "path": ["a"]}):
        with pytest.raises(ToolFailed, match=r"`colour`|`path`"):
            await tooling.execute(owner, session, name, wrong)


@sqlite_only
@pytest.mark.parametrize("path", ["../outside", "../outside/secret.txt", "/etc/passwd", "door/secret.txt"])
@pytest.mark.parametrize("name", NAMES)
async def test_no_tool_leaves_the_workspace(
    owner: User, session: Session, root: Path, name: str, path: str
) -> None:
    (root / "door").symlink_to("../outside")
    with pytest.raises(ToolFailed):
        await tooling.execute(owner, session, name, {**GOOD[name], "path": path})
    assert (root.parent / "outside" / "secret.txt").read_text() == "SECRET\n"
    assert len(list((root.parent / "outside").iterdir())) == 1


@sqlite_only
@pytest.mark.parametrize("name", NAMES)
async def test_no_tool_chokes_on_a_strange_path(owner: User, session: Session, name: str) -> None:
    for path in ("\0", "x" * 5000, "\ud800", "nowhere/at/all\n", "a.txt/b"):
        with suppress(ToolFailed):
            assert (await tooling.execute(owner, session, name, {**GOOD[name], "path": path})).text.encode()


@sqlite_only
async def test_an_unknown_tool_is_told_the_known_ones(owner: User, session: Session) -> None:
    with pytest.raises(ToolFailed, match=r"no tool 'shall', only ask_user, .*write_file"):
        await tooling.execute(owner, session, "shall", {})
    call = ToolCall(id="1", name="shall", arguments={})
    assert (await tooling.judge(owner, session, call)).judgement.decision == "allow"
    assert tooling.effect("shall") == "pure"


@sqlite_only
async def test_a_long_result_is_cut(owner: User, session: Session, root: Path) -> None:
    for number in range(1000):
        (root / f"{number:0100}").touch()
    text = (await tooling.execute(owner, session, "list_directory", {})).text
    assert 39_000 < len(text) <= 40_000
    assert "characters of" in text


WRITES = {"path": "a.txt", "content": "x"}


@sqlite_only
@pytest.mark.parametrize(
    ("mode", "tool", "arguments", "decision"),
    [
        ("plan", "grep", {"pattern": "x"}, "allow"),
        ("plan", "write_file", WRITES, "deny"),
        ("plan", "shell", {"command": "ls"}, "allow"),
        ("plan", "shell", {"command": "make"}, "ask"),
        ("ask", "write_file", WRITES, "ask"),
        ("ask", "shell", {"command": "git status"}, "allow"),
        ("ask", "shell", {"command": "git push"}, "ask"),
        ("edit", "write_file", WRITES, "allow"),
        ("edit", "shell", {"command": "make"}, "ask"),
        ("auto", "write_file", WRITES, "allow"),
        ("auto", "shell", {"command": "make"}, "allow"),
        ("auto", "shell", {"command": "if"}, "ask"),
    ],
)
async def test_the_mode_judges_by_the_tools_kind(
    owner: User, mode: Mode, tool: str, arguments: dict[str, Any], decision: str
) -> None:
    call = ToolCall(id="1", name=tool, arguments=arguments)
    assert (await tooling.judge(owner, in_mode(owner, mode), call)).judgement.decision == decision


@sqlite_only
async def test_another_users_session_is_not_there(other: User, session: Session) -> None:
    call = ToolCall(id="1", name="edit", arguments={})
    with pytest.raises(NotFound):
        await tooling.execute(other, session, "read_file", {"path": "a.txt"})
    with pytest.raises(NotFound):
        await tooling.definitions(other, session)
    with pytest.raises(NotFound):
        await tooling.judge(other, session, call)
    with pytest.raises(NotFound):
        await tooling.jobs(other, session)
    with pytest.raises(NotFound):
        await tooling.stop_job(other, session, 1)
    with pytest.raises(NotFound):
        await tooling.would_pass(other, session, call, Rule(tool="edit", decision="allow"))


@sqlite_only
async def test_what_is_shut_off_is_hidden_and_refused(owner: User, session: Session) -> None:
    await tooling.change_permission(owner, "write_file", tooling.PermissionChanges(is_enabled=False))
    await tooling.add_rule(owner, tooling.NewRule(tool="edit", decision="deny"))
    await tooling.add_rule(owner, tooling.NewRule(tool="shell", decision="deny", commands=("git push",)))
    offered = {definition.name for definition in await tooling.definitions(owner, session)}
    assert offered.isdisjoint({"write_file", "edit"})
    assert "shell" in offered
    calls = {"write_file": WRITES, "edit": GOOD["edit"], "shell": {"command": "ls && git push"}}
    assert await reasons(owner, session, calls) == ["tool_disabled", "denied_by_rule", "denied_by_rule"]


@sqlite_only
async def test_s25_a_deny_rule_reaches_the_file_behind_a_link(
    owner: User, session: Session, root: Path
) -> None:
    (root / "secret").mkdir()
    (root / "innocent").symlink_to("secret")
    await tooling.add_rule(owner, tooling.NewRule(tool="read_file", decision="deny", paths=("secret/**",)))
    for path in ("secret/key", "innocent/key", "./secret/../secret/key", f"{root}/secret/key"):
        assert await reasons(owner, session, {"read_file": {"path": path}}) == ["denied_by_rule"]
    assert await reasons(owner, session, {"read_file": {"path": "a.txt"}}) == ["mode"]


@sqlite_only
async def test_what_is_denied_does_not_run_by_any_door(owner: User, session: Session, root: Path) -> None:
    (root / "keys.txt").write_text("one\n")
    await tooling.add_rule(owner, tooling.NewRule(tool="shell", decision="deny", commands=("rm",)))
    await tooling.add_rule(owner, tooling.NewRule(tool="*", decision="deny", paths=("keys.*",)))
    denied: list[tuple[str, dict[str, Any]]] = [
        ("shell", {"command": "ls; sudo rm a.txt"}),
        ("read_file", {"path": "keys.txt"}),
        ("write_file", {"path": "KEYS.txt", "content": "x"}),
        ("edit", {"path": "./keys.txt", "old_string": "one", "new_string": "x"}),
    ]
    for mode in ("ask", "edit", "auto"):
        for name, arguments in denied:
            with pytest.raises(ToolFailed, match="rule"):
                await tooling.execute(owner, session.model_copy(update={"mode": mode}), name, arguments)
    assert (root / "keys.txt").read_text() == "one\n"
    assert (await tooling.execute(owner, session, "read_file", GOOD["read_file"])).text


@sqlite_only
async def test_who_looks_through_many_files_sees_nothing_of_a_denied_one(
    owner: User, session: Session, root: Path
) -> None:
    (root / "secret").mkdir()
    (root / "secret" / "key.txt").write_text("one canary\n")
    (root / "innocent.txt").symlink_to("secret/key.txt")
    (root / "AGENTS.md").write_text("Heed this: @secret/key.txt\n")
    await tooling.add_rule(owner, tooling.NewRule(tool="*", decision="deny", paths=("secret/**",)))
    looks: list[tuple[str, dict[str, Any]]] = [
        ("grep", {"pattern": "one"}),
        ("grep", {"pattern": "one", "path": "secret"}),
        ("read_many_files", {"include": ["**/*.txt"]}),
        ("read_many_files", {"paths": ["a.txt", "innocent.txt", "secret"]}),
    ]
    for name, arguments in looks:
        said = ""
        with suppress(ToolFailed):
            said = (await tooling.execute(owner, session, name, arguments)).text
        assert "canary" not in said
    told = await tooling.read_instructions(owner, session)
    assert "canary" not in told.text
    assert "Heed this" in told.text


@sqlite_only
async def test_a_file_that_is_asked_about_is_read_when_it_was_named(
    owner: User, session: Session, root: Path
) -> None:
    (root / "diary.txt").write_text("one canary\n")
    await tooling.add_rule(owner, tooling.NewRule(tool="*", decision="ask", paths=("diary.*",)))
    passing = (await tooling.execute(owner, session, "grep", {"pattern": "one"})).text
    assert "a.txt" in passing
    assert "canary" not in passing
    by_name = {"pattern": "one", "path": "diary.txt"}
    assert await reasons(owner, session, {"grep": by_name}) == ["rule"]
    assert "canary" in (await tooling.execute(owner, session, "grep", by_name)).text


@sqlite_only
async def test_a_call_is_weighed_under_the_hash_that_a_question_would_have(
    owner: User, session: Session
) -> None:
    call = ToolCall(id="1", name="write_file", arguments=WRITES)
    weighed = await tooling.judge(owner, session, call)
    assert weighed.call_hash == call_hash(call, tooling.definition_hash("write_file"))


@sqlite_only
async def test_s31_a_tainted_session_asks_before_anything_leaves(owner: User, session: Session) -> None:
    await tooling.add_rule(owner, tooling.NewRule(tool="web_fetch", decision="allow"))
    fetch = ToolCall(id="1", name="web_fetch", arguments=OTHERS["web_fetch"])
    clean = await tooling.judge(owner, session, fetch)
    tainted = await tooling.judge(owner, session, fetch, is_tainted=True)
    assert (clean.judgement.reason, tainted.judgement.reason) == ("rule", "tainted")
    assert not tainted.offers
    here = ToolCall(id="1", name="shell", arguments={"command": "ls"})
    assert (await tooling.judge(owner, session, here, is_tainted=True)).judgement.reason == "harmless"


@sqlite_only
async def test_outside_of_the_sandbox_nothing_is_harmless(owner: User, session: Session) -> None:
    await tooling.change_permission(owner, "shell", tooling.PermissionChanges(sandbox_bypassed=True))
    call = ToolCall(id="1", name="shell", arguments={"command": "ls"})
    for mode in ("ask", "edit", "auto"):
        weighed = await tooling.judge(owner, session.model_copy(update={"mode": mode}), call)
        assert (weighed.judgement.reason, weighed.backend) == ("unconfined", "bypassed")
    planning = await tooling.judge(owner, session.model_copy(update={"mode": "plan"}), call)
    assert planning.judgement.reason == "plan_mode"


@sqlite_only
async def test_where_no_sandbox_works_nobody_is_asked_and_the_model_is_told_why(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = {"bubblewrap": ("it is not installed",), "landlock": ("Maestro runs as root",)}
    monkeypatch.setattr(chooser, "found", Choice(backend=None, report=report))
    call = ToolCall(id="1", name="shell", arguments={"command": "make"})
    weighed = await tooling.judge(owner, session, call)
    assert (weighed.judgement.decision, weighed.judgement.reason) == ("allow", "cannot_run")
    with pytest.raises(ToolFailed, match="bubblewrap: it is not installed; landlock: Maestro runs as root"):
        await tooling.execute(owner, session, "shell", call.arguments)
    await tooling.change_permission(owner, "shell", tooling.PermissionChanges(sandbox_bypassed=True))
    assert (await tooling.judge(owner, session, call)).judgement.reason == "unconfined"


@sqlite_only
async def test_hosts_are_reached_where_they_can_be_told_apart(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAESTRO_SANDBOX_HOSTS", "git.example.org, *.example.net")
    config.settings.cache_clear()
    assert await tooling._hosts() == ("git.example.org", "*.example.net")
    assert tooling.brings("shell") == {"stranger", "private"}
    call = ToolCall(id="1", name="shell", arguments={"command": "ls"})
    weighed = await tooling.judge(owner, session, call, is_tainted=True)
    assert weighed.judgement.reason == "tainted", "what may reach others may send"
    monkeypatch.setattr(chooser, "found", Choice(backend="landlock", report={}))
    assert await tooling._hosts() == ()


async def reasons(owner: User, session: Session, calls: dict[str, dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for name, arguments in calls.items():
        weighed = await tooling.judge(owner, session, ToolCall(id="1", name=name, arguments=arguments))
        found.append(weighed.judgement.reason)
    return found


def test_effects_say_what_a_crash_may_repeat() -> None:
    effects = {name: tooling.effect(name) for name in NAMES}
    assert [name for name in OTHERS if tooling.effect(name) == "once"] == ["call_operation", "shell"]
    assert effects.pop("edit") == "once"
    assert effects.pop("write_file") == "idempotent"
    assert set(effects.values()) == {"pure"}
