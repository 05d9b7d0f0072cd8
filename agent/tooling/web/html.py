"""HTML as a model reads it."""

import asyncio
import html
import re
import sys
from contextlib import suppress
from pathlib import Path

from agent.core.errors import ToolFailed
from agent.tooling.spawning import PIPE, spawn

SECONDS = 10.0
_PROGRAM = Path(__file__).with_name("_converting.py")
_TITLE = re.compile(r"<title(?:\s[^>]{0,200})?>([^<]{1,500})", re.IGNORECASE)
_TITLE_HEAD = 65_536


async def markdown(text: str, address: str) -> str:
    """HTML as Markdown, made by a program of its own that has no more than some seconds and a gigabyte.

    Args:
        text: the page, as far as it can be encoded.
        address: where it is.

    Raises:
        ToolFailed: it takes more than that.
    """
    # No environment and no folder of ours: what it reads is made by strangers.
    converting = await spawn([sys.executable, "-I", str(_PROGRAM), address], stdin=PIPE)
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await converting.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        raise ToolFailed(f"Its HTML could not be read in {SECONDS:g} seconds.") from None
    finally:
        with suppress(ProcessLookupError):
            converting.kill()
        await converting.wait()
    if converting.returncode:
        raise ToolFailed("Its HTML cannot be read: it is broken, or far too large once it is laid out.")
    return out.decode()


def title(text: str) -> str:
    r"""The title of a page in one line; empty when it has none.

    >>> title("<html><head><title>Tea &amp;\n biscuits</title>")
    'Tea & biscuits'
    """
    found = _TITLE.search(text, 0, _TITLE_HEAD)
    return " ".join(html.unescape(found[1]).split()) if found else ""
