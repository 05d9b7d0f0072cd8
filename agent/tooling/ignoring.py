"""Which files of a workspace are left out of searches, as git leaves them out, and which a pattern means."""

import re
from collections.abc import Callable

from pathspec import GitIgnoreSpec

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MAX_ALTERNATIVES = 64


class Ignored:
    """What the `.gitignore` files of a workspace, at any depth, and git's own folder leave out."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        """Gives the text of a file of the workspace; empty when it cannot be read."""
        self._rules: dict[str, GitIgnoreSpec | None] = {}
        self._folders: dict[str, bool] = {"": False}

    def has(self, path: str, *, is_folder: bool) -> bool:
        """Whether the path, or a folder it lies in, is left out.

        >>> ignored = Ignored({".gitignore": "dist/"}.get)
        >>> ignored.has("dist/a.js", is_folder=False), ignored.has("dist", is_folder=False)
        (True, False)
        """
        parent = path.rpartition("/")[0]
        if parent not in self._folders:
            self._folders[parent] = self.has(parent, is_folder=True)
        return self._folders[parent] or self._leaves_out(path, is_folder=is_folder)

    def _leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """What the nearest ignore file that speaks of the path says."""
        *parents, name = path.split("/")
        if name == ".git":
            return True
        for depth in range(len(parents), -1, -1):
            rules = self._rules_in("/".join(parents[:depth]))
            relative = "/".join([*parents[depth:], name]) + "/" * is_folder
            verdict = rules.check_file(relative).include if rules else None
            if verdict is not None:
                return verdict
        return False

    def _rules_in(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._rules:
            text = self._read(f"{folder}/.gitignore" if folder else ".gitignore") or ""
            if not folder:
                # The repository's own exclusions yield to the ignore file, so they come first.
                text = (self._read(".git/info/exclude") or "") + "\n" + text
            self._rules[folder] = _rules(text.splitlines())
        return self._rules[folder]


def _rules(lines: list[str]) -> GitIgnoreSpec | None:
    """The lines as rules; a line git would not understand either is passed over."""
    meant = [line for line in lines if line.strip() and not line.startswith("#")]
    if not meant:
        return None
    try:
        return GitIgnoreSpec.from_lines(meant)
    except ValueError:
        return GitIgnoreSpec.from_lines([line for line in meant if _is_rule(line)])


def _is_rule(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def matcher(pattern: str) -> Callable[[str], bool]:
    """Make a test for paths from a glob pattern; one without a slash matches at any depth.

    >>> is_meant = matcher("src/**/*.{py,js}")
    >>> is_meant("src/a/b.py"), is_meant("src/c.js"), is_meant("test/src/c.js")
    (True, True, False)
    """
    spec = GitIgnoreSpec.from_lines(alternatives(pattern))
    return spec.match_file


def alternatives(pattern: str) -> list[str]:
    """Write out a pattern's braces.

    >>> alternatives("*.{ts,tsx}")
    ['*.ts', '*.tsx']
    """
    found = [pattern]
    while (braces := _BRACES.search(found[0])) and len(found) <= _MAX_ALTERNATIVES:
        first = found.pop(0)
        head, tail = first[: braces.start()], first[braces.end() :]
        found.extend(head + choice + tail for choice in braces[1].split(","))
    return found
