"""Calls that only looked at something, told together: nobody reads ten lines that say “Read”."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from itertools import groupby

from app.shown import Call, Shown
from app.words.transcript import LOOKED, LOOKS, counted

LEAST = 3
"""Calls in a row that are told together."""


def grouped(rows: Iterable[Shown]) -> list[Shown]:
    """Rows with the calls that went well and changed nothing joined, where there are enough in a row.

    What failed, asks or still runs stands for itself.

    >>> looks = [Shown(id=str(n), kind="tool", status="ok", looks="file") for n in range(3)]
    >>> [row.title for row in grouped([*looks, Shown(id="t", kind="text")])]
    ['Looked at 3 files', '']
    """
    found: list[Shown] = []
    for looks, run in groupby(rows, lambda row: bool(row.looks)):
        together = list(run)
        found += [_joined(together)] if looks and len(together) >= LEAST else together
    return found


def _joined(rows: list[Shown]) -> Shown:
    counts = Counter(row.looks for row in rows)
    what = ", ".join(counted(LOOKS[looks], number) for looks, number in counts.items())
    looked = [Call(**{field.name: getattr(row, field.name) for field in fields(Call)}) for row in rows]
    title = LOOKED.format(what=what)
    return Shown(id=f"{rows[0].id}/group", kind="group", title=title, status="ok", looked=looked)
