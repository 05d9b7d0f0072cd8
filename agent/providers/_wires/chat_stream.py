"""A stream of Chat Completions: its events out of bytes, and a careful look at what is in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Payload = Mapping[str, Any]
"""A JSON object as a server sent it: nothing in it is sure to be there, or of the type one expects."""

DONE = b"[DONE]"
END = b"\n\n"
"""What a server may forget after its last event."""


class Events:
    r"""Server-sent events out of a stream's bytes, however they are cut; lines end as HTTP's or Unix's do.

    The SDK's own reader hides the last one, `[DONE]`, which tells a whole answer from one that was cut.

    >>> events = Events()
    >>> [*events.read(b"data: {}\n\nda"), *events.read(b"ta: [DONE]\n\n")]
    [b'{}', b'[DONE]']
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._event: list[bytes] = []

    def read(self, piece: bytes) -> Iterator[bytes]:
        """Take a piece in; the payloads of the events that end in it are returned."""
        *lines, rest = piece.split(b"\n")
        for end in lines:
            line = b"".join([*self._line, end]).rstrip(b"\r")
            self._line.clear()
            if line.startswith(b"data:"):
                self._event.append(line[5:].strip())
            elif not line and self._event:
                yield b"\n".join(self._event)
                self._event.clear()
        self._line.append(rest)


def fields(value: object) -> Payload:
    """An object; an empty one in place of anything else.

    >>> fields({"a": 1}), fields(None)
    ({'a': 1}, {})
    """
    return cast("Payload", value) if isinstance(value, dict) else {}


def items(value: object) -> Sequence[object]:
    """A list; an empty one in place of anything else.

    >>> items([1]), items("text")
    ([1], ())
    """
    return cast("Sequence[object]", value) if isinstance(value, list) else ()


def words(value: object) -> str:
    """A text; an empty one in place of anything else.

    >>> words("a"), words(None)
    ('a', '')
    """
    return value if isinstance(value, str) else ""


def number(value: object) -> int:
    """A count; 0 in place of anything else.

    >>> number(3), number(None)
    (3, 0)
    """
    return value if isinstance(value, int) else 0
