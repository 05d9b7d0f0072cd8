"""A tab's rows as they are drawn: each is made once, and made anew when it has changed."""

from collections.abc import Iterable
from dataclasses import replace

from agent.core.transcript import Row
from app.grouping import grouped
from app.showing.colours import Inks
from app.shown import Shown, shown


class Drawing:
    """Turns rows into what is drawn, and remembers it."""

    def __init__(self) -> None:
        self.inks = Inks()
        self._made: dict[str, tuple[Row, Shown]] = {}

    def keep(self, rows: Iterable[Row]) -> None:
        """Forget all but these rows: a tab that is open for hours shows far more than it may hold."""
        if self._made:
            kept = {row.id for row in rows}
            self._made = {id_: made for id_, made in self._made.items() if id_ in kept}
            self.inks.keep(text for _, shown in self._made.values() for text in shown.chunks)

    def rows(self, rows: Iterable[Row]) -> list[Shown]:
        """Rows as the page draws them, calls that only looked at something together."""
        return grouped([self.row(row) for row in rows])

    def row(self, row: Row) -> Shown:
        """One row, with the colours of its code as far as they are known."""
        made = self._made.get(row.id)
        if made is None or made[0] is not row:
            made = (row, shown(row))
        if made[1].chunks and row.kind == "text":
            inks = self.inks_of(made[1].chunks)
            made = (row, made[1] if inks == made[1].inks else replace(made[1], inks=inks))
        self._made[row.id] = made
        return made[1]

    def inks_of(self, texts: Iterable[str]) -> list[str]:
        """The colours of pieces of Markdown."""
        return [self.inks.of(text) for text in texts]
