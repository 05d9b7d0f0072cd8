"""What is told of a call, tool by tool: what it did it to, and what it came to."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from agent.core.transcript import Row
from app.showing.changes import Change
from app.words.transcript import COUNTS, EXIT, LINES_OUT, counted, duration

HALF = 40
"""Lines that are shown of the beginning of an output, and of its end."""
MOST = 3000
"""Characters of an output that travel with its row."""
SHORT = 80
"""Characters of a line's subject, and of the line that says what went wrong."""
MINUS = "\N{MINUS SIGN}"
SLOW = 1.0
"""Seconds a call may take before it is worth saying."""
ENDED = re.compile(r"\[Exit code (-?\d+) after [\d.]+ s\.\]\s*$")
TROUBLE = re.compile(r"error|fail|exception|denied|not found|no such|cannot|fatal", re.IGNORECASE)


@dataclass(frozen=True)
class Telling:
    """How a tool's calls are told."""

    names: tuple[str, ...] = ("path", "pattern", "command", "url", "query", "operation", "name")
    """The arguments its line may name, the first that is there."""
    came_to: Callable[[str], str] = lambda _: ""
    """What its result says, in a few words."""
    looks: str = ""
    """What it looks at, where it changes nothing: such calls are told together."""


def _counting(things: str) -> Callable[[str], str]:
    def count(text: str) -> str:
        lines = [line for line in text.splitlines() if line and not line.startswith("[")]
        return counted(COUNTS[things], len(lines))

    return count


def _todos(text: str) -> str:
    return text.partition("\n")[0].rstrip(".")


UNKNOWN = Telling()
TELLINGS = {
    "read_file": Telling(("path",), _counting("line"), "file"),
    "read_many_files": Telling(("paths", "include", "path"), looks="file"),
    "list_directory": Telling(("path",), _counting("entry"), "folder"),
    "glob": Telling(("pattern",), _counting("file"), "search"),
    "grep": Telling(("pattern",), _counting("match"), "search"),
    "web_fetch": Telling(("url", "urls", "prompt"), looks="page"),
    "web_search": Telling(("query",), looks="search"),
    "find_operations": Telling(("query",), looks="search"),
    "read_operation": Telling(("name",), looks="service"),
    "call_operation": Telling(("name",)),
    "edit": Telling(("path",)),
    "write_file": Telling(("path",)),
    "shell": Telling(("command",)),
    "todo": Telling((), _todos),
}
"""Tools that are told in a way of their own; others as `UNKNOWN`."""


def subject(tool: str, arguments: dict[str, JsonValue]) -> str:
    """What a call is about, in one line of a few characters.

    >>> subject("read_file", {"path": "src/app.py", "offset": 3})
    'src/app.py'
    >>> subject("read_many_files", {"paths": ["a.md", "b.md"]})
    'a.md, b.md'
    """
    for name in TELLINGS.get(tool, UNKNOWN).names:
        value = arguments.get(name)
        if isinstance(value, list):
            value = ", ".join(str(one) for one in value[:9])
        if isinstance(value, str) and value:
            line = " ".join(value[: 4 * MOST].split())
            return line if len(line) <= SHORT else f"{line[: SHORT // 2 - 2]}…{line[-(SHORT // 2 - 2) :]}"
    return ""


def came_to(row: Row, change: Change | None) -> str:
    """What a finished call came to, in a few words.

    >>> came_to(Row(id="c", kind="tool", title="grep", status="ok", text="a:1:x", seconds=2.5), None)
    '1 match · 2.5 s'
    """
    said: list[str] = []
    if change is not None:
        said.append(counts(change.added, change.removed))
    elif row.status == "ok":
        said.append(TELLINGS.get(row.title, UNKNOWN).came_to(row.text))
    if row.seconds is not None and row.seconds >= SLOW:
        said.append(duration(row.seconds))
    return " · ".join(filter(None, said))


def counts(added: int, removed: int) -> str:
    """How many lines came and went.

    >>> counts(1200, 0), counts(0, 0)
    ('+1,200', '')
    """
    both = (("+", added), (MINUS, removed))
    return " ".join(f"{sign}{number:,}" for sign, number in both if number)


def ended(row: Row) -> str:
    r"""How a command that failed ended; empty where no number says it.

    >>> ended(Row(id="c", kind="tool", title="shell", status="failed", text="no\n[Exit code 2 after 0.1 s.]"))
    'Exit 2'
    """
    found = ENDED.search(row.text[-SHORT:]) if row.title == "shell" else None
    return EXIT.format(code=found[1]) if found else ""


def fault(row: Row) -> str:
    r"""The line that says best what went wrong.

    >>> fault(Row(id="c", kind="tool", title="shell", status="failed", text="going\nValueError: no\n"))
    'ValueError: no'
    """
    if row.status != "failed":
        return ""
    lines = [line.strip() for line in row.text[: 4 * MOST].splitlines() if line.strip()]
    said = [line for line in lines if not ENDED.match(line)] or lines
    told = next((line for line in said if TROUBLE.search(line)), said[0] if said else "")
    return told if len(told) <= SHORT else f"{told[: SHORT - 1]}…"


def excerpt(text: str, most: int = MOST) -> str:
    r"""The first and the last lines of a long output.

    >>> excerpt("\n".join(map(str, range(100)))).splitlines()[39:42]
    ['39', '… 20 more lines …', '60']
    """
    lines = text.split("\n")
    left_out = len(lines) - 2 * HALF
    if left_out > 0:
        gap = LINES_OUT.format(n=f"{left_out:,}", lines="lines" if left_out > 1 else "line")
        text = "\n".join([*lines[:HALF], gap, *lines[-HALF:]])
    half = most // 2
    return (
        text
        if len(text) <= most
        else f"{text[:half]}\n… {len(text) - 2 * half:,} characters …\n{text[-half:]}"
    )
