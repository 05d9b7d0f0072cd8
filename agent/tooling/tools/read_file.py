"""Reads a text file a page at a time; an image or PDF as a whole."""

import asyncio
from typing import Annotated

from pydantic import Field

from agent.core.errors import ToolFailed
from agent.tooling._folder import Content
from agent.tooling._reading import attached, first_lines, media_type, text_of
from agent.tooling.declaration import MAX_TEXT, ToolOutput, tool
from agent.tooling.workspace import MAX_READ, Workspace, shown

MAX_LINES = 2000
_PAGE = MAX_TEXT - 1000


@tool("read", effect="pure")
async def read_file(  # noqa: D417 (the model does not see files)
    files: Workspace,
    path: str,
    offset: Annotated[int, Field(ge=1)] = 1,
    limit: Annotated[int, Field(ge=1, le=MAX_LINES)] = MAX_LINES,
    column: Annotated[int, Field(ge=1)] = 1,
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
        column: The first character of each line to read, counted from 1; for lines that were cut.
    """
    content = await files.read(path)
    if media_type(content.raw):
        file = await asyncio.to_thread(attached, content)
        return ToolOutput(text=f"Attached {shown(path)} ({file.media_type}).", files=(file,))
    return ToolOutput(text=await asyncio.to_thread(_text, content, offset, limit, column))


def _text(content: Content, offset: int, limit: int, column: int) -> str:
    path = shown(content.entry.path)
    text = text_of(content)
    if not text:
        return f"[{path} is empty.]"
    lines = text.split("\n")
    total = len(lines) - text.endswith("\n")
    if offset > total:
        raise ToolFailed(f"{path} has only {total:,} lines; offset={offset} is behind its end.")
    page = first_lines(lines[offset - 1 : min(total, offset - 1 + limit)], _PAGE, column)
    end = offset + len(page) - 1
    if offset == 1 and end == total and content.is_whole:
        return "\n".join(page) + "\n" * text.endswith("\n")
    notes = [f"Lines {offset}-{end} of {total}"]
    if end < total:
        notes.append(f"read on with offset={end + 1}")
    if not content.is_whole:
        notes.append(f"the file goes on, but only its first {MAX_READ:,} bytes can be read here")
    return f"[{'; '.join(notes)}.]\n" + "\n".join(page)
