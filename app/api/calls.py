"""The routes of what tools want and run in a session: open questions weighed, programs that run beside."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from agent import sessions, tooling
from agent.core.commands import Answer, Choice, Lasts, Scope
from agent.core.offers import Shape
from app.api.routes import Asking

router = APIRouter(prefix="/sessions/{session_id}")

Id = Annotated[str, Path(max_length=36)]
Number = Annotated[int, Path(ge=1, lt=10**9)]


@router.get("/approvals/{approval_id}/preview")
async def preview(
    user: Asking,
    session_id: str,
    approval_id: Id,
    shape: Annotated[Shape | None, Query()] = None,
    scope: Annotated[Scope, Query()] = "session",
    lasts: Annotated[Lasts, Query()] = "revoked",
) -> sessions.Preview:
    """What an answer for always would mean: its rule, whether the call passes, what it had allowed before."""
    choice = Choice(shape=shape or "", scope=scope, lasts=lasts)
    answer = Answer(approval_id=approval_id, answer="allow_always", rule=choice)
    return await sessions.preview(user, session_id, answer)


@router.get("/jobs")
async def jobs(user: Asking, session_id: str) -> list[tooling.Job]:
    """The programs that run beside the work, or did; the newest first."""
    return await tooling.jobs(user, await sessions.get(user, session_id))


@router.delete("/jobs/{number}", status_code=202)
async def stop(user: Asking, session_id: str, number: Number) -> tooling.Job:
    """Wish that a job stops; it does within a second or so."""
    return await tooling.stop_job(user, await sessions.get(user, session_id), number)
