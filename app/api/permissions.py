"""The routes of what a person lets tools do: permissions and rules."""

from typing import Annotated

from fastapi import APIRouter, Path

from agent import sessions, tooling
from app.api.routes import Asking

router = APIRouter()

Tool = Annotated[str, Path(max_length=200)]
Id = Annotated[str, Path(max_length=36)]


@router.get("/permissions")
async def permissions(user: Asking) -> list[tooling.Permission]:
    """What the asking user lets each tool do, by name."""
    return await tooling.permissions(user)


@router.get("/permissions/{tool}")
async def permission(user: Asking, tool: Tool) -> tooling.Permission:
    """What the asking user lets a tool do."""
    return await tooling.permission(user, tool)


@router.put("/permissions/{tool}")
async def change(user: Asking, tool: Tool, changes: tooling.PermissionChanges) -> tooling.Permission:
    """Let a tool run or not, and inside or outside of the sandbox; it holds from the next call on."""
    return await tooling.change_permission(user, tool, changes)


@router.get("/rules")
async def rules(user: Asking) -> list[tooling.StoredRule]:
    """The rules of the asking user, the newest first; those too that have ended."""
    return await tooling.rules(user)


@router.post("/rules", status_code=201)
async def add(user: Asking, new: tooling.NewRule) -> tooling.StoredRule:
    """Add a rule, for one session, for one workspace or for everything; it holds from the next call on."""
    session = await sessions.get(user, new.session_id) if new.session_id else None
    return await tooling.add_rule(user, new, session)


@router.delete("/rules/{rule_id}", status_code=204)
async def remove(user: Asking, rule_id: Id) -> None:
    """Remove a rule; it holds no longer from the next call on."""
    await tooling.remove_rule(user, rule_id)
