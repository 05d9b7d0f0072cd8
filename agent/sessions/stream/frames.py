"""What goes from process to process: frames of JSON, each over one of a few channels."""

from typing import Annotated
from zlib import crc32

from pydantic import Field, TypeAdapter

from agent.core.events import Delta, Event, Snapshot
from agent.sessions.log import storable

CHANNELS = 64
"""Sessions are spread over them, so that nobody has to know who follows what."""

# Deltas first: they are many, and the first that fits is taken.
_Published = Annotated[
    Delta | Snapshot | Annotated[Event, Field(discriminator="type")], Field(union_mode="left_to_right")
]
Entry = tuple[str, int | None, _Published | None]
"""Session, number, and what happened; nothing but the session wishes for a snapshot."""
_FRAME: TypeAdapter[tuple[str, list[Entry]]] = TypeAdapter(tuple[str, list[Entry]])


def channel_of(session_id: str) -> str:
    """The channel a session is spoken of.

    >>> channel_of("0197"), channel_of("0198")
    ('maestro:live:47', 'maestro:live:62')
    """
    return f"maestro:live:{crc32(session_id.encode()) % CHANNELS}"


def frame(sender: str, entries: list[Entry]) -> bytes:
    """What one process sends over a channel at once.

    >>> frame("me", [("s", None, None)])
    b'["me",[["s",null,null]]]'
    """
    try:
        return _FRAME.dump_json((sender, entries))
    except ValueError:  # half a character in a provider's words
        whole = storable(_FRAME.dump_python((sender, entries), mode="json"))
        return _FRAME.dump_json(_FRAME.validate_python(whole))


def is_from(sender: str, sent: bytes) -> bool:
    """Whether it is this sender's, without reading all of it.

    >>> is_from("me", b'["me",[]]'), is_from("me", b'["you",[]]')
    (True, False)
    """
    return sent.startswith(f'["{sender}",'.encode())


def entries_in(sent: bytes) -> list[Entry]:
    """Read a frame.

    >>> entries_in(b'["me",[["s",null,null]]]')
    [('s', None, None)]

    Raises:
        pydantic.ValidationError: it is none.
    """
    return _FRAME.validate_json(sent)[1]
