"""Sees when a model goes in circles: the same calls over and over, or the same words."""

import hashlib
import json
import re
from collections import Counter, deque
from typing import NamedTuple

from agent.core.messages import ToolCall, Value

SAME_CALLS = 5
"""Times that a call, or a cycle of calls, follows itself until it is a loop."""
LONGEST_CYCLE = 5
"""Calls of a cycle."""
SAME_PIECES = 10
"""Times that a piece of text comes again until it is a loop."""
PIECE = 50
"""Characters of such a piece."""
NEAREST, CLOSE = 25, 1000
"""Characters from a piece to its next coming: at least, so that a row of dots is none; and at most."""

_HEAD = 12
_FORM = re.compile(r"[*+-]\s|\d{1,9}[.)]\s|#{1,6}\s|>|\||\+-|```|~~~")
"""How a line begins that is a list's, a heading, a quote, a table's or a fence."""
_RULE = "-_=*+~" + "".join(map(chr, range(0x2500, 0x2580)))
"""What lines are drawn with."""


class Loop(Value):
    """What comes over and over."""

    seen: int
    """How many loops there were until now, with this one."""
    tools: tuple[str, ...] = ()
    """The tools that are called one after the other; empty when words are repeated."""
    text: str = ""
    """The words that are repeated; empty when calls are."""


class LoopGuard:
    """Hears what a model says and calls in a turn.

    Once a loop was seen it is told again at whatever follows, until the model is let go on.
    """

    def __init__(self) -> None:
        self.is_on = True
        """Set to False by someone who wants it so."""
        self._seen = 0
        self._loop: Loop | None = None
        self._calls: deque[tuple[str, bytes]] = deque(maxlen=SAME_CALLS * LONGEST_CYCLE)
        self._words = _Words()

    def called(self, call: ToolCall) -> Loop | None:
        """Hear a call; what was said before it does not count any more.

        >>> guard, call = LoopGuard(), ToolCall(id="1", name="grep", arguments={"pattern": "x"})
        >>> [guard.called(call) is not None for _ in range(5)]
        [False, False, False, False, True]
        """
        self._words = _Words()
        arguments = call.malformed or json.dumps(call.arguments, sort_keys=True)
        self._calls.append((call.name, hashlib.sha256(arguments.encode("utf-8", "replace")).digest()))
        return self._told(self._cycle(), "")

    def said(self, text: str) -> Loop | None:
        """Hear a piece of text; how the pieces were cut makes no difference.

        >>> guard = LoopGuard()
        >>> guard.said("Thinking... Done. " * 10), guard.said("Thinking... Done. " * 20).seen
        (None, 1)
        """
        return self._told((), self._words.repeated(text))

    def go_on(self) -> None:
        """Let the model go on once it was told; words count afresh, calls as before.

        >>> guard, call = LoopGuard(), ToolCall(id="1", name="grep", arguments={})
        >>> loops = [guard.called(call) for _ in range(5)]
        >>> guard.go_on()
        >>> guard.said("I see."), guard.called(call).seen
        (None, 2)
        """
        self._loop = None
        self._words = _Words()

    def _told(self, tools: tuple[str, ...], text: str) -> Loop | None:
        if not self.is_on:
            return None
        if self._loop is None and (tools or text):
            self._seen += 1
            self._loop = Loop(seen=self._seen, tools=tools, text=text)
        return self._loop

    def _cycle(self) -> tuple[str, ...]:
        """The names of the shortest cycle that the newest calls are."""
        calls = list(self._calls)
        for length in range(1, LONGEST_CYCLE + 1):
            cycle = calls[-length:]
            if calls[-length * SAME_CALLS :] == cycle * SAME_CALLS:
                return tuple(name for name, _ in cycle)
        return ()


class _Place(NamedTuple):
    """Where a piece of text stood last."""

    at: int
    between: tuple[int, ...] = ()
    """From each of its last comings to the next: a hash of the text."""

    def is_loop(self) -> bool:
        """Whether it came often enough, and between its comings nothing was said only once."""
        return len(self.between) == SAME_PIECES - 1 and min(Counter(self.between).values()) > 1


class _Words:
    """What is said, as far back as it may come again; each character costs the same."""

    def __init__(self) -> None:
        self._tail = ""
        self._begin = 0
        """How many characters came before the tail."""
        self._fresh = 0
        """Where counting began."""
        self._places: dict[str, _Place] = {}
        self._head: str | None = ""
        """How the line begins; None once that is known."""
        self._fence = ""

    def repeated(self, said: str) -> str:
        """Hear some more; return a piece of text that is in a loop, empty when none is."""
        known = len(self._tail)
        text = self._tail + said
        found = ""
        for place in range(known, len(text)):
            if self._head is not None or text[place] == "\n":
                self._look(text[place], self._begin + place + 1)
            start = place + 1 - PIECE
            if self._fence or self._begin + start < self._fresh:
                continue
            piece = text[start : place + 1]
            is_drawn = piece[0] in _RULE and not piece.strip(_RULE)
            if not is_drawn and self._comes_again(piece, start, text):
                found = found or piece
        self._tail = text[-CLOSE - PIECE :]
        self._begin += len(text) - len(self._tail)
        return found

    def _look(self, letter: str, end: int) -> None:
        """Count afresh where a line begins that has a form of its own; leave out what is fenced."""
        if letter == "\n":
            self._head = ""
        elif self._head or not letter.isspace():
            self._head = (self._head or "") + letter
            if form := _FORM.match(self._head):
                self._begin_afresh(end, form[0])
            if form or len(self._head) >= _HEAD:
                self._head = None

    def _begin_afresh(self, end: int, form: str) -> None:
        self._fresh = end
        self._places.clear()
        if form in {"```", "~~~"} and self._fence in {"", form}:
            self._fence = "" if self._fence else form

    def _comes_again(self, piece: str, start: int, text: str) -> bool:
        """Whether the piece, which begins at `start` in the text, is in a loop now."""
        at = self._begin + start
        place = self._places.get(piece)
        if place is None or at - place.at > CLOSE:
            self._places[piece] = _Place(at)
            if len(self._places) > 2 * CLOSE:
                self._places = {each: place for each, place in self._places.items() if at - place.at <= CLOSE}
            return False
        if at - place.at < NEAREST:
            return False
        between = (*place.between, hash(text[place.at - self._begin : start]))
        self._places[piece] = again = _Place(at, between[1 - SAME_PIECES :])
        return again.is_loop()
