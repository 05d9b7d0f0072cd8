"""Who speaks: deltas that come late, begin anew or go on."""

from typing import Literal

from agent.core.events import Delta, Snapshot


class Voice:
    """Which attempt of which step speaks, and which turns are over: the order of their ids says nothing."""

    def __init__(self) -> None:
        self._turn_id = ""
        self._place = (0, 0)
        self._over: set[str] = set()

    def hears(self, said: Delta | Snapshot) -> Literal["late", "anew", "on"]:
        """Whether this comes too late to count, replaces what was said so far, or goes on with it.

        >>> voice = Voice()
        >>> voice.hears(Delta(kind="text", text="Hel")), voice.hears(Delta(kind="text", text="lo", index=1))
        ('anew', 'on')
        >>> voice.hears(Delta(kind="text", text="Hi", attempt=1)), voice.hears(Delta(kind="text", text="!"))
        ('anew', 'late')
        """
        place = (said.step, said.attempt)
        is_same = said.turn_id == self._turn_id
        if said.turn_id in self._over or (is_same and place < self._place):
            return "late"
        goes_on = isinstance(said, Delta) and said.index > 0 and is_same and place == self._place
        self._turn(said.turn_id, place)
        return "on" if goes_on else "anew"

    def passes(self, turn_id: str, step: int) -> None:
        """Hear nothing more from before this step of this turn."""
        self._turn(turn_id, max(self._place, (step, 0)) if turn_id == self._turn_id else (step, 0))

    def _turn(self, turn_id: str, place: tuple[int, int]) -> None:
        if turn_id != self._turn_id:
            self._over.add(self._turn_id)
        self._turn_id, self._place = turn_id, place
