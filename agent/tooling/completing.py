"""The paths of a workspace that a person may mean by the letters typed so far."""

from collections.abc import Iterable
from heapq import nsmallest

from agent.tooling.workspace import Workspace, shown

MOST_SEEN = 20_000
"""Entries that are looked at: a key must not wait for a large repository."""
MOST_FOUND = 12
LONGEST = 200
"""Letters of what is looked for."""


async def completions(files: Workspace, typed: str) -> list[str]:
    """Files and folders that are not ignored, those first that fit best; folders end in a slash."""
    entries, _ = await files.files(".", MOST_SEEN)
    return best((entry.path for entry in entries), typed[:LONGEST])


def best(paths: Iterable[str], typed: str) -> list[str]:
    """The paths, and the folders they lie in, that have the typed letters in their order.

    >>> best(["src/app.py", "tests/test_app.py", "README.md"], "app")
    ['src/app.py', 'tests/test_app.py']
    >>> best(["src/app.py", "README.md"], "")
    ['README.md', 'src/', 'src/app.py']
    """
    wanted = typed.casefold()
    known = {path for path in paths if shown(path) == path and '"' not in path}
    known |= {f"{folder}/" for path in known if (folder := path.rpartition("/")[0])}
    ranked = ((_rank(path, wanted), path.count("/"), len(path), path) for path in known)
    return [path for *_, path in nsmallest(MOST_FOUND, (one for one in ranked if one[0] is not None))]


def _rank(path: str, wanted: str) -> int | None:
    """How well a path fits, the least the best; None when it does not."""
    whole = path.casefold()
    name = whole.rstrip("/").rpartition("/")[2]
    if not wanted:
        return whole.rstrip("/").count("/")
    if name.startswith(wanted) or whole.startswith(wanted):
        return 0
    if wanted in name:
        return 1
    if wanted in whole:
        return 2
    letters = iter(whole)
    return 3 if all(letter in letters for letter in wanted) else None


async def top(files: Workspace) -> list[str]:
    """What lies at the top of a workspace, folders with a slash; git's own too, where there is one."""
    entries, _ = await files.entries(".")
    names = [f"{entry.name}/" if entry.kind == "folder" else entry.name for entry in entries[:MOST_SEEN]]
    return [name for name in names if shown(name) == name] + ([".git/"] if await files.find(".git") else [])
