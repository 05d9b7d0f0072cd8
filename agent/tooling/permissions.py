"""Which tools a person lets run, and which outside of the sandbox. Every function asks whose they are."""

from collections.abc import Mapping

from sqlalchemy import and_, bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.core.errors import Invalid, NotAllowed, NotFound
from agent.core.identity import User
from agent.core.messages import Value
from agent.core.tools import Kind
from agent.store import audit
from agent.store.audit import Entry
from agent.store.engine import reading, writing
from agent.store.users import ToolPermissionRow, UserRow

Kinds = Mapping[str, Kind]
"""The tools there are, each with its kind."""


class Permission(Value):
    """What a person lets a tool do; what nobody changed runs, inside of the sandbox."""

    tool: str
    is_enabled: bool = True
    sandbox_bypassed: bool = False


class PermissionChanges(Value):
    """What changes of a permission; what is left out stays."""

    is_enabled: bool | None = None
    sandbox_bypassed: bool | None = None


CHANGED = (
    select(
        ToolPermissionRow.tool_name,
        ToolPermissionRow.is_enabled,
        # It lasts no longer than the right to it.
        and_(col(ToolPermissionRow.sandbox_bypassed), col(UserRow.is_admin)),
    )
    .join(UserRow, col(UserRow.id) == ToolPermissionRow.user_id)
    .where(col(ToolPermissionRow.user_id) == bindparam("user_id"))
)


async def permissions(user: User, kinds: Kinds) -> list[Permission]:
    """The permissions of a person for every tool, by name."""
    found = await reading(lambda store: permissions_in(store, user.id))
    return [found.get(tool) or Permission(tool=tool) for tool in sorted(kinds)]


async def permission(user: User, tool: str, kinds: Kinds) -> Permission:
    """The permission of a person for a tool.

    Raises:
        NotFound: there is no such tool.
    """
    _kind(tool, kinds)
    return {found.tool: found for found in await permissions(user, kinds)}[tool]


async def change_permission(user: User, tool: str, changes: PermissionChanges, kinds: Kinds) -> Permission:
    """Change what a tool may do; each change is written down in the audit log.

    Only administrators may leave the sandbox: outside of it is what belongs to everybody.

    Args:
        user: whose permission it is.
        tool: which.
        changes: what is to change.
        kinds: the tools there are.

    Raises:
        NotFound: there is no such tool.
        Invalid: the tool runs no programs, so it has no sandbox that could be left out.
        NotAllowed: the sandbox is left by administrators only.
    """
    if _kind(tool, kinds) != "execute" and changes.sandbox_bypassed:
        raise Invalid("not_sandboxed", tool=tool)

    def work(store: Store) -> Permission:
        if changes.sandbox_bypassed and not _is_admin(store, user):
            raise NotAllowed("bypass_for_administrators")
        mine = select(ToolPermissionRow).where(
            ToolPermissionRow.user_id == user.id, ToolPermissionRow.tool_name == tool
        )
        row = store.exec(mine.with_for_update()).first() or ToolPermissionRow(user_id=user.id, tool_name=tool)
        before = _shown(row)
        after = before.model_copy(update=changes.model_dump(exclude_none=True))
        if after != before:
            row.is_enabled, row.sandbox_bypassed = after.is_enabled, after.sandbox_bypassed
            store.add(row)
            body = {"before": before.model_dump(), "after": after.model_dump()}
            audit.append(store, Entry(action="permission_changed", user_id=user.id, body=body))
        return after

    try:
        return await writing(work)
    except IntegrityError:
        return await writing(work)  # it was changed for the first time at the same moment


def permissions_in(store: Store, user_id: str) -> dict[str, Permission]:
    """What a person changed, by tool, within a transaction."""
    found = store.connection().execute(CHANGED, {"user_id": user_id})
    return {tool: Permission(tool=tool, is_enabled=on, sandbox_bypassed=out) for tool, on, out in found}


def _is_admin(store: Store, user: User) -> bool:
    return bool(store.exec(select(UserRow.is_admin).where(col(UserRow.id) == user.id)).first())


def _kind(tool: str, kinds: Kinds) -> Kind:
    if tool not in kinds:
        raise NotFound("tool")
    return kinds[tool]


def _shown(row: ToolPermissionRow) -> Permission:
    return Permission(tool=row.tool_name, is_enabled=row.is_enabled, sandbox_bypassed=row.sandbox_bypassed)
