"""The routes of a composer: files to go with a prompt, the draft, and the paths that `@` may mean."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from agent import sessions, tooling
from app.api.routes import Asking, Body

router = APIRouter()

RAW = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The body is the file itself."""


class Words(Body):
    """What is typed and not sent yet."""

    text: str = Field(max_length=sessions.LONGEST_DRAFT)


@router.post("/sessions/{session_id}/attachments", status_code=201, openapi_extra=RAW)
async def attach(
    user: Asking, session_id: str, request: Request, name: Annotated[str, Query(max_length=400)] = ""
) -> sessions.Attachment:
    """Send a file ahead; a prompt takes it along by its id in `attachments`."""
    return await sessions.attach(user, session_id, name, await request.body())


@router.delete("/sessions/{session_id}/attachments/{attachment_id}", status_code=204)
async def detach(user: Asking, session_id: str, attachment_id: str) -> None:
    """Take a file away that no prompt has taken along."""
    await sessions.detach(user, session_id, attachment_id)


@router.get("/sessions/{session_id}/draft")
async def draft(user: Asking, session_id: str) -> sessions.Draft:
    """What waits in a session to be sent."""
    return await sessions.draft(user, session_id)


@router.put("/sessions/{session_id}/draft", status_code=204)
async def keep_draft(user: Asking, session_id: str, words: Words) -> None:
    """Keep what is typed and not sent yet."""
    await sessions.keep_draft(user, session_id, words.text)


@router.get("/sessions/{session_id}/paths")
async def paths(user: Asking, session_id: str, q: Annotated[str, Query(max_length=200)] = "") -> list[str]:
    """Files and folders of the workspace that have these letters in their path, the best first."""
    return await tooling.completions(user, await sessions.get(user, session_id), q)
