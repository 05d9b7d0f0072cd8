"""Files that a person mentions in a prompt (`@path`), attached to it."""

import base64
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from agent.core.errors import ToolFailed
from agent.core.messages import File, Value
from agent.tooling._folder import Entry
from agent.tooling._writing import decode, readable
from agent.tooling.ignoring import matcher
from agent.tooling.tools.list_directory import list_directory
from agent.tooling.tools.read_file import read_file
from agent.tooling.workspace import Workspace, shown

MAX_FILES = 20
MAX_TEXT = 200_000
"""Characters of text, in all."""
MAX_ATTACHED = 20_000_000
"""Characters of base64 of images and documents, in all."""
MAX_MENTIONS = 200
"""Mentions that are looked for."""

_MENTION = re.compile(r'@(?:"(?P<quoted>[^"\n]+)"|(?P<plain>(?:\\ |[^\s"\'`<>|,;]|[,;](?=[^\s@]))+))')
_PUNCTUATION = ".:!?()[]{}*…"
_LINES = re.compile(r"(?::\d{1,9}(?:-\d{1,9})?|#L\d{1,9}(?:-L?\d{1,9})?)$")
_BEGIN = re.compile(r"[\w.~/*]")
_GLOB = re.compile(r"[*\[{]")
_EXTENSION = re.compile(r"[^/]\.[A-Za-z]\w{0,4}$")
_NAMES_SHOWN, _NEAR = 20, 100
_WIDEST = 4
"""Bytes of a character."""


class Mentions(Value):
    """What a prompt's mentions come to."""

    files: tuple[File, ...] = ()
    missing: tuple[str, ...] = ()
    """What looks like a path and leads to nothing in the workspace, as it was written."""


@dataclass(frozen=True)
class _Mention:
    written: str
    """What follows the @."""
    is_path: bool
    """Whether it is meant as a path, and not perhaps an address, a name or a decorator."""
    is_quoted: bool = False

    @property
    def readings(self) -> tuple[str, ...]:
        """What the path may be: all of it, or what comes before punctuation and line numbers."""
        if self.is_quoted:
            return (self.written,)
        plain = self.written.replace("\\ ", " ")
        return tuple(dict.fromkeys(path for path in (plain, _bare(plain)) if path))


async def mentioned(files: Workspace, text: str) -> Mentions:
    """What a person's words mention of the workspace: `@path`, `@"a path"`, `@folder/`, `@src/*.py`.

    A text file comes as text/plain in UTF-8, an image or PDF as it is, a folder as its listing. What cannot
    be attached is a text that says why.
    """
    found: dict[str, Entry] = {}
    missing: dict[str, None] = {}
    for mention in _mentions(text):
        entries = [entry async for entry in _meant(files, mention)]
        found |= {entry.path: entry for entry in entries if entry.path not in found}
        if not entries and mention.is_path:
            missing[shown(mention.written)] = None
    room = _Room()
    some = list(found.values())
    over = some[MAX_FILES - 1 :] if len(some) > MAX_FILES else []
    attached = [await room.attached(files, entry) for entry in some[: len(some) - len(over)]]
    if over:
        attached.append(_note(over))
    return Mentions(files=tuple(attached), missing=tuple(missing))


def _mentions(text: str) -> Iterator[_Mention]:
    """The different mentions of a text, in order."""
    seen: dict[str, _Mention] = {}
    for match in _MENTION.finditer(text):
        if len(seen) >= MAX_MENTIONS:
            break
        written = match["quoted"] or match["plain"]
        if written not in seen and re.search(r"[\w/]", written):
            is_quoted = match["quoted"] is not None
            seen[written] = _Mention(written, is_quoted or _is_path(text, match), is_quoted)
    yield from seen.values()


def _bare(written: str) -> str:
    """A path without the punctuation and line numbers behind it."""
    return _LINES.sub("", written.rstrip(_PUNCTUATION))


def _is_path(text: str, match: re.Match[str]) -> bool:
    written, (start, end) = match["plain"], match.span()
    path = _bare(written)
    if text[start - 1 : start].isalnum() or "(" in written or not _BEGIN.match(written):
        return False
    if path.startswith(("./", "../", "/", "~/")) or path.endswith("/") or "*" in written:
        return True
    # A dotted name alone on its line may as well be a decorator.
    line = text[text.rfind("\n", 0, start) + 1 : start] + text[end : end + _NEAR].partition("\n")[0]
    return bool(_EXTENSION.search(path)) and ("/" in path or bool(line.strip()))


async def _meant(files: Workspace, mention: _Mention) -> AsyncIterator[Entry]:
    """What lies at the path, or matches the pattern."""
    for path in mention.readings:
        try:
            entry = await files.find(path)
        except ToolFailed:
            continue
        if entry:
            yield entry
            return
    if not mention.is_quoted and _GLOB.search(mention.written) and mention.is_path:
        for entry in await _matching(files, mention.written):
            yield entry


async def _matching(files: Workspace, pattern: str) -> list[Entry]:
    try:
        pattern = files.relative(pattern)
        start = _GLOB.split(pattern)[0].rpartition("/")[0] or "."
        is_meant = matcher(pattern)
        entries, _ = await files.files(start)
    except (ToolFailed, ValueError):
        return []
    return sorted((entry for entry in entries if is_meant(entry.path)), key=lambda entry: entry.path)


class _Room:
    """How much may still be attached."""

    def __init__(self) -> None:
        self._text = MAX_TEXT
        self._attached = MAX_ATTACHED

    async def attached(self, files: Workspace, entry: Entry) -> File:
        """A file or folder as a part of the prompt."""
        path = shown(entry.path)
        try:
            if entry.kind == "folder":
                listing = await list_directory.run({"path": entry.path}, files=files)
                return self._as_text(listing.text, f"{path.removesuffix('/')}/")
            output = await read_file.run({"path": entry.path, "limit": 1}, files=files)
            if output.files:
                return self._as_it_is(output.files[0], path)
            content = await files.read(entry.path, _WIDEST * MAX_TEXT)
            decoded = decode(content.raw, is_whole=content.is_whole)
            text = readable(decoded[0]) if decoded else output.text
            return self._as_text(text, path, is_whole=content.is_whole)
        except ToolFailed as failed:
            return self._as_text(f"[{failed}]", path)

    def _as_it_is(self, file: File, path: str) -> File:
        if len(file.data) > self._attached:
            return self._as_text(f"[{path} is not attached: the files before take all the room.]", path)
        self._attached -= len(file.data)
        return file.model_copy(update={"name": path})

    def _as_text(self, text: str, path: str, *, is_whole: bool = True) -> File:
        told = text[: self._text]
        self._text -= len(told)
        if len(told) < len(text) or not is_whole:
            told += f"\n[The rest of {path} is left out here; read it if you need it.]"
        return _text_file(told or f"[{path} is empty.]", path)


def _note(over: list[Entry]) -> File:
    names = ", ".join(shown(entry.path) for entry in over[:_NAMES_SHOWN])
    more = f" and {len(over) - _NAMES_SHOWN:,} more" if len(over) > _NAMES_SHOWN else ""
    return _text_file(
        f"[Not attached, as these are too many: {names}{more}. Read what you need.]", "the rest"
    )


def _text_file(text: str, path: str) -> File:
    return File(media_type="text/plain", data=base64.b64encode(text.encode()).decode(), name=path)
