"""Keeps a list of what is to be done; it lives in the session's log, as the call's arguments."""

from collections import Counter

from agent.core.errors import ToolFailed
from agent.core.todos import Status, Todo
from agent.tooling.declaration import tool
from agent.tooling.workspace import shown

MAX_ITEMS = 50
MAX_LENGTH = 500
"""Characters of an item."""

_WORDS: dict[Status, str] = {"done": "done", "in_progress": "in progress", "pending": "pending"}
_MARKS: dict[Status, str] = {"done": "[x]", "in_progress": "[>]", "pending": "[ ]"}


@tool("think", effect="pure")
async def todo(items: list[Todo]) -> str:
    """Keep a list of what is to be done, for work of three steps and more; the person sees it.

    Each call gives the whole list and replaces the one before; an empty list takes it away. Set an item to
    in_progress when you begin it and to done as soon as it is, before you begin the next. At most one item
    is in_progress, and at most 50 are on the list.

    Args:
        items: All items in the order they are done, those that are done too.
    """
    if fault := _fault(items):
        raise ToolFailed(f"The list was not changed: {fault}")
    if not items:
        return "The list is empty."
    lines = [f"{_MARKS[item.status]} {shown(item.content.strip())}" for item in items]
    return "\n".join([f"{_counted(items)}.", *lines])


def _fault(items: list[Todo]) -> str:
    """What is wrong with a list, in words; empty when nothing is."""
    if len(items) > MAX_ITEMS:
        return f"it has {len(items):,} items, at most {MAX_ITEMS} are allowed; join some of them."
    for number, item in enumerate(items, 1):
        if not item.content.strip():
            return f"item {number} is empty; say what is to be done."
        if len(item.content) > MAX_LENGTH:
            return f"item {number} has {len(item.content):,} characters, at most {MAX_LENGTH} are allowed."
    begun = [str(number) for number, item in enumerate(items, 1) if item.status == "in_progress"]
    if len(begun) > 1:
        return f"items {', '.join(begun)} are in_progress at once; choose the one you work on."
    return ""


def _counted(items: list[Todo]) -> str:
    counts = Counter(item.status for item in items)
    parts = [f"{counts[status]} {words}" for status, words in _WORDS.items() if counts[status]]
    return f"{len(items)} {'item' if len(items) == 1 else 'items'}: {', '.join(parts)}"
