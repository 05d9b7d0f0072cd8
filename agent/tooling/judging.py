"""May this call run? What is known of it is gathered here, and `core.policy` decides."""

import asyncio
import hashlib
import os
import posixpath
from collections.abc import Mapping

from pydantic import JsonValue

from agent.core import policy
from agent.core.errors import ToolFailed
from agent.core.identity import Session
from agent.core.messages import ToolCall, Value, call_hash
from agent.core.offers import Offer, Shape, offers
from agent.core.policy import Judgement, Mode
from agent.core.rules import Facts, Rule, keeps_back, speaks_of
from agent.core.shell import Line, parse
from agent.store.rules import LONGEST_RULE
from agent.tooling import sandbox
from agent.tooling.declaration import Tool
from agent.tooling.permissions import Permission
from agent.tooling.workspace import Withholds

LIKELIEST: tuple[Shape, ...] = ("tool", "folder", "command", "exact")
MOST_STEPS, LONGEST_STEP = 50, 500
"""Simple commands of a line that are shown, and their characters."""
NO_BACKEND = "none"
DENIED = "A rule of the person's denies this call. Do not try it another way; say what stands in the way."
PATHS = ("path", "paths")
"""Arguments that name files of the workspace."""


class Weighed(Value):
    """A call as it was judged."""

    judgement: Judgement
    tool: str = ""
    call_hash: str = ""
    """Of its exact arguments and the tool's definition."""
    backend: str = ""
    """What confines what it runs; `bypassed`, or empty when it runs nothing."""
    is_confined: bool = True
    """Whether what it runs stays in the sandbox."""
    steps: tuple[str, ...] = ()
    """The simple commands of the line it runs, where they are certain."""
    offers: tuple[Offer, ...] = ()
    """The rules that a person may set up who is asked about it, the likeliest first."""


CANNOT_RUN = Weighed(judgement=Judgement(decision="allow", reason="cannot_run"))
"""A call that fails with words; nobody is asked about it."""


async def weigh(
    tool: Tool, session: Session, call: ToolCall, held: tuple[tuple[Rule, ...], Permission], known: Facts
) -> Weighed:
    """Judge a call of a tool.

    Args:
        tool: which.
        session: in which.
        call: what the model wants.
        held: the rules that hold here and now, and what the person lets the tool do.
        known: what else is known of the call: whether it is tainted, whether programs reach other machines.
    """
    rules, permission = held
    can_run = session.mode in tool.modes and not call.malformed and tool.accepts(call.arguments)
    backend = await _backend(tool, permission)
    if permission.is_enabled and (not can_run or backend == NO_BACKEND):
        return CANNOT_RUN
    found = known.model_copy(update=await _found(tool, session, call, permission, sends=known.sends_out))
    judgement = policy.judge(call, found, session.mode, rules)
    is_offered = judgement.decision == "ask" and not tool.asks and judgement.reason != "tainted"
    return Weighed(
        judgement=judgement,
        tool=call.name,
        call_hash=call_hash(call, definition_hash(tool)),
        backend=backend,
        is_confined=found.is_confined,
        steps=_steps(found.line),
        offers=_offers(call, found, session.mode, rules) if is_offered else (),
    )


def _offers(call: ToolCall, found: Facts, mode: Mode, rules: tuple[Rule, ...]) -> tuple[Offer, ...]:
    """The rules that can be set up, the likeliest first: of files all, of commands those like this."""
    found_offers = offers(call, found, mode, rules)
    kept = (offer for offer in found_offers if len(offer.rule.model_dump_json()) <= LONGEST_RULE)
    return tuple(sorted(kept, key=lambda offer: LIKELIEST.index(offer.shape)))


def _steps(line: Line | None) -> tuple[str, ...]:
    """The simple commands of a line, as far as a person wants to read them."""
    if line is None or not line.is_understood:
        return ()
    found = [command.text for command in line.commands if command.words]
    return tuple(text[:LONGEST_STEP] for text in found[:MOST_STEPS])


async def _backend(tool: Tool, permission: Permission) -> str:
    """What confines the programs of a call."""
    if tool.definition.kind != "execute":
        return ""
    return "bypassed" if permission.sandbox_bypassed else (await sandbox.choice()).backend or NO_BACKEND


async def would_cover(tool: Tool, call: ToolCall, rule: Rule) -> bool:
    """Whether a rule would have decided a past call, as far as it can be known by what it names."""
    known = Facts(kind=tool.definition.kind, line=await _line(tool, call), paths=tuple(_named(call)))
    return speaks_of(rule, call, known)


async def require_undenied(
    tool: Tool, session: Session, arguments: Mapping[str, JsonValue], rules: tuple[Rule, ...]
) -> Withholds | None:
    """Make sure that no rule denies a call in the moment it runs; gives what it must not read on its way.

    It may have been judged long ago, or by nobody.

    Raises:
        ToolFailed: a rule denies it.
    """
    call = ToolCall(id="", name=tool.definition.name, arguments=dict(arguments))
    heeded = tuple(rule for rule in rules if rule.decision != "allow" and rule.matches(call))
    if not heeded:
        return None
    paths = await asyncio.to_thread(_paths, session.workspace, call)
    known = Facts(kind=tool.definition.kind, line=await _line(tool, call), paths=paths)
    if any(rule.decision == "deny" and speaks_of(rule, call, known) for rule in heeded):
        raise ToolFailed(DENIED)
    return _withholding(session.workspace, call, heeded, paths)


def kept_from_reading(workspace: str, rules: tuple[Rule, ...]) -> Withholds | None:
    """What says which files of a workspace a model is not told of unasked: those it may not read."""
    reading = ToolCall(id="", name="read_file", arguments={})
    return _withholding(workspace, reading, tuple(rule for rule in rules if rule.decision == "deny"))


def _withholding(
    workspace: str, call: ToolCall, rules: tuple[Rule, ...], named: tuple[str, ...] = ()
) -> Withholds | None:
    """What says which files of a workspace rules keep from a call; None when they speak of no files."""
    if not any(rule.paths for rule in rules):
        return None
    root = os.path.realpath(workspace)

    def withholds(path: str) -> bool:
        real = posixpath.relpath(_real(posixpath.join(root, path)), root)
        return any(keeps_back(rules, call, name, named) for name in {path, real})

    return withholds


def definition_hash(tool: Tool) -> str:
    """The hash of what a tool is said to be; an approval holds for this tool and no other of its name."""
    return hashlib.sha256(tool.definition.model_dump_json().encode()).hexdigest()


async def _found(
    tool: Tool, session: Session, call: ToolCall, permission: Permission, *, sends: bool
) -> dict[str, object]:
    runs = tool.definition.kind == "execute"
    is_confined = not (runs and permission.sandbox_bypassed)
    return {
        "kind": tool.definition.kind,
        "asks": tool.asks,
        "line": await _line(tool, call),
        "paths": await asyncio.to_thread(_paths, session.workspace, call),
        "is_enabled": permission.is_enabled,
        "is_confined": is_confined,
        "changes_nothing": runs and is_confined and session.mode == "plan",
        "sends_out": "out" in tool.flow or (runs and (sends or not is_confined)),
    }


async def _line(tool: Tool, call: ToolCall) -> Line | None:
    """The command line of a call that runs one."""
    command = call.arguments.get("command")
    if tool.definition.kind != "execute" or not isinstance(command, str):
        return None
    return await asyncio.to_thread(parse, command)


def _named(call: ToolCall) -> list[str]:
    values = (call.arguments.get(name) for name in PATHS)
    lists = (value if isinstance(value, list) else [value] for value in values)
    return [path for each in lists for path in each if isinstance(path, str)]


def _paths(workspace: str, call: ToolCall) -> tuple[str, ...]:
    """The files a call names, as it writes them and as they really are, seen from the workspace."""
    root = os.path.realpath(workspace)
    found: dict[str, None] = {}
    for path in _named(call):
        whole = posixpath.join(workspace, path)
        found[posixpath.relpath(posixpath.normpath(whole), workspace)] = None
        found[posixpath.relpath(_real(whole), root)] = None
    return tuple(found)


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return posixpath.normpath(path)
