"""The text of a line beside its tree: what may stand between two parts, and what a part says.

Whatever does not fit raises `NotUnderstood`, so that no letter of a line is left over.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from agent.core.shell.words import NotUnderstood, Word, read

if TYPE_CHECKING:
    from tree_sitter import Node

CODE: Final = frozenset(
    {"arithmetic_expansion", "command_substitution", "expansion", "process_substitution", "simple_expansion"}
)
"""Parts of a word that become something else."""
WORDS: Final = CODE | {
    "$", "==", "=~", "ansi_c_string", "brace_expression", "concatenation", "extglob_pattern", "number",
    "raw_string", "string", "test_operator", "variable_name", "word",
}  # fmt: skip
"""Parts that are one word each."""
RESERVED: Final = frozenset(
    {
        "!", "[[", "]]", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
        "select", "then", "until", "while", "{", "}",
    }
)  # fmt: skip
FOLD = "\\\n"
"""Goes on in the next line: to bash it is not there at all."""

_SEPARATORS: Final = frozenset(
    {"\n", ";", "&", "&&", "||", "|", "|&", ";;", ";&", ";;&", "(", ")", "$(", "`", "<(", ">("}
)
_EDGES = frozenset({"", " ", "\t", "\n", ";", "&", "|", "(", ")", "`"})
"""What stands on both sides of a reserved word."""
_GAP = re.compile(r"(?:[ \t\n]|\\\n)*")


class Source:
    """A line, one letter for each of its bytes, so that the places of the tree fit."""

    def __init__(self, content: bytes) -> None:
        self.letters = content.decode("latin-1")

    def text(self, node: "Node") -> str:
        """A part as it was written."""
        return self.letters[node.start_byte : node.end_byte]

    def gap(self, begin: int, end: int) -> str:
        """The blanks between two places; a folded line alone would be no gap to bash."""
        found = self.letters[begin:end]
        seen = found.replace(FOLD, "")
        if not _GAP.fullmatch(found) or (found and not seen):
            raise NotUnderstood("syntax")
        return seen

    def children(self, node: "Node") -> list["Node"]:
        """The parts of a part; nothing but blanks stands before, between and behind them."""
        found = node.children
        places = [
            node.start_byte,
            *(place for child in found for place in (child.start_byte, child.end_byte)),
        ]
        for begin, end in zip(places[::2], [*places[1::2], node.end_byte], strict=True):
            self.gap(begin, end)
        return found

    def code(self, node: "Node") -> list["Node"]:
        """The outermost expansions and substitutions in a word."""
        if node.type in CODE:
            return [node]
        return self.code_within(node)

    def code_within(self, node: "Node") -> list["Node"]:
        """Those in a word, or in an expansion, below itself."""
        return [each for child in node.children for each in self.code(child)]

    def word(self, node: "Node") -> Word:
        """What a word is passed as."""
        if node.type not in WORDS | {"variable_assignment"}:
            raise NotUnderstood("unknown_construct")
        found = read(self.text(node), places(node, self.code(node)))
        return Word(written(found.value), found.is_certain)

    def check_blanks(self, nodes: Iterable["Node"]) -> None:
        """Check that between two words of a line is a blank and no end of line."""
        for one, other in pairwise(nodes):
            gap = self.gap(one.end_byte, other.start_byte)
            if "\n" in gap or not (gap or other.type.endswith("_redirect")):
                raise NotUnderstood("syntax")

    def check_token(self, node: "Node") -> None:
        """Check that a token is one we know, and that a reserved word stands for itself."""
        token = self.text(node)
        sides = {
            self.letters[max(node.start_byte - 1, 0) : node.start_byte],
            self.letters[node.end_byte :][:1],
        }
        if token not in _SEPARATORS and not (token in RESERVED and sides <= _EDGES):
            raise NotUnderstood("syntax")

    def check_comment(self, node: "Node") -> None:
        """Check that bash sees a comment too."""
        if self.letters[max(node.start_byte - 1, 0) : node.start_byte] not in _EDGES or "\n" in self.text(
            node
        ):
            raise NotUnderstood("comment")


def places(node: "Node", code: Iterable["Node"]) -> dict[int, int]:
    """Where code stands in a part: from its begin to its end.

    >>> from agent.core.shell.tree import root
    >>> word = root(b"ls a$x").children[0].children[1]
    >>> places(word, Source(b"ls a$x").code(word))
    {1: 3}
    """
    return {each.start_byte - node.start_byte: each.end_byte - node.start_byte for each in code}


def written(letters: str) -> str:
    """Letters of a source as a person wrote them.

    >>> written(Source("é".encode()).letters)
    'é'
    """
    return letters.encode("latin-1").decode()
