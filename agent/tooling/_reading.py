"""What a file is to the model: lines of text, or something attached."""

import base64
from collections.abc import Iterable

from agent.core.errors import ToolFailed
from agent.core.messages import File
from agent.tooling._folder import Content
from agent.tooling._writing import decode, readable
from agent.tooling.workspace import shown

MAX_WIDTH = 2000
"""Characters of a line that are shown at once."""

_MEDIA = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_WEBP = (b"RIFF", b"WEBP")
# What every provider takes: 5 MB of base64 for an image; a PDF may be larger.
_MAX_IMAGE = 3_750_000
_MAX_PDF = 15_000_000


def media_type(raw: bytes) -> str:
    """What kind of image or document a file's first bytes say it is; empty for all that is not attached.

    >>> media_type(b"%PDF-1.7"), media_type(b"hello")
    ('application/pdf', '')
    """
    if raw.startswith(_WEBP[0]) and raw[8:12] == _WEBP[1]:
        return "image/webp"
    return next((media_type for magic, media_type in _MEDIA if raw.startswith(magic)), "")


def attached(content: Content) -> File:
    """An image or document for the model to look at.

    Raises:
        ToolFailed: it is larger than a provider takes.
    """
    kind = media_type(content.raw)
    if not content.is_whole or len(content.raw) > (_MAX_PDF if "pdf" in kind else _MAX_IMAGE):
        raise ToolFailed(f"{shown(content.entry.path)} is too large to attach: {content.entry.size:,} bytes.")
    data = base64.b64encode(content.raw).decode()
    return File(media_type=kind, data=data, name=shown(content.entry.name))


def text_of(content: Content) -> str:
    """A file's text, as far as it was read, fit to be sent.

    Raises:
        ToolFailed: it is no text.
    """
    decoded = decode(content.raw, is_whole=content.is_whole)
    if decoded is None:
        path = shown(content.entry.path)
        raise ToolFailed(f"{path} is a binary file of {content.entry.size:,} bytes, not text.")
    return readable(decoded[0])


def first_lines(lines: Iterable[str], room: int, column: int = 1) -> list[str]:
    """As many lines as there is room for, and at least one, each cut to `MAX_WIDTH`.

    >>> first_lines(["one", "two", "three"], room=8)
    ['one', 'two']

    Args:
        lines: without their line ends.
        room: characters, line ends included.
        column: the first character of each line that is shown, counted from 1.
    """
    taken: list[str] = []
    size = 0
    for line in lines:
        plain = _cut(line.removesuffix("\r"), column)
        size += len(plain) + 1
        if taken and size > room:
            break
        taken.append(plain)
    return taken


def _cut(line: str, column: int) -> str:
    end = column - 1 + MAX_WIDTH
    rest = len(line) - end
    kept = line[column - 1 : end]
    return kept if rest <= 0 else f"{kept}… [{rest:,} more characters, from column={end + 1} on]"
