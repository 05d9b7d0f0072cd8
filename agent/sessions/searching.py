"""Finding what was said in a person's sessions."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from sqlalchemy import ColumnElement
from sqlmodel import Session as Store
from sqlmodel import col, func, select

from agent.core.identity import Session, User
from agent.core.messages import Value
from agent.core.search_query import SearchQuery, parse
from agent.core.snippets import Snippet, snippet
from agent.sessions import log
from agent.sessions.browsing import ALL, Filters, Listed, State, conditions, listed, needing
from agent.store.engine import reading
from agent.store.search import INDEX, Kind, Passage, PassageRow, meets, passages
from agent.store.sessions import EventRow, SessionRow

PAGE = 20
HITS_OF_ONE = 3
"""Hits of one session on a page: the others have something to say too."""
BATCH = 100
MOST_BATCHES = 5
"""Passages that are looked at for a page, in batches."""
TITLES = 5
"""Sessions that are found by their names, above all else."""


class _Found(NamedTuple):
    """A passage, without what it says."""

    id: int
    session_id: str
    seq: int
    part: int


class Hit(Value):
    """A place where something was found."""

    session: Session
    state: State
    seq: int
    """The number of the event; 0 for the session's name."""
    row_id: str
    """The row of the transcript that says it; empty for the session's name."""
    kind: Kind
    snippet: Snippet


async def search(user: User, q: str, filters: Filters = ALL, cursor: str = "") -> tuple[list[Hit], str]:
    """A page of the places in the user's sessions that say something, and the cursor of the next page.

    Sessions with such a name come first, then what was said, the newest first.

    Args:
        user: who asks.
        q: words, all of which must be there; "phrases"; -unwanted words; the last word may be a beginning.
        filters: in which sessions.
        cursor: where the page begins; empty for the first.
    """
    query = parse(log.storable(q))
    if not query.wanted:
        return [], ""
    before = int(cursor) if cursor.isdecimal() else None
    return await reading(lambda store: _Search(store, user, query, filters).page(before))


class _Search:
    """One search, within its transaction."""

    def __init__(self, store: Store, user: User, query: SearchQuery, filters: Filters) -> None:
        self._store = store
        self._query = query
        self._dialect = store.get_bind().dialect.name
        self._most = PAGE if filters.session_id else HITS_OF_ONE
        self._waiting = needing(store, user)
        self._conditions = conditions(user, filters, self._waiting)

    def page(self, before: int | None) -> tuple[list[Hit], str]:
        """The hits before a passage, and the passage where the next page begins."""
        found, cursor = self._some(before)
        if before is None:
            found = [*self._passages(None, TITLES, is_title=True), *found]
        return self._hits(found), cursor

    def _some(self, before: int | None) -> tuple[list[_Found], str]:
        """A page of passages, of each session a few."""
        taken: list[_Found] = []
        counts: dict[str, int] = {}
        for _ in range(MOST_BATCHES):
            batch = self._passages(before, BATCH, is_title=False)
            for one in batch:
                if len(taken) == PAGE:
                    return taken, str(before)
                before = one.id
                counts[one.session_id] = counts.get(one.session_id, 0) + 1
                taken += [one] if counts[one.session_id] <= self._most else []
            if len(batch) < BATCH:
                return taken, ""
        return taken, str(before)

    def _passages(self, before: int | None, most: int, *, is_title: bool) -> Sequence[_Found]:
        number: ColumnElement[int] = cast("ColumnElement[int]", col(PassageRow.id))
        rows = select(number, PassageRow.session_id, PassageRow.seq, PassageRow.part)
        wanted = rows.where(meets(self._dialect, self._query, is_title=is_title), *self._conditions)
        if self._dialect == "sqlite":
            number = INDEX.c.rowid  # in whose order the index is read
            wanted = wanted.select_from(INDEX).join(PassageRow, col(PassageRow.id) == number)
        wanted = wanted.join(SessionRow, col(SessionRow.id) == col(PassageRow.session_id))
        if before is not None:
            wanted = wanted.where(number < before)
        return [_Found(*row) for row in self._store.exec(wanted.order_by(number.desc()).limit(most))]

    def _hits(self, found: Sequence[_Found]) -> list[Hit]:
        known = col(SessionRow.id).in_({one.session_id for one in found})
        rows = self._store.exec(select(SessionRow).where(known))
        sessions = {row.id: listed(row, self._waiting) for row in rows}
        return [self._hit(one, sessions[one.session_id]) for one in found]

    def _hit(self, found: _Found, of: Listed) -> Hit:
        said, row_id = Passage(part=0, kind="title", text=of.session.name), ""
        if found.seq:
            event = log.one(self._store, found.session_id, found.seq)
            said = next(passage for passage in passages(event) if passage.part == found.part)
            row_id = said.row_id or self._row_of(found, event.turn_id)
        return Hit(
            session=of.session,
            state=of.state,
            seq=found.seq,
            row_id=row_id,
            kind=said.kind,
            snippet=snippet(said.text, self._query),
        )

    def _row_of(self, found: _Found, turn_id: str) -> str:
        """The row of an answer: the transcript counts the steps of its turn."""
        steps = select(func.count()).where(
            EventRow.session_id == found.session_id,
            EventRow.turn_id == turn_id,
            EventRow.type == "StepFinished",
            col(EventRow.seq) < found.seq,
        )
        return f"{turn_id}/{self._store.exec(steps).one()}/{found.part}"
