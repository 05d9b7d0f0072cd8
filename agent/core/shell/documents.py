"""Here-documents: whether bash takes the lines for one that the grammar does.

The grammar is often wrong here. So only the plain case is understood: one in a line, and its delimiter alone
in another.
"""

from typing import TYPE_CHECKING

from agent.core.shell.source import FOLD, Source
from agent.core.shell.words import NotUnderstood, read, read_document

if TYPE_CHECKING:
    from tree_sitter import Node

PARTS = frozenset({"heredoc_body", "heredoc_end"})
"""What lies below the line of a here-document's sign."""


def check_document(source: Source, node: "Node", start: "Node") -> None:
    r"""Check where a here-document begins and ends, and what code is in it.

    >>> from agent.core.shell.tree import root
    >>> text = b"cat <<END\n$(id)\nEND"
    >>> sign = root(text).children[0].children[1]
    >>> check_document(Source(text), sign, sign.children[1])

    Raises:
        NotUnderstood: bash may see it otherwise.
    """
    delimiter = read(source.text(start), {})
    begin = source.letters.find("\n", start.end_byte) + 1
    if not begin or not delimiter.is_certain or not _is_alone(source, node, begin):
        raise NotUnderstood("here_document")
    body, end = _body(source, begin, delimiter.value, is_indented=source.text(node).startswith("<<-"))
    last = node.children[-1]
    if last.type != "heredoc_end" or last.end_byte != end:
        raise NotUnderstood("here_document")
    if source.text(start) == delimiter.value:
        _check_code(node, body, begin, source)


def _is_alone(source: Source, node: "Node", begin: int) -> bool:
    """Whether its line opens no other one, and ends where a line ends to bash."""
    line = source.letters[source.letters.rfind("\n", 0, node.start_byte) + 1 : begin]
    behind = source.letters[node.start_byte : begin]
    is_closed = all(behind.count(quote) % 2 == 0 for quote in "'\"`") and behind.count("(") == behind.count(
        ")"
    )
    above = (child for child in node.children if child.type not in PARTS)
    return (
        line.count("<<") == 1
        and is_closed
        and FOLD not in behind
        and all(child.end_byte < begin for child in above)
    )


def _body(source: Source, begin: int, delimiter: str, *, is_indented: bool) -> tuple[str, int]:
    """The lines to the delimiter, and the place behind it."""
    at = begin
    for line in source.letters[begin:].splitlines(keepends=True):
        plain = line.removesuffix("\n")
        if (plain.lstrip("\t") if is_indented else plain) == delimiter:
            return source.letters[begin:at], at + len(plain)
        at += len(line)
    raise NotUnderstood("here_document")


def _check_code(node: "Node", text: str, begin: int, source: Source) -> None:
    """Check that the grammar has seen the code in a body, which begins here."""
    bodies = [child for child in node.children if child.type == "heredoc_body"]
    if FOLD in text or (text and not bodies):
        raise NotUnderstood("here_document")
    code = [each for body in bodies for each in source.code(body)]
    read_document(text, {each.start_byte - begin: each.end_byte - begin for each in code})
