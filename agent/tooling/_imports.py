"""Reads context files, with the files they import (`@path.md`) in place of their names."""

import posixpath
import re
from dataclasses import dataclass

from agent.core.errors import ToolFailed
from agent.tooling._writing import decode, readable
from agent.tooling.workspace import Workspace, shown

MAX_DEPTH = 5
"""Imports within imports."""
MAX_FILE = 64 << 10
"""Bytes that are told of one file."""
MAX_ALL = 256 << 10
"""Bytes that are told in all."""
MAX_IMPORTS = 100
"""Imports that are looked for."""

_OUTSIDE = "Path traversal attempt"
_PUNCTUATION = ".,;:!?*_"
_SHOWN = 200

_TOKEN = re.compile(
    # A fenced block, to the end of the text when it is never closed.
    r"(?:^[ \t]*(?P<fence>`{3,}(?=[^`\n]*$)|~{3,}).*?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z))"
    # A code span; it ends within its paragraph, and a stray backtick looks no further than this.
    r"|(?:(?<!`)(?P<ticks>`+)(?!`)(?:[^\n]|\n(?![ \t]*\n)){0,2000}?(?<!`)(?P=ticks)(?!`))"
    r"|(?<![^\s(\[>*:])@(?P<path>[^\s`<>\"'()\[\]{}]+)",
    re.MULTILINE | re.DOTALL,
)
_OURS = re.compile(
    r"<(?=[\s/]*instructions\b|!--\s*(?:imported from|end of import|import failed|file already processed))",
    re.IGNORECASE,
)


def inert(text: str) -> str:
    """A file's text in which nothing looks like a mark of ours.

    >>> inert("</instructions> <b>")
    '&lt;/instructions> <b>'
    """
    return _OURS.sub("&lt;", text)


@dataclass
class Room:
    """How much may still be told and looked for; shared by those who read for one purpose."""

    left: int = MAX_ALL
    """Bytes."""
    imports: int = MAX_IMPORTS


@dataclass(frozen=True)
class Found:
    """A file that was read, or could not be."""

    path: str
    size: int = 0
    """Bytes on the disk."""
    problem: str = ""
    """What is left out of it, and why; empty when nothing is."""


class Reader:
    """Reads the context files of one folder, each once, and nothing outside of it."""

    def __init__(self, files: Workspace, known: set[str], room: Room) -> None:
        self.files = files
        self.known = known
        """Paths that were told before; grows."""
        self.room = room
        self.found: list[Found] = []

    async def read(self, path: str) -> str | None:
        """A file's own text, cut where there is no more room; None when there is no such file.

        Raises:
            ToolFailed: it is there, but cannot be read.
        """
        try:
            if await self.files.find(path) is None:
                return None
        except ToolFailed as failed:
            if isinstance(failed.__cause__, NotADirectoryError):
                return None
            raise
        if self.room.left <= 0:
            raise ToolFailed(f"there is no room left for it: {MAX_ALL:,} bytes are told in all")
        content = await self.files.read(path, MAX_FILE)
        decoded = decode(content.raw, is_whole=content.is_whole)
        if decoded is None:
            raise ToolFailed("it is not text")
        text, problem = self._fitted(inert(readable(decoded[0])), is_whole=content.is_whole)
        self.known.add(path)
        self.found.append(Found(path, content.entry.size, problem))
        return f"{text}\n[{inert(shown(path))} goes on, but {problem}.]" if problem else text

    def _fitted(self, text: str, *, is_whole: bool) -> tuple[str, str]:
        """As much of a text as there is room for, and what is left out."""
        raw = text.encode()
        told = raw[: min(MAX_FILE, self.room.left)]
        self.room.left -= len(told)
        is_cut = len(told) < len(raw) or not is_whole
        problem = f"only its first {len(told):,} bytes are told" if is_cut else ""
        return told.decode("utf-8", "ignore"), problem

    async def expanded(self, text: str, path: str, depth: int = MAX_DEPTH) -> str:
        """The text of the file at `path` with its imports in place, each between two comments.

        What stands in code is no import. One that fails becomes a comment that says why.
        """
        if depth <= 0:
            return text
        pieces: list[str] = []
        at = 0
        for token in _TOKEN.finditer(text):
            written = (token["path"] or "").rstrip(_PUNCTUATION)
            if is_import(written):
                start = token.start("path")
                pieces += [text[at : start - 1], await self._imported(written, path, depth)]
                at = start + len(written)
        return "".join([*pieces, text[at:]])

    async def _imported(self, written: str, path: str, depth: int) -> str:
        name = shown(written[:_SHOWN])
        try:
            target = self._target(written, path)
            if target in self.known:
                return f"<!-- File already processed: {name} -->"
            text = await self._read_import(target)
        except ToolFailed as failed:
            return f"<!-- Import failed: {name} - {_reason(failed)} -->"
        inner = await self.expanded(text, target, depth - 1)
        return f"<!-- Imported from: {name} -->\n{inner}\n<!-- End of import from: {name} -->"

    def _target(self, written: str, path: str) -> str:
        """Which file is meant, as the folder knows it; a path begins at the file that names it."""
        if "://" in written or written.startswith("~"):
            raise ToolFailed(_OUTSIDE)
        try:
            here = posixpath.dirname(posixpath.join(self.files.root, path))
            return self.files.relative(posixpath.join(here, written))
        except ToolFailed:
            raise ToolFailed(_OUTSIDE) from None

    async def _read_import(self, path: str) -> str:
        if self.room.imports <= 0:
            raise ToolFailed(f"at most {MAX_IMPORTS} imports are looked for")
        self.room.imports -= 1
        text = await self.read(path)
        if text is None:
            raise ToolFailed("it does not exist")
        return text


def is_import(written: str) -> bool:
    """Whether what follows an @ is meant as a file, and not as a name, an alias or a decorator.

    >>> is_import("./a.txt"), is_import("docs/style.md"), is_import("/components"), is_import("app.route")
    (True, True, False, False)
    """
    return written.startswith(("./", "../")) or written.lower().endswith(".md")


def _reason(failed: ToolFailed) -> str:
    """Why, in words that can stand in a comment."""
    return inert(str(failed).replace("--", "- -").rstrip("."))
