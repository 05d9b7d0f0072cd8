"""A person's sessions as they are looked through: filtered, pinned, put away, brought back."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Literal

from sqlalchemy import ColumnElement, case, false
from sqlalchemy.orm import Mapped
from sqlmodel import Session as Store
from sqlmodel import col, select, update

from agent.core.errors import LimitReached, NotFound
from agent.core.events import ApprovalGiven, ApprovalRequested, ToolCallFinished
from agent.core.identity import Session, User
from agent.core.messages import Value
from agent.core.search_query import parse
from agent.sessions import log, quotas
from agent.sessions.rows import shown, theirs
from agent.store.columns import is_id, now
from agent.store.engine import reading, writing
from agent.store.search import found_in
from agent.store.sessions import SessionRow

PAGE = 50
MOST_AT_ONCE = 200
"""Sessions that one request may change."""
MOST_PLACES = 200
"""Models, and workspaces, that are offered to filter by."""
UNDONE_WITHIN = timedelta(hours=1)
"""How long a deleted session can be brought back."""
MOST_OPEN = 500
"""Open turns that are looked at to say which of them wait for their person."""

State = Literal["running", "needs_me", "idle"]
Change = Literal["pin", "unpin", "archive", "unarchive"]


class Filters(Value):
    """Which sessions are meant; what is left out does not matter."""

    state: State | Literal["archived"] | None = None
    model: str = ""
    workspace: str = ""
    since: datetime | None = None
    """Used at this moment or later."""
    until: datetime | None = None
    """Used before this moment."""
    has_changes: bool | None = None
    session_id: str = ""


class Listed(Value):
    """A session, and how it is."""

    session: Session
    state: State


ALL = Filters()


async def browse(
    user: User, q: str = "", filters: Filters = ALL, cursor: str = ""
) -> tuple[list[Listed], str]:
    """A page of the user's sessions and how they are, and the cursor of the next page (empty: none).

    With words to look for, those that have them anywhere, and first those that are named so; then the pinned
    ones come first, then those that were used last.
    """

    def work(store: Store) -> list[Listed]:
        waiting = needing(store, user)
        wanted = select(SessionRow).where(*conditions(user, filters, waiting))
        order = [col(SessionRow.pinned_at).is_(None), col(SessionRow.updated_at).desc()]
        if q.strip():
            query = parse(log.storable(q))
            dialect = store.get_bind().dialect.name
            found = found_in(dialect, query) if query.wanted else false()
            titled = found_in(dialect, query, is_title=True) if query.wanted else false()
            wanted = wanted.where(found)
            order = [case((titled, 0), else_=1), *order]
        page = wanted.order_by(*order, col(SessionRow.id).desc()).offset(skip).limit(PAGE + 1)
        return [listed(row, waiting) for row in store.exec(page)]

    skip = int(cursor) if cursor.isdecimal() else 0
    found = await reading(work)
    return found[:PAGE], str(skip + PAGE) if len(found) > PAGE else ""


async def places(user: User) -> tuple[list[str], list[str]]:
    """The models of the user's sessions, and the workspaces that are not a session's own."""

    def of(store: Store, column: Mapped[str]) -> list[str]:
        ours = (theirs(user) == user.id, col(SessionRow.deleted_at).is_(None))
        return sorted(store.exec(select(column).where(*ours).distinct()).all())

    models, workspaces = col(SessionRow.model), col(SessionRow.workspace)
    known, folders = await reading(lambda store: (of(store, models), of(store, workspaces)))
    return known[:MOST_PLACES], [one for one in folders if not is_id(PurePath(one).name)][:MOST_PLACES]


def conditions(user: User, filters: Filters, waiting: Collection[str]) -> list[ColumnElement[bool]]:
    """What a session of the user's must be to be meant; archived ones only when they are asked for."""
    wanted: list[ColumnElement[bool]] = [theirs(user) == user.id, col(SessionRow.deleted_at).is_(None)]
    match filters.state:
        case "archived":
            wanted += [col(SessionRow.archived_at).is_not(None)]
        case None:
            wanted += [col(SessionRow.archived_at).is_(None)] if not filters.session_id else []
        case "running":
            wanted += [col(SessionRow.turn_id).is_not(None), col(SessionRow.id).not_in(waiting)]
        case "needs_me":
            wanted += [col(SessionRow.id).in_(waiting)]
        case "idle":
            wanted += [col(SessionRow.turn_id).is_(None), col(SessionRow.archived_at).is_(None)]
    return [*wanted, *_more(filters)]


def _more(filters: Filters) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.model:
        wanted.append(col(SessionRow.model) == filters.model)
    if filters.workspace:
        wanted.append(col(SessionRow.workspace) == filters.workspace)
    if filters.since:
        wanted.append(col(SessionRow.updated_at) >= filters.since)
    if filters.until:
        wanted.append(col(SessionRow.updated_at) < filters.until)
    if filters.has_changes is not None:
        wanted.append(col(SessionRow.has_changes).is_(filters.has_changes))
    if filters.session_id:
        is_one = col(SessionRow.id) == filters.session_id if is_id(filters.session_id) else false()
        wanted.append(is_one)
    return wanted


def listed(row: SessionRow, waiting: Collection[str]) -> Listed:
    """A session of the list."""
    state: State = "idle" if row.turn_id is None else "needs_me" if row.id in waiting else "running"
    return Listed(session=shown(row), state=state)


def needing(store: Store, user: User) -> set[str]:
    """The ids of the user's sessions whose turn waits for its person."""
    wanted = select(SessionRow).where(theirs(user) == user.id, col(SessionRow.turn_id).is_not(None))
    found = store.exec(wanted.where(col(SessionRow.deleted_at).is_(None)).limit(MOST_OPEN)).all()
    return {row.id for row in found if row.is_parked or _asks(store, row)}


def _asks(store: Store, row: SessionRow) -> bool:
    """Whether a question of the open turn has no answer and its call no result."""
    kinds = ("ApprovalRequested", "ApprovalGiven", "ToolCallFinished")
    events = log.of_turn(store, row.id, row.turn_id or "", *kinds)
    given = {event.approval_id for event in events if isinstance(event, ApprovalGiven)}
    settled = {event.result.call_id for event in events if isinstance(event, ToolCallFinished)}
    asked = (event for event in events if isinstance(event, ApprovalRequested))
    return any(event.approval_id not in given and event.call.id not in settled for event in asked)


async def mark(user: User, session_ids: Sequence[str], change: Change) -> list[Session]:
    """Pin sessions or put them away, or take that back; all of them or none.

    Raises:
        NotFound: one is not there, or another's.
        LimitReached: they are too many at once.
    """
    ids = require_few(session_ids)
    values = {
        "pin": {"pinned_at": now()},
        "unpin": {"pinned_at": None},
        "archive": {"archived_at": now(), "pinned_at": None},
        "unarchive": {"archived_at": None},
    }

    def work(store: Store) -> list[Session]:
        ours = (col(SessionRow.id).in_(ids), theirs(user) == user.id, col(SessionRow.deleted_at).is_(None))
        store.exec(update(SessionRow).where(*ours).values(**values[change]))
        changed = store.exec(select(SessionRow).where(*ours)).all()
        if len(changed) != len(ids):
            raise NotFound("session")
        return [shown(row) for row in changed]

    return await writing(work)


async def undelete(user: User, session_id: str) -> Session:
    """Bring a session back that was just deleted; what ran in it was stopped, and what waited is gone.

    Raises:
        NotFound: it is not there, another's, not deleted, or deleted too long ago.
        LimitReached: a guest has too many sessions meanwhile.
    """

    def work(store: Store) -> Session:
        row = store.get(SessionRow, session_id, with_for_update=True) if is_id(session_id) else None
        if row is None or not shown(row).belongs_to(user) or not row.deleted_at:
            raise NotFound("session")
        if row.deleted_at < now() - UNDONE_WITHIN:
            raise NotFound("session")
        quotas.count_session(store, row)
        row.deleted_at = None
        return shown(row)

    return await writing(work)


def require_few(session_ids: Sequence[str]) -> list[str]:
    """The ids of different sessions.

    Raises:
        NotFound: one is no id.
        LimitReached: they are too many at once.
    """
    ids = list(dict.fromkeys(session_ids))
    if len(ids) > MOST_AT_ONCE:
        raise LimitReached("sessions_at_once", most=MOST_AT_ONCE)
    if not all(map(is_id, ids)):
        raise NotFound("session")
    return ids
