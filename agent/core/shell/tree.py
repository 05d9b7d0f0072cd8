"""The tree that tree-sitter's grammar of bash makes of a line, within bounds."""

import time
from functools import cache
from typing import TYPE_CHECKING

from agent.core.shell.words import NotUnderstood

if TYPE_CHECKING:
    from tree_sitter import Language, Node

MAX_LINE = 64 * 1024
"""Bytes; a longer line is not understood."""
MAX_PARTS = 20_000
"""Nodes of a line's tree."""
MAX_SECONDS = 0.2
"""The grammar may take; there are texts of a few kilobytes that would keep it busy for minutes."""

_CHUNK = 4096


@cache
def _language() -> "Language":
    # Loaded when the first line is read.
    import tree_sitter  # noqa: PLC0415
    import tree_sitter_bash  # noqa: PLC0415

    return tree_sitter.Language(tree_sitter_bash.language())


def root(content: bytes) -> "Node":
    """The tree of a line.

    >>> root(b"ls | wc").children[0].type
    'pipeline'

    Raises:
        NotUnderstood: it has a fault, or is too much.
    """
    from tree_sitter import Parser  # noqa: PLC0415 - the same

    if len(content) > MAX_LINE:
        raise NotUnderstood("too_long")
    until = time.monotonic() + MAX_SECONDS
    try:
        tree = Parser(_language()).parse(
            lambda at, _: content[at : at + _CHUNK],
            progress_callback=lambda _at, _has_error: time.monotonic() > until,
        )
    except ValueError:
        raise NotUnderstood("too_long") from None
    found = tree.root_node
    if found.has_error or found.descendant_count > MAX_PARTS:
        raise NotUnderstood("syntax")
    return found
