"""Which rules an "always" may set up: from this very call to every call of its tool."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from agent.core.messages import ToolCall, Value
from agent.core.policy import Judgement, Mode, judge, passes
from agent.core.rules import Facts, Rule, allows, needs_a_rule
from agent.core.shell import Command

Shape = Literal["exact", "command", "folder", "tool"]


class Offer(Value):
    """A rule that a person may set up with their answer."""

    shape: Shape
    """It speaks of: this call, commands that begin alike, files of these folders, every call of the tool."""
    rule: Rule


_ONCE = frozenset({"tainted", "question", "plan", "tool_disabled", "denied_by_rule", "plan_mode"})
"""Reasons that no rule takes away."""
_EXACT = frozenset(
    {
        ".", "ash", "awk", "bash", "bun", "bunx", "busybox", "bwrap", "chmod", "chown", "chroot", "cmake",
        "csh", "curl", "dash", "dd", "deno", "doas", "docker", "ed", "emacs", "env", "eval", "exec",
        "expect", "find", "fish", "gawk", "gdb", "gtimeout", "java", "julia", "kill", "killall", "ksh",
        "kubectl", "less", "lua", "m4", "make", "mapfile", "mawk", "mkfs", "mksh", "mv", "mysql", "nano",
        "nawk", "nc", "ncat", "node", "npx", "open", "osascript", "parallel", "perl", "php", "pipx",
        "pkexec", "pkill", "pnpx", "podman", "psql", "pwsh", "python", "python3", "rbash", "readarray",
        "rm", "rmdir", "Rscript", "rsync", "ruby", "scp", "screen", "sed", "sh", "shred", "socat", "source",
        "sqlite3", "ssh", "su", "sudo", "systemd-run", "tar", "tclsh", "tcsh", "tee", "telnet", "tmux",
        "toybox", "trap", "truncate", "ts-node", "tsx", "uvx", "vi", "vim", "watch", "wget", "xargs",
        "xdg-open", "yash", "zsh",
    }
)  # fmt: skip
"""Programs of which one call says nothing about the next: each is allowed by itself."""
_SUBCOMMANDS = frozenset(
    {
        "apt", "bundle", "cargo", "composer", "dotnet", "gh", "git", "go", "gradle", "hatch", "just", "mvn",
        "npm", "pdm", "pip", "pip3", "pipenv", "pnpm", "poetry", "rake", "task", "tox", "uv", "yarn",
    }
)  # fmt: skip
"""Programs whose next word says what they do."""
_RUNNERS = frozenset(
    {
        "bundle exec", "cargo run", "go tool", "hatch run", "npm run", "pdm run", "pipenv run", "pnpm run",
        "poetry run", "uv pip", "uv run", "yarn run",
    }
)  # fmt: skip
_ANYTHING = frozenset(
    {"npm exec", "npm x", "pnpm dlx", "pnpm exec", "yarn dlx", "yarn exec", "uv tool", "git config"}
)
"""What runs anything, or has others run it."""
_WORD = re.compile(r"[\w./:@+-]+", re.ASCII)
_GLOB_SIGNS = re.compile(r"[*?\[\]\\]")


def offers(call: ToolCall, facts: Facts, mode: Mode, rules: Iterable[Rule] = ()) -> tuple[Offer, ...]:
    """The rules under which a call that a person is asked about would pass, the narrowest first.

    >>> call = ToolCall(id="1", name="write_file", arguments={"path": "src/a.py"})
    >>> facts = Facts(kind="edit", paths=("src/a.py",))
    >>> [(offer.shape, offer.rule.paths) for offer in offers(call, facts, "ask")]
    [('exact', ()), ('folder', ('src/**',)), ('tool', ())]
    """
    known = tuple(rules)
    judged = judge(call, facts, mode, known)
    if facts.asks or judged.reason in _ONCE:
        return ()
    found = (offer for offer in _offers(call, facts, judged))
    return tuple(offer for offer in found if passes(offer.rule, call, facts, mode, known))


def _offers(call: ToolCall, facts: Facts, judged: Judgement) -> Iterator[Offer]:
    exact = Rule(tool=call.name, decision="allow", arguments=call.arguments)
    yield Offer(shape="exact", rule=exact)
    if judged.reason == "unparseable":
        return
    if shapes := _shapes(facts):
        yield Offer(shape="command", rule=Rule(tool=call.name, decision="allow", commands=shapes))
    if folders := _folders(facts):
        yield Offer(shape="folder", rule=Rule(tool=call.name, decision="allow", paths=folders))
    if facts.kind != "execute":
        yield Offer(shape="tool", rule=Rule(tool=call.name, decision="allow"))


def _shapes(facts: Facts) -> tuple[str, ...]:
    """How the commands of a line begin that do not pass by themselves; none when one has no shape."""
    commands = facts.line.commands if facts.line else ()
    found = [_shape(command) for command in commands if needs_a_rule(command, facts)]
    return tuple(dict.fromkeys(shape for shape in found if shape)) if all(found) else ()


def _shape(command: Command) -> str:
    """The words that say what a command does; empty when they do not."""
    words = command.words[: command.certain]
    if not words or command.name in _EXACT or re.match(r"(?:python|node|ruby|perl|php)[\d.]*$", command.name):
        return ""
    wanted = 2 if words[0] in _SUBCOMMANDS else 1
    if " ".join(words[:2]) in _RUNNERS:
        wanted = 3
    shape = " ".join(words[:wanted])
    is_said = len(words) >= wanted and all(map(_WORD.fullmatch, words[:wanted]))
    is_option = any(word.startswith("-") for word in words[:wanted])
    if not is_said or is_option or shape in _ANYTHING or words[wanted - 1] in _EXACT:
        return ""
    return shape if allows(shape, command) else ""


def _folders(facts: Facts) -> tuple[str, ...]:
    """The folders of the files a call names; none when one lies at the top or has a name like a glob's."""
    folders = [path.removeprefix("./").rpartition("/")[0] for path in facts.paths]
    if not all(folders) or any(set(folder) & set("{}") for folder in folders):
        return ()
    return tuple(dict.fromkeys(_GLOB_SIGNS.sub(r"\\\g<0>", folder) + "/**" for folder in folders))
