"""Redirections: where a command reads and writes, and what the grammar takes for a part of one."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from agent.core.shell.documents import PARTS, check_document
from agent.core.shell.line import Redirection
from agent.core.shell.source import WORDS, Source
from agent.core.shell.words import NotUnderstood

if TYPE_CHECKING:
    from tree_sitter import Node


class Redirect(NamedTuple):
    """A redirection, and what else the grammar takes for a part of it."""

    redirection: Redirection
    targets: Sequence["Node"] = ()
    """Where code may stand that the redirection runs."""
    words: Sequence["Node"] = ()
    """Of the command, behind the redirection."""
    statements: Sequence["Node"] = ()
    """That stand behind the sign of a here-document."""


def redirections(source: Source, node: "Node") -> list[Redirect]:
    """What a part says that the grammar takes for a redirection.

    >>> from agent.core.shell.tree import root
    >>> _, sign = root(b"ls > names").children[0].children
    >>> redirections(Source(b"ls > names"), sign)[0].redirection.target
    'names'

    Raises:
        NotUnderstood: bash may take it for something else.
    """
    return _document(source, node) if node.type == "heredoc_redirect" else [_redirection(source, node)]


def _redirection(source: Source, node: "Node") -> Redirect:
    children = source.children(node)
    targets = [child for child in children if child.type in WORDS]
    signs = [child for child in children if child.type not in WORDS]
    if not _is_numbered_well(source, node, signs):
        raise NotUnderstood("redirection")
    operator = "".join(map(source.text, signs))
    if not targets:
        return Redirect(Redirection(operator=operator, target=""))
    source.check_blanks(targets)
    target = source.word(targets[0])
    redirection = Redirection(operator=operator, target=target.value, is_certain=target.is_certain)
    return Redirect(redirection, targets=targets[:1], words=targets[1:])


def _is_numbered_well(source: Source, node: "Node", signs: Sequence["Node"]) -> bool:
    """Whether bash sees the same number in front of a redirection, or none."""
    before = source.letters[: node.start_byte][-40:]
    if re.search(r"(?:^|[\s;&|()])(?:\d+|\{[^\s;&|()]*\})$", before):
        return False
    number, *others = signs
    if number.type != "file_descriptor":
        return len(signs) == 1
    is_apart = not before or before[-1] in " \t\n;&|()`"
    is_joined = [number.end_byte] == [sign.start_byte for sign in others]
    return is_apart and is_joined and source.text(number).isdecimal()


def _document(source: Source, node: "Node") -> list[Redirect]:
    """Read a here-document; to the grammar the rest of its line is a part of it."""
    start = next((child for child in node.children if child.type == "heredoc_start"), node)
    check_document(source, node, start)
    above = [child for child in node.children if child.type not in PARTS]
    for one, other in pairwise(above):
        source.gap(one.end_byte, other.start_byte)
    behind = above[above.index(start) + 1 :]
    words = [child for child in behind if child.type in WORDS]
    redirects = [child for child in behind if child.type.endswith("_redirect")]
    statements = [child for child in behind if child not in words and child not in redirects]
    if behind[: len(words) + len(redirects)] != sorted([*words, *redirects], key=behind.index):
        raise NotUnderstood("here_document")
    for token in statements:
        if not token.is_named:
            source.check_token(token)
    document = Redirect(
        Redirection(operator=source.text(above[0]), target=source.text(start)),
        targets=[child for child in node.children if child.type == "heredoc_body"],
        words=words,
        statements=[child for child in statements if child.is_named],
    )
    return [document, *(_redirection(source, redirect) for redirect in redirects)]
