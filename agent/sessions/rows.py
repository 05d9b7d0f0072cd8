"""Sessions in the database; every query is scoped to the user who asks."""

from pathlib import Path

from sqlalchemy.orm import Mapped
from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.core.errors import NotFound
from agent.core.events import PromptDropped
from agent.core.guests import guest
from agent.core.identity import Session, User
from agent.core.policy import Mode
from agent.sessions import log, quotas
from agent.store import search
from agent.store.columns import is_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow
from agent.store.users import UserRow

NAME_LENGTH = 80


async def create(user: User, name: str, model: str, mode: Mode, workspace: Path, session_id: str) -> Session:
    """Store a new session.

    Raises:
        LimitReached: a guest has too many.
        NotSignedIn: the guest is no more.
    """
    row = SessionRow(
        id=session_id,
        user_id=None if user.is_anonymous else user.id,
        anonymous_session_id=user.id if user.is_anonymous else None,
        name=name,
        model=model,
        mode=mode,
        workspace=str(workspace),
    )

    def work(store: Store) -> None:
        quotas.count_session(store, row)
        store.add(row)
        store.flush()
        search.entitle(store, row.id, row.name)

    await writing(work)
    return shown(row)


async def require_one_more(user: User) -> None:
    """Go on only when somebody may have one more session; asked before anything is made for it.

    Raises:
        LimitReached: a guest has too many.
        NotSignedIn: the guest is no more.
    """
    if user.is_anonymous:
        wanted = SessionRow(anonymous_session_id=user.id, model="", mode="ask", workspace="")
        await reading(lambda store: quotas.count_session(store, wanted))


async def session(user: User, session_id: str) -> Session:
    """The user's session.

    Raises:
        NotFound: there is none, or it is another's.
    """
    return await reading(lambda store: shown(_row(store, user, session_id)))


async def change(user: User, session_id: str, **fields: object) -> Session:
    """Change columns of a session.

    Raises:
        NotFound: there is none, or it is another's.
    """

    def work(store: Store) -> Session:
        row = _row(store, user, session_id)
        for name, value in fields.items():
            setattr(row, name, value)
        if "name" in fields:
            search.entitle(store, row.id, row.name)
        store.add(row)
        return shown(row)

    return await writing(work)


async def delete(user: User, session_id: str) -> None:
    """Take a session out of sight; no prompt that waits in it will run.

    Raises:
        NotFound: there is none, or it is another's.
    """

    def work(store: Store) -> None:
        row = _row(store, user, session_id, is_locked=True)
        row.deleted_at = now()
        for waiting in row.queue:
            log.write(store, session_id, PromptDropped(turn_id=waiting, prompt_id=waiting))

    await writing(work)


async def owner(session_id: str) -> tuple[User, Session]:
    """A session with the user it belongs to; deleted ones too: their turns must end.

    Raises:
        NotFound: there is none.
    """
    wanted = (
        select(SessionRow, UserRow)
        .join(UserRow, col(UserRow.id) == SessionRow.user_id, isouter=True)
        .where(SessionRow.id == session_id)
    )
    found = await reading(lambda store: store.exec(wanted).first())
    if found is None:
        raise NotFound("session")
    row, user = found
    if row.anonymous_session_id:
        return guest(row.anonymous_session_id), shown(row)
    return User(
        id=user.id, email=user.email, name=user.name, provider=user.provider, is_admin=user.is_admin
    ), shown(row)


def named(name: str) -> str:
    r"""A name of one line that fits, cut at a word.

    >>> named(" Look\n around ")
    'Look around'
    """
    words = " ".join(log.storable(name).split())
    if len(words) <= NAME_LENGTH:
        return words
    cut = words[: NAME_LENGTH - 1]
    at_word = cut.rpartition(" ")[0]
    return f"{at_word if len(at_word) > NAME_LENGTH // 2 else cut}…"


def _row(store: Store, user: User, session_id: str, *, is_locked: bool = False) -> SessionRow:
    row = store.get(SessionRow, session_id, with_for_update=is_locked) if is_id(session_id) else None
    if row is None or row.deleted_at is not None or not shown(row).belongs_to(user):
        raise NotFound("session")
    return row


def theirs(user: User) -> Mapped[str | None]:
    """The column that holds such an owner's id."""
    return col(SessionRow.anonymous_session_id if user.is_anonymous else SessionRow.user_id)


def shown(row: SessionRow) -> Session:
    """The session of a row."""
    return Session.model_validate(
        {
            "id": row.id,
            "user_id": row.user_id,
            "anonymous_session_id": row.anonymous_session_id,
            "name": row.name,
            "model": row.model,
            "fallbacks": row.fallbacks,
            "mode": row.mode,
            "workspace": row.workspace,
            "last_seq": row.last_seq,
            "has_changes": row.has_changes,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "pinned_at": row.pinned_at,
            "archived_at": row.archived_at,
        }
    )
