"""Tools: what a model may use, and whether a call may run. The front door of this context."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from agent.config import settings
from agent.core.errors import LimitReached, NotFound, ToolFailed
from agent.core.guests import persons_only, require_person
from agent.core.identity import Session, User
from agent.core.messages import File, ToolCall
from agent.core.policy import Replies
from agent.core.rules import Facts, Rule
from agent.core.tools import ToolDefinition
from agent.tooling import (
    attaching,
    auditing,
    background,
    completing,
    guests,
    instructions,
    judging,
    mentions,
    openapi,
    processes,
    programs,
    ruling,
    sandbox,
    viewing,
    workspaces,
)
from agent.tooling import (
    permissions as permitting,
)
from agent.tooling._outputs import fitted, place_of_whole
from agent.tooling._writing import readable
from agent.tooling.auditing import AuditEntry
from agent.tooling.background import Job
from agent.tooling.declaration import ToolOutput
from agent.tooling.instructions import InstructionFile, Instructions
from agent.tooling.judging import CANNOT_RUN, Weighed, weigh
from agent.tooling.mentions import Mentions
from agent.tooling.openapi import NewService, OpenapiService, SchemeOffer, ServiceChanges, Services
from agent.tooling.permissions import Permission, PermissionChanges
from agent.tooling.programs import Programs
from agent.tooling.registry import brings, definition_hash, effect, kinds, registry
from agent.tooling.ruling import NewRule, Standing, StoredRule
from agent.tooling.tools.web_search import Search
from agent.tooling.viewing import MOST_TEXT, Item, Listing, Seen, Taken
from agent.tooling.web.fetching import Web
from agent.tooling.workspace import Workspace

__all__ = [
    "MOST_TEXT",
    "AuditEntry",
    "InstructionFile",
    "Instructions",
    "Item",
    "Job",
    "Listing",
    "Means",
    "Mentions",
    "NewRule",
    "NewService",
    "OpenapiService",
    "Permission",
    "PermissionChanges",
    "SchemeOffer",
    "Search",
    "Seen",
    "ServiceChanges",
    "StoredRule",
    "Taken",
    "ToolOutput",
    "Weighed",
    "add_rule",
    "add_service",
    "audit_entries",
    "brings",
    "change_permission",
    "change_service",
    "choose_workspace",
    "close",
    "completions",
    "definition_hash",
    "definitions",
    "discard_workspace",
    "draft_rule",
    "effect",
    "execute",
    "is_workspace_empty",
    "jobs",
    "judge",
    "kinds",
    "look_at_file",
    "look_into_folder",
    "mentioned",
    "new_instructions",
    "permission",
    "permissions",
    "prepare",
    "read_attachment",
    "read_instructions",
    "remove_rule",
    "remove_service",
    "rules",
    "services",
    "stop_job",
    "stop_jobs",
    "stop_leftovers",
    "take_file",
    "top_of_workspace",
    "whole_output",
    "would_cover",
    "would_pass",
]


_WEB = Web()

audit_entries = persons_only(auditing.audit_entries)
services = persons_only(openapi.services)
add_service = persons_only(openapi.add_service)
change_service = persons_only(openapi.change_service)
remove_service = persons_only(openapi.remove_service)
remove_rule = persons_only(ruling.remove_rule)


@dataclass(frozen=True)
class Means:
    """What a session gives a call beside its arguments."""

    replies: Replies = ()
    """What the person replied, when the call asked them."""
    search: Search = None
    """Asks a model that can search the web; None when there is none."""
    say: Callable[[str], None] = lambda _: None
    """Takes what a program writes while it runs."""


GLOBAL = "instructions"
"""The folder of the data folder whose GEMINI.md and AGENTS.md hold in every workspace."""


async def definitions(user: User, session: Session) -> tuple[ToolDefinition, ...]:
    """The tools a model may use in this session, by name; what the person has shut off is hidden from it."""
    _require_owner(user, session)
    now = await _standing(user, session)
    return tuple(
        tool.definition
        for name, tool in registry().items()
        if session.mode in tool.modes and not now.shuts_off(name)
    )


async def execute(
    user: User,
    session: Session,
    name: str,
    arguments: Mapping[str, JsonValue],
    means: Means | None = None,
) -> ToolOutput:
    """Run a tool in the session's workspace.

    Args:
        user: for whom.
        session: in which.
        name: of the tool.
        arguments: as the model wrote them.
        means: what else the session gives it.

    Raises:
        ToolFailed: there is no such tool, an argument is wrong, or the tool could not do it.
    """
    _require_owner(user, session)
    known = registry()
    if name not in known:
        raise ToolFailed(f"There is no tool {name!r:.80}, only {', '.join(known)}.")
    if session.mode not in known[name].modes:
        raise ToolFailed(f"{name} makes no sense in mode {session.mode}.")
    means = means or Means()
    now = await _standing(user, session)
    if now.shuts_off(name):
        raise ToolFailed(f"{name} is switched off.")
    if user.is_anonymous:
        await guests.require_room(known[name], session.workspace)
    withholds = await judging.require_undenied(known[name], session, arguments, now.rules)
    bypassed = now.permission(name).sandbox_bypassed
    confinement = programs.confined(session, is_bypassed=bypassed, hosts=await _hosts())
    async with Workspace(session.workspace, withholds=withholds) as files:
        output = await known[name].run(
            arguments,
            files=files,
            replies=means.replies,
            web=_WEB,
            search=means.search,
            services=Services(user),
            programs=Programs(session, confinement, means.say),
        )
        told = output.model_copy(update={"text": readable(output.text)})
        return await fitted(files, name, told, known[name].longest)


async def read_instructions(user: User, session: Session, touched: Iterable[str] = ()) -> Instructions:
    """What GEMINI.md and AGENTS.md say: the server's (to no guest), the workspace's, and of touched folders.

    Raises:
        ToolFailed: the workspace is gone.
    """
    async with await _told(user, session) as files:
        folder = None if user.is_anonymous else settings().data_dir / GLOBAL
        return await instructions.instructions(files, folder, touched)


async def new_instructions(user: User, session: Session, path: str, known: set[str]) -> Instructions:
    """What the folders on the way to a path say, as far as it is not known.

    Raises:
        ToolFailed: the workspace is gone.
    """
    async with await _told(user, session) as files:
        return await instructions.new_instructions(files, path, known)


async def _told(user: User, session: Session) -> Workspace:
    """The workspace as a model is told of it unasked: without the files that a rule denies it."""
    _require_owner(user, session)
    now = await _standing(user, session)
    return Workspace(session.workspace, withholds=judging.kept_from_reading(session.workspace, now.rules))


async def mentioned(user: User, session: Session, text: str) -> Mentions:
    """The files of the workspace that a person's words mention as `@path`, and those that are not there.

    Raises:
        ToolFailed: the workspace is gone.
    """
    _require_owner(user, session)
    async with Workspace(session.workspace) as files:
        return await mentions.mentioned(files, text)


async def completions(user: User, session: Session, typed: str) -> list[str]:
    """Paths of the workspace that a person may mean; none when it is gone."""
    _require_owner(user, session)
    with suppress(ToolFailed):
        async with Workspace(session.workspace) as files:
            return await completing.completions(files, typed)
    return []


async def top_of_workspace(user: User, session: Session) -> list[str]:
    """What lies at the top of the workspace; nothing when it is gone."""
    _require_owner(user, session)
    with suppress(ToolFailed):
        async with Workspace(session.workspace) as files:
            return await completing.top(files)
    return []


async def look_into_folder(user: User, session: Session, path: str) -> Listing:
    """What lies in a folder of the workspace, without what ignore files leave out.

    Raises:
        NotFound: it is not there, or lies outside; the workspace is gone.
    """
    async with _workspace(user, session) as files:
        return await viewing.listing(files, path)


async def look_at_file(user: User, session: Session, path: str) -> Seen:
    """A file of the workspace as a person is shown it.

    Raises:
        NotFound: it is not there, or lies outside; the workspace is gone.
    """
    async with _workspace(user, session) as files:
        return await viewing.seen(files, path)


async def take_file(user: User, session: Session, path: str) -> Taken:
    """A whole file of the workspace.

    Raises:
        NotFound: it is not there, or lies outside; the workspace is gone.
        LimitReached: it is too large.
    """
    async with _workspace(user, session) as files:
        return await viewing.taken(files, path)


async def whole_output(user: User, session: Session, told: str) -> tuple[str, str]:
    """All of a result of which a part may have been told, and where in the workspace it is kept.

    What was told, and no place, when that was all, or the whole is kept no longer.
    """
    _require_owner(user, session)
    with suppress(LimitReached, NotFound):
        if place := place_of_whole(told):
            kept = await take_file(user, session, place)
            return kept.raw.decode("utf-8", "replace"), place
    return told, ""


@asynccontextmanager
async def _workspace(user: User, session: Session) -> AsyncGenerator[Workspace]:
    """The workspace of a session, for a person who looks through it."""
    _require_owner(user, session)
    try:
        async with Workspace(session.workspace) as files:
            yield files
    except ToolFailed:
        raise NotFound("workspace_gone") from None


async def read_attachment(user: User, name: str, raw: bytes) -> File:  # noqa: ARG001  nothing of theirs is asked
    """What a person attaches, as a part of a prompt.

    Raises:
        Invalid: it is empty, or neither an image nor a PDF nor text.
        LimitReached: it is too large for a model.
    """
    return await asyncio.to_thread(attaching.attachment, name, raw)


async def choose_workspace(user: User, session_id: str, wanted: str | None) -> Path:
    """Find the folder a session shall work in: a new one of its own, or one under the allowed folders.

    Raises:
        Invalid: the wanted folder is not there, or not allowed.
        NotAllowed: a guest wants another than its own.
    """
    if wanted:
        require_person(user)
    found = settings()
    return await asyncio.to_thread(
        workspaces.choose, found.data_dir, found.workspace_roots, session_id, wanted
    )


async def discard_workspace(user: User, session: Session) -> None:
    """Remove a workspace that was made for its session alone; what an administrator has chosen stays."""
    _require_owner(user, session)
    await asyncio.to_thread(workspaces.discard, settings().data_dir, session.id)


@persons_only
async def is_workspace_empty(user: User, session: Session) -> bool:
    """Whether nothing lies in the workspace that was made for a session alone."""
    _require_owner(user, session)
    return await asyncio.to_thread(workspaces.is_empty, settings().data_dir, session.id)


async def judge(user: User, session: Session, call: ToolCall, *, is_tainted: bool = False) -> Weighed:
    """Decide whether a call may run, by the rules and permissions of this moment.

    One that cannot run may, so that it fails with words and nobody is asked.

    Args:
        user: for whom.
        session: in which.
        call: what the model wants.
        is_tainted: whether the session has taken in a stranger's words and private things.
    """
    _require_owner(user, session)
    weighed = await _weighed(session, call, await _standing(user, session), is_tainted=is_tainted)
    return weighed.model_copy(update={"offers": ()}) if user.is_anonymous else weighed


async def _hosts() -> tuple[str, ...]:
    """The names that commands may reach: only bubblewrap can let them reach some and no others."""
    wanted = settings().sandbox_hosts
    return wanted if wanted and (await sandbox.choice()).backend == "bubblewrap" else ()


async def _weighed(session: Session, call: ToolCall, now: Standing, *, is_tainted: bool = False) -> Weighed:
    tool = registry().get(call.name)
    if tool is None:
        return CANNOT_RUN
    known = Facts(kind="other", is_tainted=is_tainted, sends_out=bool(await _hosts()))
    return await weigh(tool, session, call, (now.rules, now.permission(call.name)), known)


async def _standing(user: User, session: Session) -> Standing:
    """What a person has settled and holds here now; for all guests the same holds."""
    return guests.standing(registry().values()) if user.is_anonymous else await ruling.standing(user, session)


@persons_only
async def would_pass(user: User, session: Session, call: ToolCall, rule: Rule) -> bool:
    """Whether a call would pass, were this rule added to those that hold."""
    _require_owner(user, session)
    now = await _standing(user, session)
    with_it = now.model_copy(update={"rules": (*now.rules, rule)})
    return (await _weighed(session, call, with_it)).judgement.decision == "allow"


@persons_only
async def would_cover(user: User, call: ToolCall, rule: Rule) -> bool:  # noqa: ARG001  whose past it is
    """Whether a rule would have decided a past call, as far as its words tell."""
    tool = registry().get(call.name)
    return tool is not None and await judging.would_cover(tool, call, rule)


async def jobs(user: User, session: Session) -> list[Job]:
    """The programs that run beside the work of a session, or did; the newest first."""
    _require_owner(user, session)
    return await background.listed(session.id)


async def stop_job(user: User, session: Session, number: int) -> Job:
    """Wish that a job stops.

    Raises:
        NotFound: the session has none of this number.
    """
    _require_owner(user, session)
    return await background.stop(session.id, number)


async def stop_jobs(user: User, session: Session) -> None:
    """Wish that all jobs of a session stop."""
    _require_owner(user, session)
    await background.stop_all(session.id)


async def prepare() -> None:
    """Tidy up what a killed server left, and find out what confines commands here: a second's work."""
    await sandbox.sweep()
    await sandbox.choice()


async def close() -> None:
    """Stop what tools of this process still run."""
    await background.close()
    await sandbox.close()


async def stop_leftovers(user: User, session: Session) -> None:
    """Kill what the tools of a session started and a server that died could not stop.

    Raises:
        TimeoutError: one of them could not be killed.
    """
    _require_owner(user, session)
    await processes.stop(session.id)


@persons_only
async def permissions(user: User) -> list[Permission]:
    """What a person lets each tool do, by name."""
    return await permitting.permissions(user, kinds())


@persons_only
async def permission(user: User, tool: str) -> Permission:
    """What a person lets a tool do.

    Raises:
        NotFound: there is no such tool.
    """
    return await permitting.permission(user, tool, kinds())


@persons_only
async def change_permission(user: User, tool: str, changes: PermissionChanges) -> Permission:
    """Change what a tool may do; it holds from the next call on.

    Raises:
        NotFound: there is no such tool.
        Invalid: the tool runs no programs, so it has no sandbox that could be left out.
    """
    return await permitting.change_permission(user, tool, changes, kinds())


@persons_only
async def rules(user: User) -> list[StoredRule]:
    """The rules of a person, the newest first; those too that have ended."""
    return await ruling.rules(user, kinds())


@persons_only
async def draft_rule(user: User, new: NewRule) -> StoredRule:
    """A rule as it would be shown once it is added; see `ruling.drafted`."""
    return ruling.drafted(user, new, kinds())


@persons_only
async def add_rule(user: User, new: NewRule, session: Session | None = None) -> StoredRule:
    """Add a rule; see `ruling.add_rule`."""
    return await ruling.add_rule(user, new, kinds(), session)


def _require_owner(user: User, session: Session) -> None:
    if not session.belongs_to(user):
        raise NotFound("session")
