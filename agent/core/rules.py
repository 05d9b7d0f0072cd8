"""Rules: what a person has said of the calls of a tool, and whether a rule speaks of this one."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Literal, cast

from pydantic import JsonValue

from agent.core.globs import alternatives, expression
from agent.core.messages import ToolCall, Value
from agent.core.shell import NOBODY_KNOWS, Command, Line, is_harmless, is_plain, is_trusted
from agent.core.tools import Kind

Decision = Literal["allow", "ask", "deny"]
"""A rule's answer."""
Meeting = Literal["yes", "maybe", "no"]
"""Whether a rule means a command."""
LAUNCHERS = frozenset(
    {
        "bundle exec", "bunx", "conda run", "hatch run", "npm exec", "npm x", "npx", "pdm run", "pipenv run",
        "pipx run", "pnpm dlx", "pnpm exec", "pnpx", "poetry run", "uv run", "uvx", "yarn dlx", "yarn exec",
    }
)  # fmt: skip
"""What runs the program named behind it. A rule that allows speaks of both together: `uv run pytest`."""


class Rule(Value):
    """Says what happens to the calls of a tool; of what it names, all must hold."""

    id: str = ""
    """Of the stored rule; empty for one that is not stored."""
    tool: str
    """Its name; `*` for every tool."""
    decision: Decision
    arguments: dict[str, JsonValue] | None = None
    """Only calls with exactly these arguments; None for any."""
    commands: tuple[str, ...] = ()
    """Only command lines with such commands: the words each begins with, as `git log`."""
    paths: tuple[str, ...] = ()
    """Only calls on files that match one of these globs, seen from the workspace."""
    expires_at: datetime | None = None
    session_id: str = ""
    """Only in this session."""
    workspace: str = ""
    """Only in sessions that work in this folder."""

    def matches(self, call: ToolCall) -> bool:
        """Whether this rule may speak about the call, as far as tool and arguments tell.

        >>> rule = Rule(tool="edit", decision="allow")
        >>> rule.matches(ToolCall(id="1", name="edit", arguments={}))
        True
        """
        is_meant = self.tool in {"*", call.name}
        return is_meant and (self.arguments is None or _same(self.arguments, call.arguments))


class Facts(Value):
    """What is known of a call beside its arguments."""

    kind: Kind
    """Of its tool."""
    asks: str = ""
    """Why its tool is for asking a person, whatever mode and rules allow: a code; empty for other tools."""
    line: Line | None = None
    """The command line it runs."""
    paths: tuple[str, ...] = ()
    """The files it names, seen from the workspace: as written, and as they are once links are followed."""
    is_enabled: bool = True
    """Whether the person lets this tool be used at all."""
    is_confined: bool = True
    """Whether what it runs stays in the sandbox."""
    changes_nothing: bool = False
    """Whether that is enforced from outside, as in a workspace that cannot be written to."""
    sends_out: bool = False
    """Whether it may carry something to other machines."""
    is_tainted: bool = False
    """Whether the session has taken in untrusted content and knows private things."""


def speaks_of(rule: Rule, call: ToolCall, facts: Facts) -> bool:
    """Whether a rule speaks of a call: one that allows of all that it does, any other of a part of it.

    >>> from agent.core.shell import parse
    >>> call = ToolCall(id="1", name="shell", arguments={"command": "make && sudo rm x"})
    >>> facts = Facts(kind="execute", line=parse("make && sudo rm x"))
    >>> speaks_of(Rule(tool="shell", decision="deny", commands=("rm",)), call, facts)
    True
    >>> speaks_of(Rule(tool="shell", decision="allow", commands=("make",)), call, facts)
    False
    """
    if rule.decision == "allow":
        return bool(covering([rule], call, facts))
    if not _is_about(rule, call, facts):
        return False
    commands = facts.line.commands if facts.line else ()
    return not rule.commands or any(
        _meets(shape, command) == "yes" for shape in rule.commands for command in commands
    )


def may_speak_of(rule: Rule, call: ToolCall, facts: Facts) -> bool:
    """Whether a rule that asks or denies may speak of a call: nobody knows what a variable in it holds.

    >>> from agent.core.shell import parse
    >>> call = ToolCall(id="1", name="shell", arguments={"command": "$tool x"})
    >>> rule = Rule(tool="shell", decision="deny", commands=("rm",))
    >>> may_speak_of(rule, call, Facts(kind="execute", line=parse("$tool x")))
    True
    """
    if rule.decision == "allow" or not _is_about(rule, call, facts):
        return False
    commands = facts.line.commands if facts.line else ()
    return not rule.commands or any(
        _meets(shape, command) != "no" for shape in rule.commands for command in commands
    )


def covering(rules: Iterable[Rule], call: ToolCall, facts: Facts) -> tuple[Rule, ...]:
    """The rules that allow a call, together: each simple command of its line is allowed by one, or harmless.

    >>> from agent.core.shell import parse
    >>> call = ToolCall(id="1", name="shell", arguments={"command": "make | tail"})
    >>> rule = Rule(tool="shell", decision="allow", commands=("make",))
    >>> covering([rule], call, Facts(kind="execute", line=parse("make | tail"))) == (rule,)
    True
    """
    about = [rule for rule in rules if rule.decision == "allow" and _is_about(rule, call, facts)]
    for rule in about:
        if not rule.commands:
            return (rule,)
    if facts.line is None or not facts.line.is_understood:
        return ()
    found = [_allowing(about, command) for command in facts.line.commands if needs_a_rule(command, facts)]
    if not all(found):
        return ()
    return tuple(rule for rule in about if rule in found)


def keeps_back(rules: Iterable[Rule], call: ToolCall, path: str, named: Iterable[str] = ()) -> bool:
    """Whether rules keep a file from a call that comes upon it: denied, or asked about and not named.

    Args:
        rules: those that hold here and now.
        call: what looks through many files.
        path: of the file, seen from the workspace.
        named: the files that the call names itself, about which it was judged.

    >>> call = ToolCall(id="1", name="grep", arguments={"pattern": "x"})
    >>> rule = Rule(tool="*", decision="deny", paths=(".env",))
    >>> keeps_back([rule], call, ".env"), keeps_back([rule], call, "a.py")
    (True, False)
    """
    file = Facts(kind="read", paths=(path,))
    is_named = path in named
    about = (rule for rule in rules if rule.paths and _is_about(rule, call, file))
    return any(rule.decision == "deny" or (rule.decision == "ask" and not is_named) for rule in about)


def needs_a_rule(command: Command, facts: Facts) -> bool:
    """Whether a command does not pass by itself: nothing is harmless outside of the sandbox.

    >>> needs_a_rule(Command(words=("ls",)), Facts(kind="execute"))
    False
    >>> needs_a_rule(Command(words=("ls",)), Facts(kind="execute", is_confined=False))
    True
    """
    return not (facts.is_confined and is_harmless(command))


def allows(shape: str, command: Command) -> bool:
    """Whether a command is one of those a shape allows, and does nothing beside.

    >>> allows("git log", Command(words=("git", "log", "-1")))
    True
    >>> allows("git log", Command(words=("git", "logs")))
    False
    """
    words = shape.split()
    if not words or command.certain < len(words):
        return False
    if not is_plain(command) or not is_trusted(command, words[0]):
        return False
    return list(command.words[1 : len(words)]) == words[1:]


def _allowing(rules: Iterable[Rule], command: Command) -> Rule | None:
    return next((rule for rule in rules if any(allows(shape, command) for shape in rule.commands)), None)


def _meets(shape: str, command: Command) -> Meeting:
    """Whether a command begins with the words of a shape, or launches one that does."""
    met, launched = _begins(shape, command), _launched(command)
    return _begins(shape, launched) if met == "no" and launched else met


def _launched(command: Command) -> Command | None:
    """What is run by a program whose own name says what it does as much: `uv run`, `npx`; else None."""
    known = command.words[: command.certain]
    width = next((width for width in (1, 2) if " ".join(known[:width]) in LAUNCHERS), 0)
    at = width + (known[width : width + 1] == ("--",))
    if not width or at >= len(command.words):
        return None
    if command.words[at].startswith("-"):
        return NOBODY_KNOWS
    unknown = tuple(place - at for place in command.unknown if place >= at)
    return Command(words=command.words[at:], unknown=unknown)


def _begins(shape: str, command: Command) -> Meeting:
    """Whether a command begins with the words of a shape, options between them and folders left aside."""
    first, *others = shape.split() or [""]
    if not command.words or not first:
        return "no"
    if not command.certain:
        return "maybe"
    if command.name.casefold() != first.rpartition("/")[2].casefold():
        return "no"
    known, at = command.words[: command.certain], 1
    for word in others:
        found = _behind_options(word, known, at)
        if found is None:
            return "no" if not command.unknown or _is_settled(known, at) else "maybe"
        at = found
    return "yes"


def _behind_options(word: str, words: tuple[str, ...], at: int) -> int | None:
    """The place behind a word that stands here, or behind options and their values; None when it does not."""
    while at < len(words):
        if words[at] == word:
            return at + 1
        if words[at].startswith("-"):
            at += 1
            is_value = words[at : at + 1] != (word,) and words[at + 1 : at + 2] == (word,)
            at += is_value
        else:
            return None
    return None


def _is_settled(words: tuple[str, ...], at: int) -> bool:
    """Whether a word that is no option stands here, whatever follows."""
    return at < len(words) and not words[at].startswith("-")


def _is_about(rule: Rule, call: ToolCall, facts: Facts) -> bool:
    """Whether tool, arguments and files are those of the rule."""
    if not rule.matches(call):
        return False
    if not rule.paths:
        return True
    if rule.decision == "allow":
        names = [_within(path) for path in facts.paths]
        return bool(names) and all(name is not None and _fits(rule.paths, name) for name in names)
    return any(_fits(rule.paths, _anywhere(path), ignore_case=True) for path in facts.paths)


def _within(path: str) -> str | None:
    """A path in its plainest form; None when it leads out of the workspace."""
    names: list[str] = []
    for name in path.split("/"):
        if name == ".." and not names:
            return None
        if name == "..":
            names.pop()
        elif name not in {"", "."}:
            names.append(name)
    return None if path.startswith("/") else "/".join(names)


def _anywhere(path: str) -> str:
    """A path in its plainest form, of one that leads out what lies beyond."""
    plain = _within("top" + "/x" * path.count("..") + "/" + path)
    return re.sub(r"^top(/x)*/?", "", plain or "")


def _fits(patterns: tuple[str, ...], name: str, *, ignore_case: bool = False) -> bool:
    return any(found.fullmatch(name) for found in _expressions(patterns, ignore_case=ignore_case))


@lru_cache(maxsize=1000)
def _expressions(patterns: tuple[str, ...], *, ignore_case: bool) -> list[re.Pattern[str]]:
    """What the globs mean; one that is none matches nothing."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG)
    found: list[re.Pattern[str]] = []
    for pattern in patterns:
        plain = pattern.removeprefix("./") + "**" * pattern.endswith("/")
        for each in alternatives(plain):
            try:
                found.append(re.compile(expression(each), flags))
            except ValueError:
                continue
    return found


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are equal and of one kind: True is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, cast("list[JsonValue]", other)))
    return one == other
