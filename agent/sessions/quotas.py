"""What guests may use: counted per guest, and per place as a new cookie costs nothing."""

from datetime import datetime, timedelta

from sqlmodel import Session as Store
from sqlmodel import col, func, select

from agent.core.commands import EditPrompt, Prompt
from agent.core.errors import LimitReached, NotSignedIn
from agent.core.identity import Session
from agent.store.columns import now
from agent.store.sessions import SessionRow
from agent.store.users import LoginSessionRow

DAY = timedelta(days=1)
MOST_SESSIONS = 5
"""Of a guest at once: enough to try things side by side."""
MOST_PROMPTS = 30
"""Of a guest in a day: an afternoon's work, paid for by whoever runs the server."""
MOST_AT_PLACE = 60
"""Prompts from one place in a day, however many cookies it has: two guests who use all they may."""
MOST_MADE_AT_PLACE = 40
"""Sessions from one place in a day, deleted ones too: each may take room on the disk until it is swept."""
LONGEST_PROMPT = 1_000_000
"""Bytes, as JSON: a picture of a screen fits, and a day's prompts of a place stay below 100 MB."""
MOST_EVENTS = 2000
"""Of one session: some hundred turns. More of them is no conversation."""


def require_room(session: Session) -> None:
    """Go on only when a person may add to the session; there is an end to one of a guest alone.

    Raises:
        LimitReached: too much has happened in it.
    """
    if session.anonymous_session_id and session.last_seq >= MOST_EVENTS:
        raise LimitReached("guest_session_full", most=MOST_EVENTS)


def count_session(store: Store, row: SessionRow) -> None:
    """Go on only when whoever a new session belongs to may have one more, within its transaction.

    Raises:
        LimitReached: the guest has too many open, or too many were made at its place today.
        NotSignedIn: the guest is no more.
    """
    if row.anonymous_session_id is None:
        return
    guest, others = _at_place(store, row.anonymous_session_id)
    theirs = col(SessionRow.anonymous_session_id).in_([guest.anonymous_session_id, *others])
    at = select(SessionRow.anonymous_session_id, SessionRow.created_at, SessionRow.deleted_at).where(theirs)
    made = store.exec(at).all()
    is_open = [owner for owner, _, deleted in made if owner == guest.anonymous_session_id and not deleted]
    if len(is_open) >= MOST_SESSIONS:
        raise LimitReached("guest_sessions", most=MOST_SESSIONS)
    if sum(_is_today(at) for _, at, _ in made) >= MOST_MADE_AT_PLACE:
        raise LimitReached("guest_place", most=MOST_MADE_AT_PLACE)


def count_prompt(store: Store, row: SessionRow, command: Prompt | EditPrompt) -> None:
    """Count a prompt of a guest, within the transaction that takes it; those of people are not counted here.

    A prompt that waits and is said anew is one more: it is stored once more.

    Raises:
        LimitReached: it is too long, too many were sent today, or a turn runs in another session.
        NotSignedIn: the guest is no more.
    """
    if row.anonymous_session_id and len(command.model_dump_json()) > LONGEST_PROMPT:
        raise LimitReached("guest_prompt_too_long", most="1 MB")
    count_turns(store, row, 1)


def count_turns(store: Store, row: SessionRow, number: int) -> None:
    """Count what will run in a session of a guest, as `count_prompt` does for one.

    Raises:
        LimitReached: too many were sent today, or a turn runs in another session.
        NotSignedIn: the guest is no more.
    """
    if row.anonymous_session_id is None or not number:
        return
    guest, _ = _at_place(store, row.anonymous_session_id)
    if not _is_today(guest.prompts_since):
        guest.prompts, guest.prompts_since = 0, now()
    if guest.prompts + number > MOST_PROMPTS:
        raise LimitReached("guest_prompts", most=MOST_PROMPTS, **_wait(guest.prompts_since))
    _require_room_at_place(store, guest, number)
    _require_no_other_turn(store, row)
    guest.prompts += number
    store.add(guest)


def _require_room_at_place(store: Store, guest: LoginSessionRow, number: int) -> None:
    counted = select(func.sum(LoginSessionRow.prompts), func.min(LoginSessionRow.prompts_since)).where(
        LoginSessionRow.place == guest.place, col(LoginSessionRow.prompts_since) > now() - DAY
    )
    prompts, since = store.exec(counted).one()
    if (prompts or 0) + number > MOST_AT_PLACE:
        raise LimitReached("guest_place", most=MOST_AT_PLACE, **_wait(since))


def _require_no_other_turn(store: Store, row: SessionRow) -> None:
    """One turn at a time: prompts of one session wait for each other, those of others are refused."""
    others = select(SessionRow.id).where(
        SessionRow.anonymous_session_id == row.anonymous_session_id,
        SessionRow.id != row.id,
        col(SessionRow.turn_id).is_not(None),
        col(SessionRow.deleted_at).is_(None),
    )
    if store.exec(others).first():
        raise LimitReached("guest_turn")


def _at_place(store: Store, anonymous_session_id: str) -> tuple[LoginSessionRow, list[str]]:
    """The guest, and the others of its place; nobody there is counted by anybody else until we commit."""
    place = select(LoginSessionRow.place).where(LoginSessionRow.anonymous_session_id == anonymous_session_id)
    there = select(LoginSessionRow).where(
        LoginSessionRow.place == place.scalar_subquery(),
        col(LoginSessionRow.anonymous_session_id).is_not(None),
    )
    rows = store.exec(there.order_by(col(LoginSessionRow.id)).with_for_update()).all()
    guest = next((row for row in rows if row.anonymous_session_id == anonymous_session_id), None)
    if guest is None:
        raise NotSignedIn
    return guest, [row.anonymous_session_id for row in rows if row is not guest and row.anonymous_session_id]


def _is_today(at: datetime | None) -> bool:
    return at is not None and at > now() - DAY


def _wait(since: datetime | None) -> dict[str, int]:
    """How long until what was counted since then counts no more."""
    return {"seconds": max(1, int(((since or now()) + DAY - now()).total_seconds()))}
