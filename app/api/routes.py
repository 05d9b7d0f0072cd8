"""The routes of `/api/v1`."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from sse_starlette import EventSourceResponse, ServerSentEvent

from agent import providers, sessions, tooling
from agent.core.commands import COMMAND
from agent.core.errors import Invalid, NotSignedIn, Unavailable
from agent.core.identity import Principal, Session, User
from agent.core.policy import Mode
from agent.core.provider import ModelEntry, Standing
from agent.core.transcript import Row
from app.connections import Line, opened, until_ended
from app.problems import told

router = APIRouter()

NUMBER = r"[0-9]{1,18}"
"""A number that fits into the database's."""
COMMAND_ID = re.compile(r"[!-~]{0,200}")

MARKS: dict[str, tuple[sessions.Change, sessions.Change]] = {
    "is_archived": ("archive", "unarchive"),
    "is_pinned": ("pin", "unpin"),
}


def asker(request: Request) -> Principal:
    """Who asks, and by what, as the guard has found."""
    principal = request.scope.get("principal")
    if not isinstance(principal, Principal):
        raise NotSignedIn
    return principal


Asker = Annotated[Principal, Depends(asker)]


def asking(principal: Asker) -> User:
    """The user behind a request."""
    return principal.user


Asking = Annotated[User, Depends(asking)]


async def listening(request: Request, principal: Asker) -> AsyncGenerator[Line, None]:
    """A stream of events, looked after until its end has been sent."""
    with opened(principal, request.scope["token_hash"]) as line:
        yield line


Listening = Annotated[Line, Depends(listening)]


class Body(BaseModel):
    """What a request may carry, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class NewSession(Body):
    """A session to be made; everything may be left out."""

    name: str = Field(default="", max_length=200)
    model: str = Field(default="", max_length=200)
    mode: Mode = "ask"
    workspace: str | None = Field(default=None, max_length=4096)


class Changes(Body):
    """What changes of a session; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    model: str | None = Field(default=None, min_length=1, max_length=200)
    mode: Mode | None = None
    fallbacks: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        default=None, max_length=sessions.MOST_FALLBACKS
    )
    """Models to ask, in this order, when the session's own does not answer."""
    is_archived: bool | None = None
    is_pinned: bool | None = None


class NewCheckpoint(Body):
    """A checkpoint to be made; it may go without a name."""

    name: str = Field(default="", max_length=200)


class Fork(Body):
    """Up to which event a session is copied."""

    seq: int = Field(ge=1, lt=10**18)


class Opened(Session):
    """A session with its transcript; follow it from `seq`."""

    rows: tuple[Row, ...]
    seq: int


class Accepted(BaseModel):
    """A command was taken: the turn it belongs to, and the newest event that knows of it."""

    turn_id: str
    seq: int


@router.get("/me")
async def me(user: Asking) -> User:
    """Who is asking."""
    return user


@router.get("/models")
async def models(user: Asking) -> list[ModelEntry]:
    """The models that can be picked; any other id may be typed."""
    return await providers.models(user)


@router.get("/providers")
async def standings(user: Asking) -> list[Standing]:
    """How the providers fare that can be asked; one that failed again and again rests."""
    return await providers.health(user)


@router.post("/sessions", status_code=201)
async def create(user: Asking, new: NewSession | None = None) -> Session:
    """Make a session."""
    wanted = new or NewSession()
    return await sessions.create(user, wanted.name, wanted.model, wanted.mode, wanted.workspace)


@router.get("/sessions/{session_id}")
async def show(user: Asking, session_id: str) -> Opened:
    """A session with its transcript."""
    opened = await sessions.open(user, session_id)
    fields = opened.session.model_dump()
    return Opened(**fields, rows=tuple(opened.rows), seq=opened.seq)


@router.patch("/sessions/{session_id}")
async def change(user: Asking, session_id: str, changes: Changes) -> Session:
    """Rename a session, or let another model, mode or chain of fallbacks hold from the next turn on."""
    wanted = changes.model_dump(exclude={*MARKS})
    changed = await sessions.change(user, session_id, **wanted)
    for mark, (done, undone) in MARKS.items():
        if (is_so := getattr(changes, mark)) is not None:
            [changed] = await sessions.mark(user, [session_id], done if is_so else undone)
    return changed


@router.delete("/sessions/{session_id}", status_code=204)
async def delete(user: Asking, session_id: str) -> None:
    """Take a session out of sight; a running turn is stopped."""
    await sessions.delete(user, session_id)


@router.post("/sessions/{session_id}/commands", status_code=202)
async def command(user: Asking, session_id: str, body: dict[str, JsonValue]) -> Accepted:
    """Ask something of a session; with an `id` of your own, sending it twice does it once."""
    command_id = body.pop("id", "")
    if not isinstance(command_id, str) or not COMMAND_ID.fullmatch(command_id):
        raise Invalid("bad_arguments", what="id has at most 200 letters, digits and signs of ASCII")
    try:
        wanted = COMMAND.validate_python(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    turn_id, seq = await sessions.submit(user, session_id, wanted, command_id)
    return Accepted(turn_id=turn_id, seq=seq)


@router.get("/sessions/{session_id}/instructions")
async def instructions(user: Asking, session_id: str) -> list[tooling.InstructionFile]:
    """The files of instructions that the model is told in a session, with their size in bytes."""
    session = await sessions.get(user, session_id)
    return [*(await tooling.read_instructions(user, session)).files]


@router.get("/sessions/{session_id}/checkpoints")
async def checkpoints(user: Asking, session_id: str) -> list[sessions.Checkpoint]:
    """The checkpoints of a session, the oldest first."""
    return await sessions.saved(user, session_id)


@router.post("/sessions/{session_id}/checkpoints", status_code=201)
async def checkpoint(user: Asking, session_id: str, new: NewCheckpoint | None = None) -> sessions.Checkpoint:
    """Keep a session as it stands, to come back to it."""
    return await sessions.checkpoint(user, session_id, (new or NewCheckpoint()).name)


@router.post("/sessions/{session_id}/checkpoints/{checkpoint_id}/restore")
async def restore(user: Asking, session_id: str, checkpoint_id: str) -> sessions.Checkpoint:
    """Go back to a checkpoint; not while a turn runs."""
    return await sessions.restore(user, session_id, checkpoint_id)


@router.post("/sessions/{session_id}/fork", status_code=201)
async def fork(user: Asking, session_id: str, wanted: Fork) -> Session:
    """Make a session that has happened like this one up to an event, and goes on by itself from there."""
    return await sessions.fork(user, session_id, wanted.seq)


@router.get("/sessions/{session_id}/events", response_class=EventSourceResponse)
async def events(
    user: Asking,
    line: Listening,
    session_id: str,
    after: Annotated[int, Query(ge=0, lt=10**18)] = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> EventSourceResponse:
    """Follow a session: stored events carry their number as id, deltas of the moment carry none."""
    cursor = int(last_event_id) if re.fullmatch(NUMBER, last_event_id) else after
    following = await sessions.follow(user, session_id, cursor)
    return EventSourceResponse(_told(following, line), ping=15)


async def _told(following: sessions.Following, line: Line) -> AsyncGenerator[ServerSentEvent, None]:
    try:
        async with following, aclosing(until_ended(line, following)) as heard:
            async for seq, event in heard:
                kind = cast("Any", event).__class__.__name__
                yield ServerSentEvent(
                    data=event.model_dump_json(), event=kind, id=None if seq is None else str(seq)
                )
    except (NotSignedIn, Unavailable) as error:
        # The status was sent long ago; who comes back gets an answer with the right one.
        yield ServerSentEvent(data=bytes(told(error).body).decode(), event="Problem")
