"""What a person attaches to a prompt: judged by its content, never by its name."""

import base64

from agent.core.errors import Invalid, LimitReached
from agent.core.messages import File
from agent.tooling._reading import media_type
from agent.tooling._writing import decode, readable
from agent.tooling.workspace import shown

MOST_IMAGE = 3_750_000
"""Bytes that every provider takes: 5 MB in base64."""
MOST_TEXT = 400_000
"""Bytes: more than that fills a model's window by itself."""
MOST_NAME = 100


def attachment(name: str, raw: bytes) -> File:
    """A file as a part of a prompt: an image, a PDF, or text, whatever else its name says.

    >>> attachment("notes.svg", b"<svg/>").media_type
    'text/plain'

    Args:
        name: as the person's machine calls it.
        raw: all of it.

    Raises:
        Invalid: it is empty, or none of these.
        LimitReached: it is too large for a model.
    """
    called = _called(name)
    if not raw:
        raise Invalid("attachment_empty", name=called)
    kind = media_type(raw)
    if kind:
        if kind.startswith("image/") and len(raw) > MOST_IMAGE:
            raise LimitReached("attachment_image", name=called, most="3.7 MB")
        return File(media_type=kind, data=base64.b64encode(raw).decode(), name=called)
    if (decoded := decode(raw)) is None:
        raise Invalid("attachment_type", name=called)
    if len(raw) > MOST_TEXT:
        raise LimitReached("attachment_text", name=called, most="400 kB")
    text = readable(decoded[0]).replace("\0", "\ufffd")
    return File(media_type="text/plain", data=base64.b64encode(text.encode()).decode(), name=called)


def _called(name: str) -> str:
    """The last part of a name, as one line that a transcript can show."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    return shown(last)[-MOST_NAME:] if last else "file"
