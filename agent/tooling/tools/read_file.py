"""Reads a text file a page at a time; an image or PDF as a whole."""

import asyncio
import base64
from typing import Annotated

from pydantic import Field

from agent.core.errors import ToolFailed
from agent.core.messages import File
from agent.tooling._folder import Content
from agent.tooling._writing import decode, readable
from agent.tooling.declaration import MAX_TEXT, ToolOutput, tool
from agent.tooling.workspace import MAX_READ, Workspace, shown

MAX_LINES = 2000
MAX_WIDTH = 2000
_PAGE = MAX_TEXT - 1000

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


@tool("read", effect="pure")
async def read_file(  # noqa: D417 (the model does not see files)
    files: Workspace,
    path: str,
    offset: Annotated[int, Field(ge=1)] = 1,
    limit: Annotated[int, Field(ge=1, le=MAX_LINES)] = MAX_LINES,
) -> ToolOutput:
    """Read a file of the workspace.

    A text file comes back as it is, without line numbers, so that you can copy from it exactly. When only
    a part fits, the first line of the answer, in brackets, says which lines these are and how to read on.
    Lines over 2,000 characters are cut. PNG, JPEG, GIF and WebP images and PDF documents are attached for
    you to look at; other binary files are refused.

    Args:
        path: The file, relative to the workspace.
        offset: The first line to read, counted from 1.
        limit: How many lines to read at most.
    """
    content = await files.read(path)
    if media_type := _media_type(content.raw):
        return await asyncio.to_thread(_attached, content, media_type)
    return ToolOutput(text=await asyncio.to_thread(_text, content, offset, limit))


def _attached(content: Content, media_type: str) -> ToolOutput:
    path = shown(content.entry.path)
    if not content.is_whole or len(content.raw) > (_MAX_PDF if "pdf" in media_type else _MAX_IMAGE):
        raise ToolFailed(f"{path} is too large to attach: {content.entry.size:,} bytes.")
    data = base64.b64encode(content.raw).decode()
    file = File(media_type=media_type, data=data, name=shown(content.entry.name))
    return ToolOutput(text=f"Attached {path} ({media_type}).", files=(file,))


def _text(content: Content, offset: int, limit: int) -> str:
    path = shown(content.entry.path)
    decoded = decode(content.raw)
    if decoded is None:
        raise ToolFailed(f"{path} is a binary file of {content.entry.size:,} bytes, not text.")
    text = decoded[0]
    return _page(text, path, offset, limit, is_whole=content.is_whole) if text else f"[{path} is empty.]"


def _page(text: str, path: str, offset: int, limit: int, *, is_whole: bool) -> str:
    lines = readable(text).split("\n")
    total = len(lines) - text.endswith("\n")
    if offset > total:
        raise ToolFailed(f"{path} has only {total:,} lines; offset={offset} is behind its end.")
    page: list[str] = []
    size = 0
    for line in lines[offset - 1 : min(total, offset - 1 + limit)]:
        plain = _cut(line.removesuffix("\r"))
        size += len(plain) + 1
        if page and size > _PAGE:
            break
        page.append(plain)
    end = offset + len(page) - 1
    if offset == 1 and end == total and is_whole:
        return "\n".join(page) + "\n" * text.endswith("\n")
    notes = [f"Lines {offset}-{end} of {total}"]
    if end < total:
        notes.append(f"read on with offset={end + 1}")
    if not is_whole:
        notes.append(f"the file goes on, but only its first {MAX_READ:,} bytes can be read here")
    return f"[{'; '.join(notes)}.]\n" + "\n".join(page)


def _cut(line: str) -> str:
    rest = len(line) - MAX_WIDTH
    return line if rest <= 0 else f"{line[:MAX_WIDTH]}… [{rest:,} more characters]"


def _media_type(raw: bytes) -> str:
    if raw.startswith(_WEBP[0]) and raw[8:12] == _WEBP[1]:
        return "image/webp"
    return next((media_type for magic, media_type in _MEDIA if raw.startswith(magic)), "")
