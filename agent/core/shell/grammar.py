"""Parses a command line into the simple commands that bash would run.

The grammar is tree-sitter's. It is made for colouring text and forgives. So a line counts as understood only
when no letter of it is left over (`source`), every construct is one we know, and each word reads the same by
our own rules (`words`).
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from agent.core.shell.line import Command, Line
from agent.core.shell.redirections import redirections
from agent.core.shell.source import RESERVED, WORDS, Source, places, written
from agent.core.shell.tree import root
from agent.core.shell.words import NotUnderstood, check_expansion, computes
from agent.core.shell.wrappers import unwrapped

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 60
"""Constructs that stand one in the other."""
_AGAIN = 10
"""How much deeper a line stands that is a word of another."""
_STRANGE = re.compile(
    r"[^\S \t\n]|[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f]"
    r"|[\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
"""Blanks that are none to bash, and letters nobody sees."""
_SEQUENCES: Final = frozenset(
    {
        "case_item", "case_statement", "command_substitution", "compound_statement", "do_group",
        "elif_clause", "else_clause", "for_statement", "function_definition", "if_statement", "list",
        "negated_command", "pipeline", "process_substitution", "program", "subshell", "while_statement",
    }
)  # fmt: skip
_WITH_WORDS: Final = frozenset({"case_item", "case_statement", "for_statement", "function_definition"})
_LAST_IS_REDIRECTED: Final = frozenset({"list", "negated_command", "pipeline"})
_FOLLOWS: Final = frozenset(
    {"case_item", "comment", "compound_statement", "do_group", "elif_clause", "else_clause", "subshell"}
)
"""What may stand behind a part of the same construct without a separator."""
_EXPRESSIONS: Final = frozenset({"binary_expression", "parenthesized_expression", "unary_expression"})
_TESTING: Final = frozenset({"!", "!=", "-a", "-o", "=", "==", "[", "]"})
_COMPARING: Final = _TESTING | {"&&", "(", ")", "<", ">", "[[", "]]", "||"}
_BEFORE_A_PIPELINE: Final = frozenset({"coproc", "time"})
_RENAMING: Final = frozenset({"alias", "enable", "hash", "shopt"})
"""Behind these a word may mean something else."""
_EVALUATING: Final = frozenset(
    {
        "((", "[", "[[", "declare", "export", "getopts", "let", "local", "mapfile", "printf", "read",
        "readarray", "readonly", "test", "typeset", "unset", "wait",
    }
)  # fmt: skip
"""To these a name may have a subscript, which they expand once more however it is quoted."""
_SUBSCRIPT = re.compile(r"\w\[[^\]]*(?:\$\(|`)")


def parse(text: str) -> Line:
    """Take a command line apart; wrappers and what they run both become commands.

    >>> [command.words for command in parse("make test && sudo rm -r build").commands]
    [('make', 'test'), ('sudo', 'rm', '-r', 'build'), ('rm', '-r', 'build')]
    >>> parse("echo 'open").why
    'syntax'
    """
    try:
        return Line(commands=tuple(_commands(text, MAX_DEPTH)))
    except NotUnderstood as reason:
        return Line(is_understood=False, why=str(reason))
    except RecursionError:
        return Line(is_understood=False, why="too_deep")


def _commands(text: str, depth: int) -> list[Command]:
    if _STRANGE.search(text):
        raise NotUnderstood("control_character")
    found = _Walk(text.encode(), depth).commands
    if len(found) > 1 and any(command.name in _RENAMING for command in found):
        raise NotUnderstood("alias")
    if _SUBSCRIPT.search(text) and any(command.name in _EVALUATING for command in found):
        raise NotUnderstood("subscript")
    return found


class _Walk:
    """One walk over the tree of a line, which collects the commands."""

    def __init__(self, content: bytes, depth: int) -> None:
        self.source = Source(content)
        self.commands: list[Command] = []
        self.depth = depth
        top = root(content)
        self.source.gap(0, top.start_byte)
        self.source.gap(top.end_byte, len(content))
        self._statement(top)

    def _statement(self, node: "Node", redirects: Sequence["Node"] = ()) -> None:
        """Read what can stand where a command can.

        Args:
            node: the part.
            redirects: redirections that the grammar gives to more than they belong to.
        """
        self.depth -= 1
        if self.depth < 0:
            raise NotUnderstood("too_deep")
        match node.type:
            case "command" | "declaration_command" | "unset_command":
                self._simple(node, redirects)
            case "variable_assignment":
                self._add(node, [], redirects, [node])
            case "variable_assignments":
                self._add(node, [], redirects, self.source.children(node))
            case "redirected_statement":
                self._redirected(node, redirects)
            case "test_command":
                self._test(node, redirects)
            case "compound_statement" if self.source.text(node).startswith("(("):
                self._compute("$" + self.source.text(node), node, redirects)
            case kind if kind in _SEQUENCES:
                self._sequence(node, redirects)
            case _:
                raise NotUnderstood("unknown_construct")
        self.depth += 1

    def _sequence(self, node: "Node", redirects: Sequence["Node"]) -> None:
        """Read a construct of commands, words and reserved words."""
        children = self.source.children(node)
        self._check_separated(children)
        passes_on = node.type in _LAST_IS_REDIRECTED
        own = [child for child in children if child.type.endswith("_redirect")]
        for child in children:
            if child.type == "comment":
                self.source.check_comment(child)
            elif not child.is_named:
                self.source.check_token(child)
            elif child.type in WORDS and node.type in _WITH_WORDS:
                self._part(node, child)
            elif child not in own:
                self._statement(child, redirects if passes_on and child == children[-1] else ())
        if own or (redirects and not passes_on):
            self._add(node, [], [*own, *(() if passes_on else redirects)])

    def _check_separated(self, children: Sequence["Node"]) -> None:
        """Check that commands are apart: by a token, or by the end of a line."""
        for one, other in pairwise(children):
            if not (one.is_named and other.is_named) or one.type in WORDS or other.type in _FOLLOWS:
                continue
            gap = self.source.gap(one.end_byte, other.start_byte)
            if "\n" not in gap and not other.type.endswith("_redirect"):
                raise NotUnderstood("syntax")

    def _part(self, node: "Node", child: "Node") -> None:
        """Read a word of a construct; the variable of a loop is set by it."""
        if child.type == "variable_name":
            self.commands.append(
                Command(assignments=(self.source.text(child),), text=self.source.text(child))
            )
        self.source.word(child)
        for code in self.source.code(child):
            self._code(code)
        if node.type == "function_definition" and self.source.text(child) in RESERVED:
            raise NotUnderstood("syntax")

    def _redirected(self, node: "Node", redirects: Sequence["Node"]) -> None:
        children = self.source.children(node)
        bodies = [child for child in children if not child.type.endswith("_redirect")]
        own = [child for child in children if child.type.endswith("_redirect")]
        if len(bodies) > 1 or (bodies and bodies != children[:1]):
            raise NotUnderstood("unknown_construct")
        if bodies:
            self._statement(bodies[0], [*own, *redirects])
        else:
            self._add(node, [], [*own, *redirects])

    def _simple(self, node: "Node", redirects: Sequence["Node"]) -> None:
        """Read a simple command."""
        children = self.source.children(node)
        self.source.check_blanks(children)
        own = [child for child in children if child.type.endswith("_redirect")]
        is_declaration = node.type == "declaration_command"
        assignments = [child for child in children if child.type == "variable_assignment"]
        words = [
            child.children[0] if child.type == "command_name" else child
            for child in children
            if child not in own and (is_declaration or child not in assignments)
        ]
        self._check_reserved([self.source.text(word) for word in words])
        self._add(node, words, [*own, *redirects], assignments)

    def _check_reserved(self, words: Sequence[str]) -> None:
        """Check that no reserved word stands where bash heeds it."""
        heeded = words if words[0] in _BEFORE_A_PIPELINE else words[:1]
        if RESERVED & {*heeded}:
            raise NotUnderstood("syntax")

    def _test(self, node: "Node", redirects: Sequence["Node"]) -> None:
        """Read `[ … ]` and `[[ … ]]`."""
        tokens = self._tokens(node)
        self.source.check_blanks(tokens)
        allowed = _TESTING if self.source.text(tokens[0]) == "[" else _COMPARING
        if any(token.type not in WORDS and self.source.text(token) not in allowed for token in tokens):
            raise NotUnderstood("test")
        self._add(node, tokens, redirects)

    def _tokens(self, node: "Node") -> list["Node"]:
        """The words and signs of a test."""
        found: list[Node] = []
        for child in self.source.children(node):
            found.extend(self._tokens(child) if child.type in _EXPRESSIONS else [child])
        return found

    def _compute(self, text: str, node: "Node", redirects: Sequence["Node"] = ()) -> None:
        """Read arithmetic: nobody knows what a variable in it would have run."""
        if computes(text):
            self.commands.append(Command(words=("((",), text=written(self.source.text(node))))
        if redirects:
            self._add(node, [], redirects)
        for code in self.source.code_within(node):
            self._code(code)

    def _add(
        self,
        node: "Node",
        words: Sequence["Node"],
        redirects: Sequence["Node"] = (),
        assignments: Sequence["Node"] = (),
    ) -> None:
        """Collect a simple command, then those in its words."""
        found = [each for redirect in redirects for each in redirections(self.source, redirect)]
        behind = [word for each in found for word in each.words]
        if behind and not words:
            raise NotUnderstood("syntax")
        values = [self._word(word) for word in (*words, *behind)]
        command = Command(
            words=tuple(value for value, _ in values),
            unknown=tuple(at for at, (_, is_certain) in enumerate(values) if not is_certain),
            assignments=tuple(self._assigned(assignment) for assignment in assignments),
            redirections=tuple(each.redirection for each in found),
            text=self._written(node, redirects) if words or assignments else "",
        )
        self.commands.extend(unwrapped(command, self._again))
        declared = [word for word in words if word not in assignments]
        targets = [target for each in found for target in each.targets]
        for part in (*assignments, *declared, *behind, *targets):
            for code in self.source.code(part):
                self._code(code)
        for each in found:
            for statement in each.statements:
                self._statement(statement)

    def _again(self, text: str) -> list[Command]:
        """Parse what a wrapper is given as a line."""
        return _commands(text, self.depth - _AGAIN)

    def _word(self, node: "Node") -> tuple[str, bool]:
        """What a word is passed as, and whether that is certain; the signs of a test are words too."""
        text = self.source.text(node)
        if not node.is_named and (text in _COMPARING or text.isalpha()):
            return text, True
        return self.source.word(node)

    def _written(self, node: "Node", redirects: Sequence["Node"]) -> str:
        """A command as it was written, without redirections from and to files."""
        text, at = "", node.start_byte
        for redirect in redirects:
            if redirect.type == "file_redirect" and node.start_byte <= redirect.start_byte < node.end_byte:
                text, at = text + self.source.letters[at : redirect.start_byte], redirect.end_byte
        return written(text + self.source.letters[at : node.end_byte]).strip()

    def _assigned(self, node: "Node") -> str:
        """The name of the variable that an assignment sets."""
        children = self.source.children(node)
        if node.type != "variable_assignment" or children[0].type != "variable_name":
            raise NotUnderstood("assignment")
        if any(one.end_byte != other.start_byte for one, other in pairwise(children)):
            raise NotUnderstood("assignment")
        for value in children[2:]:
            members = self.source.children(value)[1:-1] if value.type == "array" else [value]
            for member in members:
                self.source.word(member)
        return self.source.text(children[0])

    def _code(self, node: "Node") -> None:
        """Read an expansion or a substitution."""
        text = self.source.text(node)
        if node.type in {"command_substitution", "process_substitution"}:
            if "<<" in text or (text.startswith("`") and "\\" in text):
                raise NotUnderstood("substitution")
            self._statement(node)
        elif node.type == "arithmetic_expansion":
            self._compute(text, node)
        else:
            inner = self.source.code_within(node)
            if node.type == "expansion":
                check_expansion(text, places(node, inner))
            for code in inner:
                self._code(code)
