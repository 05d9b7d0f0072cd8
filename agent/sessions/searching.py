"""Finding what was said in a person's sessions."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, cast

from sqlalchemy import ColumnElement, Text, or_
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import aliased
from sqlmodel import Session as Store
from sqlmodel import col, func, select

from agent.core.errors import Unavailable
from agent.core.events import Event
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


_Earlier = aliased(EventRow)
STEPS = (
    select(func.count())
    .where(
        col(_Earlier.session_id) == col(EventRow.session_id),
        col(_Earlier.turn_id) == col(EventRow.turn_id),
        col(_Earlier.type) == "StepFinished",
        col(_Earlier.seq) < col(EventRow.seq),
    )
    .scalar_subquery()
)
"""How many steps of its turn were finished before an event."""


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
        said = self._said([one for one in found if one.seq])
        there = [one for one in found if not one.seq or (one.session_id, one.seq) in said]
        return [self._hit(one, sessions[one.session_id], said) for one in there]

    def _hit(self, found: _Found, of: Listed, said: dict[tuple[str, int], tuple[Event, int]]) -> Hit:
        passage, row_id = Passage(part=0, kind="title", text=of.session.name), ""
        if found.seq:
            event, steps = said[found.session_id, found.seq]
            passage = next(one for one in passages(event) if one.part == found.part)
            # The transcript counts the steps of an answer's turn.
            row_id = passage.row_id or f"{event.turn_id}/{steps}/{found.part}"
        return Hit(
            session=of.session,
            state=of.state,
            seq=found.seq,
            row_id=row_id,
            kind=passage.kind,
            snippet=snippet(passage.text, self._query),
        )

    def _said(self, found: Sequence[_Found]) -> dict[tuple[str, int], tuple[Event, int]]:
        """The events of passages, each with the number of steps that its turn had finished before."""
        places = {(one.session_id, one.seq) for one in found}
        if not places:
            return {}
        session_id, number = col(EventRow.session_id), col(EventRow.seq)
        here = [(session_id == its) & (number == seq) for its, seq in places]
        body = cast_to(col(EventRow.body), Text)
        rows = self._store.exec(select(session_id, number, body, STEPS).where(or_(*here)))
        said: dict[tuple[str, int], tuple[Event, int]] = {}
        for its, seq, stored, steps in rows:
            with suppress(Unavailable):  # a damaged event is found no more; its own session says so
                said[its, seq] = (log.event_of(its, seq, stored), steps)
        return said
