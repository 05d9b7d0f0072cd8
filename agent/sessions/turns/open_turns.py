"""Which turns are open, and so should be worked on by somebody."""

from sqlalchemy import ColumnElement, text, update
from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.sessions.turns.engine import Run
from agent.sessions.turns.moves import begin_next
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow


async def set_aside(session_id: str) -> None:
    """Let nobody work on a session's turn until a person says something to it."""
    aside = update(SessionRow).where(col(SessionRow.id) == session_id).values(is_parked=True)
    await writing(lambda store: store.exec(aside))


async def open_runs() -> list[Run]:
    """The turns that somebody should be working on."""
    return await reading(_open)


def _open(store: Store, *those: ColumnElement[bool]) -> list[Run]:
    wanted = select(SessionRow.id, SessionRow.turn_id, SessionRow.turn_part).where(
        col(SessionRow.turn_id).is_not(None), col(SessionRow.is_parked).is_(False), *those
    )
    found = store.exec(wanted).all()
    return [Run(session_id, turn_id or "", part) for session_id, turn_id, part in found]


async def is_due(run: Run) -> bool:
    """Whether this very execution should be worked on: neither parked nor followed by the next."""
    return run in await reading(lambda store: _open(store, col(SessionRow.id) == run.session_id))


async def next_part(run: Run) -> Run | None:
    """Count the next execution of an open turn; None when the turn has gone on by itself."""
    counted = (
        update(SessionRow)
        .where(col(SessionRow.id) == run.session_id, col(SessionRow.turn_id) == run.turn_id)
        .where(col(SessionRow.turn_part) == run.part, col(SessionRow.is_parked).is_(False))
        .values(turn_part=run.next.part)
    )
    return run.next if await writing(lambda store: store.exec(counted).rowcount) else None


async def idle_with_prompts() -> list[str]:
    """The sessions where prompts wait for no turn."""
    wanted = select(SessionRow.id).where(
        col(SessionRow.turn_id).is_(None),
        col(SessionRow.deleted_at).is_(None),
        text("CAST(queue AS TEXT) <> '[]'"),
    )
    return await reading(lambda store: list(store.exec(wanted)))


async def begin_waiting(session_id: str) -> Run | None:
    """Begin the turn of the prompt that waits longest; None when a turn is open or none waits."""

    def work(store: Store) -> Run | None:
        row = store.get(SessionRow, session_id, with_for_update=True)
        begun = row and begin_next(store, row)
        return Run(session_id, begun[1].turn_id) if begun else None

    return await writing(work)
