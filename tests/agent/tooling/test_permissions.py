import asyncio
import json

import pytest
from sqlmodel import select, update

from agent.core.errors import Invalid, NotAllowed, NotFound
from agent.core.identity import User
from agent.core.tools import Kind
from agent.store.audit import AuditEntryRow, entries_of
from agent.store.engine import reading, writing
from agent.store.users import ToolPermissionRow, UserRow
from agent.tooling.permissions import (
    Permission,
    PermissionChanges,
    change_permission,
    permission,
    permissions,
)

KINDS: dict[str, Kind] = {"shell": "execute", "edit": "edit"}
OFF = PermissionChanges(is_enabled=False)
OUTSIDE = PermissionChanges(sandbox_bypassed=True)


async def written(user: User) -> list[AuditEntryRow]:
    return (await reading(lambda store: entries_of(store, user.id, 0, 100)))[::-1]


async def test_what_nobody_changed_runs_inside_of_the_sandbox(owner: User) -> None:
    assert await permissions(owner, KINDS) == [Permission(tool="edit"), Permission(tool="shell")]
    assert await permission(owner, "shell", KINDS) == Permission(
        tool="shell", is_enabled=True, sandbox_bypassed=False
    )


async def test_a_change_holds_and_what_is_left_out_stays(owner: User) -> None:
    assert not (await change_permission(owner, "shell", OFF, KINDS)).is_enabled
    changed = await change_permission(owner, "shell", OUTSIDE, KINDS)
    assert changed == Permission(tool="shell", is_enabled=False, sandbox_bypassed=True)
    assert await permissions(owner, KINDS) == [Permission(tool="edit"), changed]
    back = PermissionChanges(is_enabled=True, sandbox_bypassed=False)
    assert await change_permission(owner, "shell", back, KINDS) == Permission(tool="shell")


async def test_each_change_is_written_down_and_nothing_else(owner: User) -> None:
    for changes in (OUTSIDE, OUTSIDE, PermissionChanges(), OFF):
        await change_permission(owner, "shell", changes, KINDS)
    entries = await written(owner)
    assert [entry.action for entry in entries] == ["permission_changed"] * 2
    first = json.loads(entries[0].body)
    assert (first["before"]["sandbox_bypassed"], first["after"]["sandbox_bypassed"]) == (False, True)
    assert first["after"]["tool"] == "shell"


@pytest.mark.parametrize("tool", ["", "nothing", "Shell", "shell\0", "\ud800", "*", "x" * 100_000])
async def test_an_unknown_tool_is_not_found(owner: User, tool: str) -> None:
    with pytest.raises(NotFound):
        await permission(owner, tool, KINDS)
    with pytest.raises(NotFound):
        await change_permission(owner, tool, OFF, KINDS)


async def test_only_what_runs_programs_has_a_sandbox_to_leave(owner: User) -> None:
    with pytest.raises(Invalid, match="not_sandboxed"):
        await change_permission(owner, "edit", OUTSIDE, KINDS)
    both = PermissionChanges(is_enabled=False, sandbox_bypassed=False)
    assert not (await change_permission(owner, "edit", both, KINDS)).is_enabled
    assert len(await written(owner)) == 1


async def test_only_administrators_leave_the_sandbox_and_only_while_they_are(
    owner: User, other: User
) -> None:
    with pytest.raises(NotAllowed, match="bypass_for_administrators"):
        await change_permission(other, "shell", OUTSIDE, KINDS)
    assert await permission(other, "shell", KINDS) == Permission(tool="shell")
    await change_permission(owner, "shell", OUTSIDE, KINDS)
    await writing(lambda store: store.exec(update(UserRow).values(is_admin=False)))
    assert await permission(owner, "shell", KINDS) == Permission(tool="shell")


async def test_nobody_sees_or_profits_from_the_permissions_of_others(owner: User, other: User) -> None:
    await change_permission(owner, "shell", OUTSIDE, KINDS)
    await change_permission(other, "shell", OFF, KINDS)
    assert await permission(owner, "shell", KINDS) == Permission(tool="shell", sandbox_bypassed=True)
    assert await permission(other, "shell", KINDS) == Permission(tool="shell", is_enabled=False)
    assert [len(await written(user)) for user in (owner, other)] == [1, 1]


async def test_a_tool_that_is_gone_is_not_shown(owner: User) -> None:
    await change_permission(owner, "shell", OFF, KINDS)
    assert await permissions(owner, {"edit": "edit"}) == [Permission(tool="edit")]


async def test_changes_at_the_same_moment_leave_one_row(owner: User) -> None:
    await change_permission(owner, "shell", OFF, KINDS)
    await asyncio.gather(*(change_permission(owner, "shell", OUTSIDE, KINDS) for _ in range(8)))
    rows = select(ToolPermissionRow).where(ToolPermissionRow.user_id == owner.id)
    [row] = await reading(lambda store: store.exec(rows).all())
    assert (row.is_enabled, row.sandbox_bypassed) == (False, True)
    assert len(await written(owner)) == 2


async def test_two_first_changes_at_the_same_moment_both_hold(owner: User) -> None:
    await asyncio.gather(
        change_permission(owner, "shell", OFF, KINDS), change_permission(owner, "shell", OUTSIDE, KINDS)
    )
    assert await permission(owner, "shell", KINDS) == Permission(
        tool="shell", is_enabled=False, sandbox_bypassed=True
    )
