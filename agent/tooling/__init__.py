"""Tools: what a model may use, and whether a call may run. The front door of this context."""

import asyncio
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import JsonValue

from agent.config import settings
from agent.core import policy
from agent.core.errors import NotFound, ToolFailed
from agent.core.identity import Session, User
from agent.core.messages import File, ToolCall
from agent.core.policy import Judgement, Replies, Rule
from agent.core.tools import Effect, ToolDefinition
from agent.tooling import instructions, mentions, processes, tools, workspaces
from agent.tooling._outputs import fitted
from agent.tooling._writing import readable
from agent.tooling.declaration import Tool, ToolOutput
from agent.tooling.instructions import InstructionFile, Instructions
from agent.tooling.openapi import (
    NewService,
    OpenapiService,
    SchemeOffer,
    ServiceChanges,
    Services,
    add_service,
    change_service,
    remove_service,
    services,
)
from agent.tooling.tools.web_search import Search
from agent.tooling.web.fetching import Web
from agent.tooling.workspace import Workspace

__all__ = [
    "InstructionFile",
    "Instructions",
    "NewService",
    "OpenapiService",
    "SchemeOffer",
    "Search",
    "ServiceChanges",
    "ToolOutput",
    "add_service",
    "change_service",
    "choose_workspace",
    "definitions",
    "effect",
    "execute",
    "judge",
    "mentioned",
    "new_instructions",
    "read_instructions",
    "remove_service",
    "services",
    "stop_leftovers",
]


_WEB = Web()

GLOBAL = "instructions"
"""The folder of the data folder whose GEMINI.md and AGENTS.md hold in every workspace."""


def definitions(user: User, session: Session) -> tuple[ToolDefinition, ...]:
    """The tools a model may use in this session, by name."""
    _require_owner(user, session)
    return tuple(tool.definition for tool in _registry().values() if session.mode in tool.modes)


async def execute(
    user: User,
    session: Session,
    name: str,
    arguments: Mapping[str, JsonValue],
    *,
    replies: Replies = (),
    search: Search = None,
) -> ToolOutput:
    """Run a tool in the session's workspace.

    Args:
        user: for whom.
        session: in which.
        name: of the tool.
        arguments: as the model wrote them.
        replies: what the person replied, when the call asked them.
        search: asks a model that can search the web; None when there is none.

    Raises:
        ToolFailed: there is no such tool, an argument is wrong, or the tool could not do it.
    """
    _require_owner(user, session)
    known = _registry()
    if name not in known:
        raise ToolFailed(f"There is no tool {name!r:.80}, only {', '.join(known)}.")
    if session.mode not in known[name].modes:
        raise ToolFailed(f"{name} makes no sense in mode {session.mode}.")
    async with Workspace(session.workspace) as files:
        output = await known[name].run(
            arguments, files=files, replies=replies, web=_WEB, search=search, services=Services(user)
        )
        told = output.model_copy(update={"text": readable(output.text)})
        return await fitted(files, name, told, known[name].longest)


async def read_instructions(user: User, session: Session, touched: Iterable[str] = ()) -> Instructions:
    """What GEMINI.md and AGENTS.md say: the server's, the workspace's, those of folders that were touched.

    Raises:
        ToolFailed: the workspace is gone.
    """
    _require_owner(user, session)
    async with Workspace(session.workspace) as files:
        return await instructions.instructions(files, settings().data_dir / GLOBAL, touched)


async def new_instructions(user: User, session: Session, path: str, known: set[str]) -> Instructions:
    """What the folders on the way to a path say, as far as it is not known.

    Raises:
        ToolFailed: the workspace is gone.
    """
    _require_owner(user, session)
    async with Workspace(session.workspace) as files:
        return await instructions.new_instructions(files, path, known)


async def mentioned(user: User, session: Session, text: str) -> tuple[File, ...]:
    """The files of the workspace that a person's words mention as `@path`.

    Raises:
        ToolFailed: the workspace is gone.
    """
    _require_owner(user, session)
    async with Workspace(session.workspace) as files:
        return (await mentions.mentioned(files, text)).files


async def choose_workspace(user: User, session_id: str, wanted: str | None) -> Path:  # noqa: ARG001 - one owner so far
    """Find the folder a session shall work in: a new one of its own, or one under the allowed folders.

    Raises:
        Invalid: the wanted folder is not there, or not allowed.
    """
    found = settings()
    return await asyncio.to_thread(
        workspaces.choose, found.data_dir, found.workspace_roots, session_id, wanted
    )


def judge(user: User, session: Session, call: ToolCall, rules: Iterable[Rule]) -> Judgement:
    """Decide whether a call may run; one that cannot may, so that it fails with words and nobody is asked."""
    _require_owner(user, session)
    tool = _registry().get(call.name)
    if tool is None:
        return Judgement(decision="allow", reason="unknown_tool")
    can_run = session.mode in tool.modes and not call.malformed and tool.accepts(call.arguments)
    asks = tool.asks if can_run else ""
    return policy.judge(call, tool.definition.kind, session.mode, rules, asks)


async def stop_leftovers(user: User, session: Session) -> None:
    """Kill what the tools of a session started and a server that died could not stop.

    Raises:
        TimeoutError: one of them could not be killed.
    """
    _require_owner(user, session)
    await processes.stop(session.id)


def effect(name: str) -> Effect:
    """What a crash must know of a tool; an unknown one does nothing.

    >>> effect("edit"), effect("read_file")
    ('once', 'pure')
    """
    tool = _registry().get(name)
    return tool.definition.effect if tool else "pure"


@cache
def _registry() -> dict[str, Tool]:
    """Every tool of the drop-in folder: each file's function of the file's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(tools.__path__))
    found = ((name, importlib.import_module(f"{tools.__name__}.{name}")) for name in names if name[0] != "_")
    return {name: getattr(module, name) for name, module in found}


def _require_owner(user: User, session: Session) -> None:
    if session.user_id != user.id:
        raise NotFound("session")
