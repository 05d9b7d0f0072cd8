"""The routes to look through sessions: list, search, several at once, bring back, take away."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from agent import sessions
from agent.core.identity import Session
from app.api.routes import NUMBER, Asking, Body

router = APIRouter()

TYPES: dict[sessions.Form, str] = {"markdown": "text/markdown; charset=utf-8", "json": "application/json"}


FORMS = ((TYPES["markdown"], "string"), (TYPES["json"], "object"))
FILE: dict[str, Any] = {
    "description": "The file.",
    "content": {kind.partition(";")[0]: {"schema": {"type": of}} for kind, of in FORMS},
}
"""The answer of an export, for the document."""
ZIP = "application/zip"
ARCHIVE: dict[str, Any] = {
    "description": "The archive.",
    "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
}


class SessionListed(Session):
    """A session of the list, and how it is."""

    state: Literal["running", "needs_me", "idle"]


class Sessions(BaseModel):
    """A page of sessions, and the cursor of the next one (empty: none)."""

    sessions: list[SessionListed]
    cursor: str


class Hits(BaseModel):
    """A page of places where something was found, and the cursor of the next one (empty: none)."""

    hits: list[sessions.Hit]
    cursor: str


class Bulk(Body):
    """What is done to several sessions: to all, or to none when one is not there."""

    ids: list[Annotated[str, Field(max_length=36)]] = Field(min_length=1, max_length=sessions.MOST_AT_ONCE)
    action: sessions.Change | Literal["delete"]


class Done(BaseModel):
    """The sessions to which it was done."""

    ids: list[str]


class Meant(BaseModel):
    """Which sessions are meant; what is left out does not matter."""

    state: Literal["running", "needs_me", "idle", "archived"] | None = None
    model: str = Field(default="", max_length=200)
    workspace: str = Field(default="", max_length=4096)
    since: AwareDatetime | None = None
    """Used at this moment or later."""
    until: AwareDatetime | None = None
    """Used before this moment."""
    has_changes: bool | None = None
    """Whether a tool began that changes files."""


class MeantToList(Meant):
    """Sessions to list."""

    q: str = Field(default="", max_length=200)
    """Words that are said anywhere in them."""
    cursor: str = Field(default="", pattern=f"^({NUMBER})?$")


class MeantToSearch(MeantToList):
    """Sessions to search, and for what."""

    session_id: str = Field(default="", max_length=36)
    """One session alone."""


def _filters(meant: Meant) -> sessions.Filters:
    return sessions.Filters(**meant.model_dump(exclude={"q", "cursor"}))


@router.get("/sessions")
async def mine(user: Asking, meant: Annotated[MeantToList, Query()]) -> Sessions:
    """The sessions of the asking user: those named like `q` first, then the pinned, then the last used."""
    found, later = await sessions.browse(user, meant.q, _filters(meant), meant.cursor)
    listed = [SessionListed(**one.session.model_dump(), state=one.state) for one in found]
    return Sessions(sessions=listed, cursor=later)


@router.get("/search")
async def search(user: Asking, meant: Annotated[MeantToSearch, Query()]) -> Hits:
    """Where `q` stands: words that must all be there, "phrases", -unwanted words; the newest first.

    The last word may be a beginning. A snippet's marks say where in its text the words stand.
    """
    found, later = await sessions.search(user, meant.q, _filters(meant), meant.cursor)
    return Hits(hits=found, cursor=later)


@router.post("/sessions/bulk")
async def bulk(user: Asking, wanted: Bulk) -> Done:
    """Pin, unpin, archive, unarchive or delete several sessions."""
    if wanted.action == "delete":
        return Done(ids=await sessions.delete_all(user, wanted.ids))
    return Done(ids=[one.id for one in await sessions.mark(user, wanted.ids, wanted.action)])


@router.post("/sessions/{session_id}/undelete")
async def undelete(user: Asking, session_id: str) -> Session:
    """Bring a session back that was deleted within the hour."""
    return await sessions.undelete(user, session_id)


@router.get("/export", response_class=StreamingResponse, responses={200: ARCHIVE})
async def export_all(
    user: Asking,
    ids: Annotated[str, Query(max_length=37 * sessions.MOST_AT_ONCE)],
    form: Annotated[sessions.Form, Query(alias="format")] = "markdown",
) -> StreamingResponse:
    """Several sessions, by their ids with commas between, as one ZIP archive."""
    return _sent(await sessions.export_all(user, ids.split(","), form), ZIP)


@router.get("/sessions/{session_id}/export", response_class=StreamingResponse, responses={200: FILE})
async def export(
    user: Asking, session_id: str, form: Annotated[sessions.Form, Query(alias="format")] = "markdown"
) -> StreamingResponse:
    """A session as a file: Markdown to read, or JSON with all that happened."""
    return _sent(await sessions.export(user, session_id, form), TYPES[form])


def _sent(file: sessions.Export, media_type: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{file.name}"'}
    return StreamingResponse(file.pieces, media_type=media_type, headers=headers)
