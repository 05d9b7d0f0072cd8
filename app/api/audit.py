"""The route of the audit log: what was decided for the asking user, and why."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from agent import tooling
from app.api.routes import NUMBER, Asking

router = APIRouter()


class Entries(BaseModel):
    """A page of the audit log, and the cursor of the next one (empty: none)."""

    entries: list[tooling.AuditEntry]
    cursor: str


@router.get("/audit")
async def audit(user: Asking, cursor: Annotated[str, Query(pattern=f"^({NUMBER})?$")] = "") -> Entries:
    """The entries of the audit log about the asking user, the newest first."""
    found, later = await tooling.audit_entries(user, cursor)
    return Entries(entries=found, cursor=later)
