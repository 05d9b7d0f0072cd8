"""Lines and rules of another project, with what it makes of them; those we see otherwise are named."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from agent.core.messages import ToolCall
from agent.core.policy import Facts, Mode, Rule, judge
from agent.core.shell import Line, parse

_PRIORITY = "of several rules the strictest holds with us, not the one of the highest priority"
_SERVERS = "tools of servers have names like all others; a rule names a tool or all of them"
_PROPERTIES = "a rule of ours names no properties of tools"
_WINDOWS = "a shell of Windows"
_HARMLESS = "the command is harmless in our sandbox, so that no rule is needed"
_TO_FILES = "with us a rule for a command never covers what is written to a file"

SET_ASIDE: dict[str, str] = {
    "shel-e942ed4763": _WINDOWS,
    "shel-dc0e6ef8c1": _WINDOWS,
    "shel-7065334151": _WINDOWS,
    "shel-350f7b6f2f": _HARMLESS,
    "shel-90f8daf3cb": _HARMLESS,
    "shel-9e0a603950": _TO_FILES,
    "poli-3baf93e94e": _TO_FILES,
    "shel-3ed4b4e33a": "our sandbox sets PATH, so that a bare name is the program of the system",
}
"""Rows that are not looked at, and why; those on quoting are none of ours: programs are given their words."""

COMMANDS = {
    r'"command":"ls': "ls",
    r'"command":"echo': "echo",
    r'"command":"echo\b': "echo",
    r'"command":"mkdir\b': "mkdir",
    r'"command":"git status': "git status",
    r'"command":"git status"': "git status",
    r'"command":"git status && ls"': "git status",
    r'"command":"rm[^"]*-rf': "rm -rf",
    r"\"command\":\"git\ commit\ \-m\ \\\"fix\\\"(?:[\s\"]|\\\")": "git commit",
}
"""What a pattern over arguments says, as the words a command begins with."""
MODES: dict[str, Mode] = {"default": "ask", "auto_edit": "edit", "yolo": "auto", "plan": "plan"}


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found = (json.loads(line) for line in (folder / "cases" / name).read_text().splitlines())
    return [row for row in found if row["id"] not in SET_ASIDE]


def decided(line: str, rules: list[Rule], mode: Mode = "ask") -> str:
    call = ToolCall(id="1", name="shell", arguments={"command": line})
    return judge(call, Facts(kind="execute", line=parse(line)), mode, rules).decision


def roots(line: Line) -> list[str]:
    return [command.words[0] for command in line.commands if command.words]


def wrong_parse(row: dict[str, Any]) -> list[str]:
    """The expectations of a row about the parts of a line that are not met."""
    line = parse(row["command"])
    texts = [command.text for command in line.commands]
    redirections = [each for command in line.commands for each in command.redirections]
    operators = [each.operator.lstrip("0123456789") for each in redirections]
    found = {
        "refused": not line.is_understood,
        "roots": roots(line),
        "subcommands": texts,
        "redirection": bool(redirections),
        "redirection_operators": operators,
        "subcommands_include": [text for text in row.get("subcommands_include", []) if text in texts],
        "subcommands_none_contain": [
            sign
            for sign in row.get("subcommands_none_contain", [])
            if not any(sign in text for text in texts)
        ],
    }
    return [name for name, value in found.items() if name in row and row[name] != value]


def test_lines_are_taken_apart_alike(acceptance_data: Path) -> None:
    parsed = [row for row in rows(acceptance_data, "shell.jsonl") if row["op"] == "parse"]
    assert {row["id"]: wrong for row in parsed if (wrong := wrong_parse(row))} == {}
    assert len(parsed) > 15


def test_lines_are_decided_alike(acceptance_data: Path) -> None:
    decisions = [row for row in rows(acceptance_data, "shell.jsonl") if row["op"] == "decide"]
    wrong = {
        row["id"]: row["command"]
        for row in decisions
        if row["decision"]
        != decided(
            row["command"],
            [
                Rule(tool="shell", decision=rule["decision"], commands=(rule["prefix"],))
                for rule in row["prefix_rules"]
            ],
        )
    }
    assert wrong == {}
    assert len(decisions) > 12


def test_the_same_is_safe(acceptance_data: Path) -> None:
    for row in rows(acceptance_data, "shell.jsonl"):
        if row["op"] in {"safety", "approved"} and row["platform"] == "posix":
            (command,) = parse(" ".join(row["argv"])).commands
            allowed = [
                Rule(tool="shell", decision="allow", commands=(name,))
                for name in row.get("approved_tools", [])
            ]
            passes = decided(" ".join(row["argv"]), allowed) == "allow"
            expected = row.get("safe", row.get("approved", not row.get("dangerous")))
            assert passes is expected, (row, command)


def test_names_and_wrappers_are_seen_alike(acceptance_data: Path) -> None:
    for row in rows(acceptance_data, "shell.jsonl"):
        if row["op"] == "basename":
            assert parse(row["command"]).commands[0].name.lower() == row["name"]
        if row["op"] == "unwrap":
            line = parse(row["command"].replace("-c ls -l", "-c 'ls -l'"))
            assert row["inner"] in [command.text for command in line.commands]


def translated(row: dict[str, Any]) -> list[Rule] | str:
    """The rules of a row as ours; or why they cannot be said."""
    called, mine = (
        row["call"],
        [rule for rule in row["rules"] if row["mode"] in rule.get("modes", [row["mode"]])],
    )
    if "server" in called or any(rule["tool"].startswith("mcp_") for rule in mine):
        return _SERVERS
    if any("annotations" in rule for rule in mine):
        return _PROPERTIES
    decisions = {rule["decision"] for rule in mine if rule["tool"] in {"*", called["tool"]}}
    if len(decisions) > 1 and row["decision"] != "deny":
        return _PRIORITY
    return [ours(rule) for rule in mine]


def ours(rule: dict[str, Any]) -> Rule:
    pattern = rule.get("args_regex")
    return Rule(
        tool=rule["tool"],
        decision=rule["decision"],
        commands=(COMMANDS[pattern],) if pattern in COMMANDS else (),
        arguments={"path": pattern} if pattern == "secret" else None,
    )


def test_rules_decide_alike(acceptance_data: Path) -> None:
    wrong: dict[str, Any] = {}
    aside: Counter[str] = Counter()
    for row in rows(acceptance_data, "policy.jsonl"):
        if row["op"] != "decide":
            continue
        rules, called = translated(row), row["call"]
        if isinstance(rules, str):
            aside[rules] += 1
            continue
        line = called.get("args", {}).get("command")
        facts = Facts(kind="execute" if line else "other", line=parse(line) if line else None)
        call = ToolCall(id="1", name=called["tool"], arguments=called.get("args", {}))
        decision = judge(call, facts, MODES[row["mode"]], rules).decision
        if decision != row["decision"]:
            wrong[row["id"]] = (decision, row["decision"], line or called["tool"])
    assert wrong == {}
    assert aside == {_SERVERS: 12, _PROPERTIES: 3, _PRIORITY: 4}


def test_a_tool_is_shut_off_alike(acceptance_data: Path) -> None:
    for row in rows(acceptance_data, "policy.jsonl"):
        rules = [rule for rule in row["rules"] if row["mode"] in rule.get("modes", [row["mode"]])]
        named = [rule for rule in rules if rule["tool"] in {"*", row.get("tool")}]
        # Where a rule of higher priority lets a tool off, ours say the same by not denying it.
        is_ours = "all_tools" in row and not row["tool"].startswith("mcp_")
        if is_ours and len({rule["decision"] for rule in named}) == 1:
            call = ToolCall(id="1", name=row["tool"], arguments={})
            decision = judge(call, Facts(kind="read"), "ask", [ours(rule) for rule in named]).decision
            assert (decision == "deny") is row["excluded"], row
