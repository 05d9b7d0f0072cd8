"""What a program writes to its terminal, as text: no codes, no overwritten lines, of much head and tail."""

import codecs
import re

HEAD = 1 << 20
"""Characters kept of the beginning of what a program writes."""
TAIL = 3 << 20
"""Characters kept of its end."""

_CODE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, movements
    r"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC, DCS …: titles, links, up to their end
    r"|[ -/]*[0-~])?"  # two letters
)
"""Source: ECMA-48, 5.4 Control sequences, and 5.6 Control strings."""
_OPEN_CODE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)?\Z")
_LONGEST_CODE = 4096
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n|\Z)")
_HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f"  # what is left of control characters
    "\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"  # turns or hides other letters
)
SIGN = "\ufffd"
"""Stands for what cannot be shown."""


def plain(text: str) -> str:
    r"""Text without terminal codes, and as a terminal would show it at the end.

    >>> plain("\x1b[31mred\x1b[0m\r\n10 %\r100 %\n")
    'red\n100 %\n'
    """
    text = _CODE.sub("", text).replace("\r\n", "\n")
    return _HIDDEN.sub(SIGN, _OVERWRITTEN.sub("", text).replace("\r", ""))


class Screen:
    r"""What a program has written so far.

    >>> screen = Screen()
    >>> screen.add(b"one \x1b[1mtw"), screen.add(b"o\x1b[0"), screen.add(b"m\n")
    ('one tw', 'o', '\n')
    >>> screen.text
    'one two\n'
    """

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._open = ""
        """The beginning of a code whose end has not come."""
        self._most_head, self._most_tail = head, tail
        self._head = self._tail = ""
        self._left_out = 0

    def add(self, written: bytes) -> str:
        """Take what was written; gives what is new of it, to be shown while it goes on."""
        text = self._open + self._decoder.decode(written)
        begun = _OPEN_CODE.search(text)
        self._open = text[begun.start() :] if begun and len(text) - begun.start() < _LONGEST_CODE else ""
        whole = _CODE.sub("", text[: len(text) - len(self._open)])
        self._keep(whole)
        return _HIDDEN.sub(SIGN, whole.replace("\r\n", "\n").replace("\r", "\n"))

    @property
    def text(self) -> str:
        """All of it, or its head and tail with a note of what is between."""
        if not self._left_out:
            return plain(self._head + self._tail)
        note = f"\n[{self._left_out:,} characters were left out here.]\n"
        return plain(self._head) + note + plain(self._tail[-self._most_tail :])

    def end(self, most: int) -> str:
        """The end of it."""
        return plain((self._head + self._tail)[-most:])

    def _keep(self, text: str) -> None:
        room = self._most_head - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        self._tail += text
        if len(self._tail) > 2 * self._most_tail:
            self._left_out += len(self._tail) - self._most_tail
            self._tail = self._tail[-self._most_tail :]
