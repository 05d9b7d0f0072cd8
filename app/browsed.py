"""Sessions and what was found in them, as the page of all sessions draws them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePath
from urllib.parse import quote

from agent import sessions
from agent.core.identity import Session
from agent.core.snippets import Snippet
from app.words import UNNAMED
from app.words.browsing import FOUND_IN, NOTHING_FOUND, OWN_FOLDER, STATES
from app.words.settings import ago, exactly


@dataclass
class Piece:
    """A piece of a snippet."""

    text: str = ""
    is_mark: bool = False


@dataclass
class HitShown:
    """A place where something was found."""

    href: str = ""
    kind: str = ""
    pieces: list[Piece] = field(default_factory=list["Piece"])


@dataclass
class SessionShown:
    """A session of the list."""

    id: str = ""
    name: str = ""
    pieces: list[Piece] = field(default_factory=list["Piece"])
    """The name, with what was found in it."""
    href: str = ""
    state: str = ""
    label: str = ""
    """The state in words."""
    model: str = ""
    workspace: str = ""
    """The folder's own name."""
    path: str = ""
    when: str = ""
    at: str = ""
    is_pinned: bool = False
    is_archived: bool = False
    has_changes: bool = False
    hits: list[HitShown] = field(default_factory=list["HitShown"])
    has_more: bool = False
    """Whether there may be more in it than is shown."""


def session_shown(session: Session, state: str, now: datetime) -> SessionShown:
    """A session as the page shows it."""
    return SessionShown(
        id=session.id,
        name=session.name or UNNAMED,
        pieces=[Piece(session.name or UNNAMED)],
        href=f"/s/{session.id}",
        state=state,
        label=STATES[state],
        model=session.model,
        workspace=folder_of(session),
        path=session.workspace,
        when=ago(session.updated_at, now),
        at=exactly(session.updated_at),
        is_pinned=session.pinned_at is not None,
        is_archived=session.archived_at is not None,
        has_changes=session.has_changes,
    )


def folder_of(session: Session) -> str:
    """The workspace of a session as a person calls it; one that was made for it has no name to speak of.

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 31, tzinfo=UTC)
    >>> what = {"model": "m", "mode": "ask", "last_seq": 0, "created_at": at, "updated_at": at}
    >>> folder_of(Session(id="s", user_id="1", name="", workspace="/home/ada/garden", **what))
    'garden'
    """
    name = PurePath(session.workspace).name
    return OWN_FOLDER if name == session.id else name


def with_hits(
    before: Iterable[SessionShown], hits: Iterable[sessions.Hit], now: datetime
) -> list[SessionShown]:
    """The sessions with what was found in them; the next page's hits go to those that are there."""
    shown = {one.id: one for one in before}
    for hit in hits:
        of = shown.get(hit.session.id) or session_shown(hit.session, hit.state, now)
        if hit.kind == "title":
            shown[of.id] = replace(of, pieces=pieces(hit.snippet))
            continue
        found = [*of.hits, hit_shown(hit)]
        shown[of.id] = replace(of, hits=found, has_more=len(found) >= sessions.HITS_OF_ONE)
    return list(shown.values())


def hit_shown(hit: sessions.Hit) -> HitShown:
    """A place where something was found, with the link that leads there."""
    row = quote(hit.row_id, safe="")
    return HitShown(
        href=f"/s/{hit.session.id}" + (f"#{row}" if row else ""),
        kind=FOUND_IN[hit.kind],
        pieces=pieces(hit.snippet),
    )


def pieces(snippet: Snippet) -> list[Piece]:
    """A snippet cut at its marks.

    >>> [(piece.text, piece.is_mark) for piece in pieces(Snippet(text="Buy milk.", marks=((4, 8),)))]
    [('Buy ', False), ('milk', True), ('.', False)]
    """
    found: list[Piece] = []
    at = 0
    for start, end in snippet.marks:
        found += [Piece(snippet.text[at:start]), Piece(snippet.text[start:end], is_mark=True)]
        at = end
    return [piece for piece in (*found, Piece(snippet.text[at:])) if piece.text]


def between(age: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when and until when a session of an age was used.

    >>> from datetime import UTC
    >>> between("week", datetime(2026, 1, 31, tzinfo=UTC))
    (datetime.datetime(2026, 1, 24, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    days = {"day": 1, "week": 7, "month": 30}
    if age in days:
        return now - timedelta(days=days[age]), None
    return None, now - timedelta(days=30) if age == "older" else None


def group(session: Session, now: datetime) -> str:
    """Which group of the list beside the page a session is in, by the days of the zone of `now`.

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    >>> what = {"model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0, "created_at": at}
    >>> group(Session(id="s", user_id="1", name="", updated_at=at - timedelta(days=1), **what), at)
    'yesterday'
    """
    if session.pinned_at:
        return "pinned"
    days = (now.date() - session.updated_at.astimezone(now.tzinfo).date()).days
    return "today" if days <= 0 else "yesterday" if days == 1 else "week" if days <= 7 else "older"  # noqa: PLR2004


def counted(count: int) -> str:
    """So many sessions.

    >>> counted(1), counted(12)
    ('1 session', '12 sessions')
    """
    return f"{count} session{'s' * (count != 1)}"


def outcome(count: int, *, is_all: bool) -> str:
    """How much was found, for those who cannot see it.

    >>> outcome(0, is_all=True), outcome(20, is_all=False)
    ('Nothing found.', '20 sessions and more.')
    """
    if not count:
        return NOTHING_FOUND
    return f"{counted(count)}." if is_all else f"{counted(count)} and more."
