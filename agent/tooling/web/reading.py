"""A page as a model reads it: text as it is, HTML as Markdown, images and PDF documents attached."""

import asyncio
import base64
import codecs
import re
from urllib.parse import unquote, urlsplit

from agent.core.errors import ToolFailed
from agent.core.messages import File
from agent.tooling._reading import media_type
from agent.tooling.declaration import ToolOutput
from agent.tooling.web.fetching import MAX_IMAGE, Page
from agent.tooling.web.html import markdown, title

_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_BEGINS_AS_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_UNSAID = frozenset({"", "application/octet-stream", "text/plain"})
"""Types that say nothing, or that servers give to everything."""

_MEDIA = ("image/", "audio/", "video/", "font/")

_HEAD = 4096
_DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([A-Za-z0-9_.:-]{1,40})""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
    "utf-16": "utf-16-le",
}
"""What pages mean by a label. Source: WHATWG Encoding Standard, names and labels."""
_ENCODINGS = frozenset(
    {
        *("utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5", "big5hkscs", "cp932", "cp949", "euc_jp"),
        *("iso2022_jp", "koi8-r", "koi8-u", "cp866", "cp874", "mac-roman", "mac-cyrillic"),
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859-{number}" for number in range(2, 17)),
    }
)
"""Python knows others that are no writing of text, or slow."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Controls, changes of direction and tags: what people do not see, a model shall not read."""

NO_TEXT = "[The page shows no text unless its scripts are run.]"
EMPTY = "[The page is empty.]"


async def read(page: Page) -> ToolOutput:
    """A page as text, or attached.

    Raises:
        ToolFailed: it is neither text nor something to look at, or too large to attach.
    """
    if found := media_type(page.raw):
        return await asyncio.to_thread(_attached, page, found)
    _require_text(page)
    text = await asyncio.to_thread(_plain, page)
    if page.media_type in _MARKUP or (page.media_type in _UNSAID and _BEGINS_AS_MARKUP.match(page.raw)):
        named, text = title(text), clean(await markdown(text, page.url))
        if named and text.strip():
            text = f"Title: {clean(named)}\n\n{text}"
    if not text.strip():
        text = EMPTY if not page.raw.strip() else NO_TEXT
    note = "" if page.is_whole else f"\n[Only the first {len(page.raw):,} bytes were read.]"
    return ToolOutput(text=text.strip("\n") + note)


def decoded(page: Page) -> str:
    r"""The text of a page, in the writing it is in: by its mark, its server's word, its own, or its look.

    >>> decoded(Page("https://example.org", "text/plain", "", b"na\xefve", is_whole=True))
    'naïve'
    """
    if encoding := _encoding(page):
        return _decoded(page, encoding, "replace")
    try:
        return _decoded(page, "utf-8", "strict")
    except UnicodeDecodeError:
        return _decoded(page, "cp1252", "replace")


def _decoded(page: Page, encoding: str, errors: str) -> str:
    # A page that was cut may end within a letter.
    return codecs.getincrementaldecoder(encoding)(errors).decode(page.raw, final=page.is_whole)


def _plain(page: Page) -> str:
    return clean(decoded(page))


def clean(text: str) -> str:
    r"""Text with plain line ends and nothing in it that people would not see.

    >>> clean("a\r\nb\x1b[31m\u202ec")
    'a\nb[31mc'
    """
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _encoding(page: Page) -> str:
    """What a page says it is written in; empty when it says nothing that is known."""
    has_markup = page.media_type.endswith(("html", "xml")) or page.media_type in _UNSAID - {"text/plain"}
    declared = _DECLARED.search(page.raw, 0, _HEAD) if has_markup else None
    by_mark = [encoding for mark, encoding in _MARKS if page.raw.startswith(mark)]
    labels = [*by_mark, page.charset, declared[1].decode("ascii") if declared else ""]
    return next((known for label in labels if (known := _known(label))), "")


def _known(label: str) -> str:
    """Python's name of an encoding; empty for one that no page is written in."""
    try:
        name = codecs.lookup(label).name if label else ""
    except (LookupError, ValueError):
        return ""
    name = _WIDER.get(name, name)
    return name if name in _ENCODINGS else ""


def _require_text(page: Page) -> None:
    is_media = page.media_type.startswith(_MEDIA) and not page.media_type.endswith("+xml")
    is_binary = b"\0" in page.raw[:_HEAD] and not _encoding(page).startswith("utf-16")
    if is_media or is_binary:
        size = f"{len(page.raw):,} bytes{'' if page.is_whole else ' or more'}"
        raise ToolFailed(
            f"It is {page.media_type or 'a binary file'} of {size}: no text, and nothing to attach."
        )


def _attached(page: Page, kind: str) -> ToolOutput:
    is_large = kind != "application/pdf" and len(page.raw) > MAX_IMAGE
    if not page.is_whole or is_large:
        raise ToolFailed(f"It is {kind} and too large to attach: over {len(page.raw):,} bytes.")
    name = clean(unquote(urlsplit(page.url).path).rpartition("/")[2]).strip() or kind.replace("/", ".")
    data = base64.b64encode(page.raw).decode()
    file = File(media_type=kind, data=data, name=name[-100:])
    return ToolOutput(text=f"[Attached as {kind}, {len(page.raw):,} bytes.]", files=(file,))
