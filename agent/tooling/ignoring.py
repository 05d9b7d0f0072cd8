"""Which files of a workspace are left out of searches, as git leaves them out, and which a pattern means."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Self

from agent.core.globs import alternatives, expression

MAX_RULES = 2000
"""Of one ignore file; what follows is passed over."""

IGNORE_FILES = (".ignore", ".gitignore")
"""Whose rules leave files out, at any depth; those of an earlier name win. Search programs read `.ignore`."""

_GITS_OWN = ".git/info/exclude"


class Rules:
    """The lines of an ignore file; the last that speaks of a path decides.

    Source: gitignore(5).
    """

    def __init__(self, lines: Iterable[str]) -> None:
        rules = list(islice((rule for line in lines if (rule := _Rule.of(line))), MAX_RULES))[::-1]
        self._of_folders = rules
        self._of_files = [rule for rule in rules if not rule.is_for_folders]
        self._folders, self._files = _any_of(self._of_folders), _any_of(self._of_files)

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the path is left out; None when no line speaks of it.

        >>> rules = Rules(["*.log", "!keep.log"])
        >>> [rules.verdict(path, is_folder=False) for path in ("a/b.log", "keep.log", "c")]
        [True, False, None]
        """
        rules, any_of = (self._of_folders, self._folders) if is_folder else (self._of_files, self._files)
        found = any_of.fullmatch(path)
        return rules[found.lastindex - 1].leaves_out if found and found.lastindex else None


@dataclass(frozen=True)
class _Rule:
    expression: str
    leaves_out: bool
    is_for_folders: bool

    @classmethod
    def of(cls, line: str) -> Self | None:
        """The rule of a line; None when it is empty, a remark, or nothing git would understand."""
        if line.startswith("#"):
            return None
        pattern = _without_spaces_at_the_end(line.removesuffix("\r"))
        leaves_out = not pattern.startswith("!")
        pattern = pattern.removeprefix("!") if not leaves_out else pattern
        try:
            return cls(expression(pattern.removesuffix("/")), leaves_out, pattern.endswith("/"))
        except ValueError:
            return None


@dataclass(frozen=True)
class _Source:
    """Rules that hold from a folder on downwards."""

    rank: int
    """The least wins; among equals the longest."""
    length: int
    """Of the folder's path, its slash included."""
    rules: Rules


@dataclass(frozen=True)
class _Folder:
    """What holds in a folder."""

    is_left_out: bool
    sources: tuple[_Source, ...] = ()
    """Those that win first."""


class Ignored:
    """What the ignore files of a workspace, at any depth, and git's own folder leave out."""

    def __init__(self, read: Callable[[str], str | None], extra: Iterable[str] = ()) -> None:
        """Begin without having read anything.

        Args:
            read: gives the text of a file of the workspace; empty when it cannot be read.
            extra: lines that win over all ignore files.
        """
        self._read = read
        self._above = (_Source(-1, 0, Rules(extra)),)
        self._folders: dict[str, _Folder] = {}

    def has(self, path: str, *, is_folder: bool) -> bool:
        """Whether the path, or a folder it lies in, is left out.

        >>> ignored = Ignored({".gitignore": "dist/"}.get)
        >>> ignored.has("dist/a.js", is_folder=False), ignored.has("dist", is_folder=False)
        (True, False)
        """
        folder = self._folder(path.rpartition("/")[0])
        return folder.is_left_out or _leaves_out(folder.sources, path, is_folder=is_folder)

    def _folder(self, path: str) -> _Folder:
        """What holds in a folder, looked up from the nearest one that is known."""
        unknown: list[str] = []
        while path and path not in self._folders:
            unknown.append(path)
            path = path.rpartition("/")[0]
        folder = self._folders.get(path) or self._top()
        for inner in reversed(unknown):
            if folder.is_left_out or _leaves_out(folder.sources, inner, is_folder=True):
                folder = _Folder(is_left_out=True)
            else:
                folder = self._below(folder.sources, f"{inner}/", IGNORE_FILES)
            self._folders[inner] = folder
        return folder

    def _top(self) -> _Folder:
        # The repository's own exclusions yield to every ignore file.
        self._folders[""] = self._below(self._above, "", (*IGNORE_FILES, _GITS_OWN))
        return self._folders[""]

    def _below(self, above: tuple[_Source, ...], prefix: str, names: Iterable[str]) -> _Folder:
        texts = (self._read(prefix + name) or "" for name in names)
        found = (
            _Source(rank, len(prefix), Rules(text.split("\n"))) for rank, text in enumerate(texts) if text
        )
        sources = sorted((*above, *found), key=lambda source: (source.rank, -source.length))
        return _Folder(is_left_out=False, sources=tuple(sources))


def _leaves_out(sources: Iterable[_Source], path: str, *, is_folder: bool) -> bool:
    if path.rpartition("/")[2] == ".git":
        return True
    verdicts = (source.rules.verdict(path[source.length :], is_folder=is_folder) for source in sources)
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _any_of(rules: list[_Rule]) -> re.Pattern[str]:
    return re.compile("|".join(f"({rule.expression})" for rule in rules) or "(?!)", re.DOTALL)


def _without_spaces_at_the_end(line: str) -> str:
    plain = line.rstrip(" ")
    backslashes = len(plain) - len(plain.rstrip("\\"))
    return plain + " " if backslashes % 2 and len(plain) < len(line) else plain


def matcher(pattern: str) -> Callable[[str], bool]:
    """Make a test for paths from a glob pattern; one without a slash matches at any depth.

    >>> is_meant = matcher("src/**/*.{py,js}")
    >>> is_meant("src/a/b.py"), is_meant("src/c.js"), is_meant("test/src/c.js")
    (True, True, False)

    Raises:
        ValueError: it is no pattern.
    """
    if pattern.startswith("!"):
        raise ValueError("a name that begins with ! is written \\!")
    meant = [expression(each) for each in alternatives(pattern.removeprefix("./"))]
    any_of = re.compile("|".join(meant), re.DOTALL)
    return lambda path: any_of.fullmatch(path) is not None
