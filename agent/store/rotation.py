"""Sealing everything anew under the first key, so that the keys behind it can be dropped."""

import asyncio
from collections import Counter
from functools import partial
from typing import Any, Literal

from sqlmodel import Session, SQLModel, col, select

from agent.core.errors import Unavailable
from agent.core.messages import Value
from agent.store import sealing
from agent.store.audit import Entry, append
from agent.store.engine import reading, writing
from agent.store.sealed import COLUMNS, Column

Outcome = Literal["anew", "left", "unopened"]


class Rotated(Value):
    """What became of the sealed values."""

    anew: int
    """Now under the first key."""
    left: int
    """Under it already."""
    unopened: tuple[str, ...]
    """Tables and rows of those that no key opens."""
    forgotten: bool
    """Whether those were removed."""


async def rotate(*, forgets: bool = False) -> Rotated:
    """Seal everything anew, row by row, while others go on working.

    Args:
        forgets: whether to remove what no key opens.

    Raises:
        Unavailable: there is no key, or the database does not answer.
    """
    if not (forgets or await asyncio.to_thread(sealing.key_heads)):
        raise Unavailable("secret_key_missing")
    outcomes: Counter[Outcome | None] = Counter()
    unopened: list[str] = []
    for column in COLUMNS:
        for name in await reading(partial(_names, column)):
            outcome = await writing(partial(_rotated, column, name, forgets=forgets))
            outcomes[outcome] += 1
            if outcome == "unopened":
                unopened.append(f"{column.name} {name}")
    rotated = Rotated(
        anew=outcomes["anew"], left=outcomes["left"], unopened=tuple(unopened), forgotten=forgets
    )
    entry = Entry(action="keys_rotated", body=rotated.model_dump(mode="json"))
    await writing(lambda store: append(store, entry))
    return rotated


def _names(column: Column, store: Session) -> list[str]:
    name, field = (col(getattr(column.table, each)) for each in (column.row, column.field))
    return [*store.exec(select(name).where(field.is_not(None)).order_by(name))]


def _rotated(column: Column, name: str, store: Session, *, forgets: bool) -> Outcome | None:
    """What became of one value; None when it is gone meanwhile."""
    row: Any = store.get(column.table, name, with_for_update=True)
    sealed: bytes | None = row and getattr(row, column.field)
    if sealed is None:
        return None
    place = column.place(row)
    try:
        plain = sealing.unseal(sealed, **place)  # under the right key too it may have been changed or moved
    except Unavailable:
        if forgets:
            _forget(store, column, row)
        return "unopened"
    if not sealing.is_stale(sealed):
        return "left"
    setattr(row, column.field, sealing.seal(plain, **place))
    store.add(row)
    return "anew"


def _forget(store: Session, column: Column, row: SQLModel) -> None:
    if column.is_all:
        store.delete(row)
        return
    setattr(row, column.field, None)
    store.add(row)
