"""Text that grows while it is shown: cut so that each flush sends little and draws little."""

import re

CHUNK = 4096
"""Characters of finished blocks after which they settle into one chunk."""
TAIL = 256
MIDDLE = 4096
TELLING = 11
"""Characters that tell what a line begins."""
ITEM = re.compile(r"([-*+]|\d{1,9}[.)])\s")
"""Source: CommonMark 0.31, 5.2 List items."""


class Levels:
    """A growing text as three strings that make it up; the last changes often and is short.

    Sending only what changed costs less than forty times a text of 200,000 characters, instead of thousands.

    >>> levels = Levels()
    >>> levels.add("Hello")
    >>> levels.add(" world")
    >>> (levels.head, levels.middle, levels.tail)
    ('', '', 'Hello world')
    """

    def __init__(self) -> None:
        self.head = self.middle = self.tail = ""

    def add(self, text: str) -> None:
        """Let it grow."""
        self.tail += text
        if len(self.tail) > TAIL:
            moved, self.tail = without_last_blanks(self.tail)
            self.middle += moved
        if len(self.middle) > MIDDLE:
            moved, self.middle = without_last_blanks(self.middle)
            self.head += moved

    def clear(self) -> None:
        """Make it empty."""
        self.head = self.middle = self.tail = ""

    def __len__(self) -> int:
        return len(self.head) + len(self.middle) + len(self.tail)


class Blocks:
    """Growing Markdown: finished blocks, which are drawn once, and the open one.

    A block ends before a line that begins a new one for certain: after a blank line, at the next item of a
    list, after a code fence.
    """

    def __init__(self) -> None:
        self.settled: list[str] = []
        """Finished blocks, joined to chunks."""
        self.finished: list[str] = []
        """Finished blocks that have not settled yet."""
        self.open = Levels()
        """The block that still grows."""
        self._line = ""
        self._is_placed = False
        """Whether the line has been given to its block; a few characters tell to which."""
        self._fence = ""
        self._may_end = False
        """Whether the open block ends before the next line, unless that is indented."""
        self._in_list = False

    @property
    def in_code(self) -> bool:
        """Whether the open block is a code fence without its end."""
        return bool(self._fence)

    @property
    def tail(self) -> str:
        """The end of the open block, with the beginning of a line that is not placed yet."""
        return self.open.tail + ("" if self._is_placed else self._line)

    @property
    def rest(self) -> str:
        """The open block."""
        return self.open.head + self.open.middle + self.tail

    @property
    def text(self) -> str:
        """All of it."""
        return "".join([*self.settled, *self.finished, self.rest])

    def add(self, text: str) -> None:
        """Let it grow."""
        for piece in text.splitlines(keepends=True):
            self._line += piece
            is_whole = piece.endswith("\n")
            if self._is_placed:
                self.open.add(piece)
            elif is_whole or len(self._line) >= TELLING:
                self._place()
            if is_whole:
                self._end_line()

    def _place(self) -> None:
        is_item = bool(ITEM.match(self._line))
        begins = self._may_end and not self._line[0].isspace()
        if not self._fence and (begins or (self._in_list and is_item)):
            self._finish()
        if not len(self.open):
            self._in_list = is_item
        self.open.add(self._line)
        self._is_placed = True

    def end(self) -> None:
        """Finish the open block: nothing comes after it."""
        if not self._is_placed and self._line:
            self._place()
        self._finish()
        self._line = self._fence = ""

    def _end_line(self) -> None:
        line, self._line, self._is_placed = self._line.strip(), "", False
        was_code = bool(self._fence)
        self._fence = fence_after(line, self._fence)
        self._may_end = not self._fence and (was_code or not line)

    def _finish(self) -> None:
        if len(self.open):
            self.finished.append(self.open.head + self.open.middle + self.open.tail)
            self.open.clear()
        if sum(map(len, self.finished)) > CHUNK:
            self.settled.append("".join(self.finished))
            self.finished = []


def without_last_blanks(text: str) -> tuple[str, str]:
    """A text, and the blanks at its end: a part of a text that is drawn by itself loses those.

    >>> without_last_blanks("one two ")
    ('one two', ' ')
    """
    kept = text.rstrip()
    return kept, text[len(kept) :]


def fence_after(line: str, fence: str) -> str:
    """The code fence that is open after a line, given the one open before it (empty: none).

    >>> fence_after("```python", ""), fence_after("text", "```"), fence_after("```", "```")
    ('```', '```', '')
    """
    if fence:
        return "" if line.startswith(fence) and not line.strip(fence[0]) else fence
    for mark in "`~":
        length = len(line) - len(line.lstrip(mark))
        if length >= 3 and not (mark == "`" and "`" in line[length:]):  # noqa: PLR2004  CommonMark 4.5
            return mark * length
    return ""


def chunks(text: str) -> list[str]:
    r"""A finished text, cut between blocks into chunks that are drawn one by one.

    >>> chunks("a\n\nb")
    ['a\n\nb']
    """
    blocks = Blocks()
    blocks.add(text)
    rest = "".join([*blocks.finished, blocks.rest])
    return [*blocks.settled, *([rest] if rest else [])]
