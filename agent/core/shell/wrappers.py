"""Commands that run other commands: what `sudo`, `env`, `xargs`, `bash -c`, `find -exec` and others start.

Of each wrapper only the options listed here are understood. Behind any other one nobody knows what runs.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

from agent.core.shell.line import NOBODY_KNOWS, Command
from agent.core.shell.words import NotUnderstood

Parse = Callable[[str], list[Command]]
"""Parses a line that a wrapper is given, as `bash -c` is."""
Inner = Iterator[Command | list[Command]]
"""What a wrapper runs: commands that may be wrappers too, and lines in which these have been seen already."""

MAX_DEPTH = 10
"""Wrappers that stand one in the other."""

SHELLS = frozenset(
    {"bash", "rbash", "sh", "dash", "ash", "zsh", "ksh", "mksh", "yash", "posh", "csh", "tcsh", "fish"}
)


class _Options(NamedTuple):
    """What stands between a wrapper and the command it runs."""

    flags: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    """Options with a value, in the next word or behind `=`; behind a short one also without it."""
    operands: int = 0
    sets_variables: bool = False


def _options(
    flags: str = "", valued: str = "", operands: int = 0, *, sets_variables: bool = False
) -> _Options:
    return _Options(frozenset(flags.split()), frozenset(valued.split()), operands, sets_variables)


_WRAPPERS = {
    "sudo": _options("-A -b -E -H -k -n -P -S", "-C -D -g -h -p -R -r -t -T -u -U", sets_variables=True),
    "doas": _options("-n -L", "-C -u"),
    "pkexec": _options("", "--user"),
    "fakeroot": _options(),
    "env": _options("-i - -0 --ignore-environment", "-u -C --unset --chdir", sets_variables=True),
    "nice": _options("", "-n --adjustment"),
    "ionice": _options("-t", "-c -n --class --classdata"),
    "nohup": _options(),
    "setsid": _options("-c -f -w --ctty --fork --wait"),
    "timeout": _options("-v --verbose --foreground --preserve-status", "-k -s --kill-after --signal", 1),
    "time": _options("-p", sets_variables=True),
    "stdbuf": _options("", "-i -o -e --input --output --error"),
    "command": _options("-p"),
    "builtin": _options(),
    "exec": _options("-c -l", "-a"),
    "coproc": _options(sets_variables=True),
    "busybox": _options(),
    "toybox": _options(),
    "setpriv": _options("--no-new-privs"),
    "prlimit": _options(),
    "taskset": _options("-a -c --all-tasks --cpu-list", "", 1),
    "chrt": _options("-b -f -i -o -r", "", 1),
    "unbuffer": _options("-p"),
    "eatmydata": _options("--"),
    "faketime": _options("-f", "", 1),
    "rlwrap": _options(),
    "chroot": _options("", "--userspec --groups", 1),
    "flock": _options("-s -x -e -n -u -o -F --nonblock --exclusive --shared", "-w -E --timeout", 1),
    "xargs": _options(
        "-0 -r -t -p -x -i --null --no-run-if-empty --verbose",
        "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --max-lines --max-chars",
    ),
}
_GIT = _options("--no-pager -P --no-optional-locks --literal-pathspecs --no-replace-objects", "-C")
_SHELL = _options(
    "-e -u -x -v -f -eu -ex -eux -ec -euc -exc -euxc -c -xc -uc --norc --noprofile --posix", "-o"
)
_GIT_RUNS = {
    "bisect": re.compile("run$"),
    "clone": re.compile("-u"),
    "difftool": re.compile("-x"),
    "filter-branch": re.compile(""),
    "grep": re.compile("-O"),
    "rebase": re.compile("-x"),
    "send-email": re.compile(""),
    "submodule": re.compile("foreach$"),
}
"""Subcommands that run what they are told, and by which of their words."""
_NEVER = re.compile("(?!)")
_GIT_PROGRAM = re.compile("--(?:exe|extc|open-f|rece|up(?:l|=|$))")
"""The beginnings of options that name a program, at their shortest."""
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)
_BASH_ALONE = re.compile(r"\$['\"]|[|]&|&>|<<<|[<>]\(|\[\[|\b(?:coproc|function|select|time)\b")
"""What other shells read otherwise."""
MAX_WITHIN = 8_000
"""Characters of a line that is a word of another."""
_HOLDS_A_LINE = re.compile(
    r"(?:\w+_)?(?:ASKPASS|BROWSER|COMMAND|EDITOR|PAGER|RSH|SSH|VISUAL)|GIT_(?:CONFIG\w*|EXTERNAL_DIFF)"
    r"|LESS(?:CLOSE|OPEN)|MANPAGER|PS4"
)
"""Variables of which the programs behind them make a command line."""
_EXECUTING = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_OPAQUE = frozenset(
    {
        "at", "batch", "bind", "bwrap", "capsh", "compgen", "complete", "cpulimit", "dbus-run-session",
        "direnv", "enable", "entr", "fc", "firejail", "gdb", "hyperfine", "ltrace", "nix-shell", "nsenter",
        "parallel", "perf", "proot", "run-parts", "runuser", "screen", "script", "sg", "ssh",
        "start-stop-daemon", "strace", "su", "systemd-run", "tmux", "unshare", "valgrind", "watch",
        "xvfb-run",
    }
)  # fmt: skip
"""What they run stands behind options of which too many take a value, or is read from elsewhere."""


def unwrapped(command: Command, parse: Parse, depth: int = MAX_DEPTH) -> Iterator[Command]:
    """A command, and behind it those that it runs.

    >>> nice = Command(words=("nice", "-n", "5", "rm", "x"))
    >>> [each.words for each in unwrapped(nice, lambda text: [])]
    [('nice', '-n', '5', 'rm', 'x'), ('rm', 'x')]

    Raises:
        NotUnderstood: too many stand one in the other.
    """
    if not depth:
        raise NotUnderstood("too_deep")
    inner = list(_inner(command, parse))
    knows_all = bool(inner) and NOBODY_KNOWS not in inner
    yield command.model_copy(update={"is_wrapper": knows_all}) if knows_all else command
    for each in inner:
        yield from each if isinstance(each, list) else unwrapped(each, parse, depth - 1)


def _inner(command: Command, parse: Parse) -> Inner:
    name = command.name
    if name in _OPAQUE or name.startswith("ld-linux"):
        yield NOBODY_KNOWS
    elif name in _OWN_WAY:
        yield from _OWN_WAY[name](command, parse)
    elif name in _WRAPPERS:
        yield from _behind(command, _WRAPPERS[name])
    if name and any(map(_HOLDS_A_LINE.fullmatch, command.assignments)):
        yield NOBODY_KNOWS


def _begin(command: Command, options: _Options) -> int | None:
    """Where the command begins that a wrapper runs; None where an option or a word is not known."""
    at, known = 1, command.words[: command.certain]
    while at < len(known) and known[at].startswith("-"):
        word = known[at]
        if word == "--":
            at += 1
            break
        step = _width(word, options)
        if not step:
            return None
        at += step
    at += options.operands
    while options.sets_variables and at < len(known) and _ASSIGNMENT.match(known[at]):
        at += 1
    return at if at <= len(known) else None


def _width(option: str, options: _Options) -> int:
    """How many words an option takes; none when it is not known."""
    if option in options.flags:
        return 1
    if option in options.valued:
        return 2
    if option.startswith("--"):
        return int(option.partition("=")[0] in options.valued)
    return int(option[:2] in options.valued)


def _behind(command: Command, options: _Options) -> Inner:
    begin = _begin(command, options)
    if begin is None:
        if not _only_asks(command):
            yield NOBODY_KNOWS
        return
    names = [found[1] for word in command.words[1:begin] if (found := _ASSIGNMENT.match(word))]
    yield from _run(command, begin, len(command.words), tuple(names))


def _only_asks(command: Command) -> bool:
    """Whether it runs nothing: `command -v` says what a name means."""
    return command.name == "command" and command.words[1:2] in {("-v",), ("-V",)}


def _run(command: Command, begin: int, end: int, assignments: tuple[str, ...] = ()) -> Inner:
    """The command that these words of a wrapper are."""
    words = command.words[begin:end]
    if words:
        unknown = tuple(at - begin for at in command.unknown if begin <= at < end)
        inner = Command(
            words=words, unknown=unknown, assignments=assignments, text=shlex.join(words), is_within=True
        )
        yield inner


def _gathered(command: Command, _parse: Parse) -> Inner:
    """What xargs runs: behind its words, or in the place of a sign, stands what it has read."""
    begin = _begin(command, _WRAPPERS["xargs"])
    if begin is None:
        yield NOBODY_KNOWS
        return
    options = command.words[1:begin]
    sign = _sign(options)
    words = command.words[begin:] or ("echo",)
    filled = {at for at, word in enumerate(words) if sign and sign in word}
    unknown = {at - begin for at in command.unknown if at >= begin}
    if not sign:
        words, filled = (*words, "{}"), {len(words)}
    whole = command.model_copy(update={"words": words, "unknown": tuple(sorted(filled | unknown))})
    yield from _run(whole, 0, len(words))


def _sign(options: tuple[str, ...]) -> str:
    """What `xargs -I` replaces; empty when it replaces nothing."""
    for at, word in enumerate(options):
        if word.startswith("-I"):
            return word[2:] or options[at + 1]
        if word == "-i":
            return "{}"
    return ""


def _found(command: Command, _parse: Parse) -> Inner:
    """What find runs on what it finds."""
    for at, word in enumerate(command.words):
        if word in _EXECUTING and at not in command.unknown:
            ends = (place for place in range(at, len(command.words)) if command.words[place] in {";", "+"})
            end = next(ends, None)
            if end is None:
                yield NOBODY_KNOWS
                continue
            filled = {place for place in range(at, end) if "{}" in command.words[place]}
            unknown = tuple(sorted(filled | {*command.unknown}))
            yield from _run(command.model_copy(update={"unknown": unknown}), at + 1, end)


def _trapped(command: Command, parse: Parse) -> Inner:
    """What is run when a signal comes; with less than a signal behind it nothing is."""
    at = 1 + (command.words[1:2] == ("--",))
    if len(command.words) > at + 1 and command.words[at] not in {"-", "-l", "-p"}:
        yield from _script(command, at, parse)


def _locked(command: Command, parse: Parse) -> Inner:
    """What flock runs: a command, or behind `-c` a line."""
    begin = _begin(command, _WRAPPERS["flock"])
    if begin is not None and command.words[begin : begin + 1] in {("-c",), ("--command",)}:
        yield from _script(command, begin + 1, parse)
    else:
        yield from _behind(command, _WRAPPERS["flock"])


def _git(command: Command, _parse: Parse) -> Inner:
    """Git's own options stand in front of what it shall do; some of them name programs."""
    if _git_runs(command.words):
        yield NOBODY_KNOWS
    if command.words[1:2] and command.words[1].startswith("-"):
        begin = _begin(command, _GIT)
        if begin is None:
            yield NOBODY_KNOWS
            begin = _subcommand(command)
        words = ("git", *command.words[begin:])
        unknown = tuple(at - begin + 1 for at in command.unknown if at >= begin)
        inner = command.model_copy(update={"words": words, "unknown": unknown})
        yield from _run(inner, 0, len(words) if len(words) > 1 else 0)


def _read_into(command: Command, _parse: Parse) -> Inner:
    """What is run for each so many lines that are read."""
    if any(re.match("-[a-zA-Z]*C", word) for word in command.words):
        yield NOBODY_KNOWS


def _git_runs(words: tuple[str, ...]) -> bool:
    """Whether a subcommand is told to run something else."""
    name, *others = words[1:] or ("",)
    return any(map(_GIT_PROGRAM.match, others)) or any(map(_GIT_RUNS.get(name, _NEVER).match, others))


def _subcommand(command: Command) -> int:
    """Where git's subcommand most likely stands behind options of which not all are known."""
    at = 1
    while at < len(command.words) and command.words[at].startswith("-"):
        at += 1 + (
            command.words[at] in {"-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"}
        )
    return at


def _shell(command: Command, parse: Parse) -> Inner:
    """What `bash -c` runs; a shell without a script runs what it reads."""
    begin = _begin(command, _SHELL)
    if begin is None or any(word.startswith("+") for word in command.words[begin : begin + 1]):
        yield NOBODY_KNOWS
        begin = next((at + 1 for at, word in enumerate(command.words) if re.match("-[a-z]*c$", word)), 0)
        if not begin:
            return
    options = command.words[1:begin]
    if any(re.match("-[a-z]*c$", word) for word in options):
        yield from _script(command, begin, parse)
        if not _reads_like_bash(command.name, command.words[begin : begin + 1]):
            yield NOBODY_KNOWS
    elif begin == len(command.words):
        yield NOBODY_KNOWS


def _reads_like_bash(shell: str, script: tuple[str, ...]) -> bool:
    """Whether a script means the same to this shell as to bash, by whose grammar it is parsed."""
    if shell in {"sh", "dash"}:
        return not any(map(_BASH_ALONE.search, script))
    return shell in {"bash", "rbash"}


def _script(command: Command, at: int, parse: Parse) -> Inner:
    """The commands of a word that is a line of its own."""
    if at >= len(command.words) or at in command.unknown:
        yield NOBODY_KNOWS
    else:
        yield _within(parse(_short(command.words[at])))


def _joined(command: Command, parse: Parse) -> Inner:
    """The commands of words that together are a line."""
    if command.unknown:
        yield NOBODY_KNOWS
    else:
        yield _within(parse(_short(" ".join(command.words[1:]))))


def _short(text: str) -> str:
    """A line within a line; ten of them in one another shall not take ten times as long.

    Raises:
        NotUnderstood: it is too long for that.
    """
    if len(text) > MAX_WITHIN:
        raise NotUnderstood("too_long")
    return text


def _within(commands: list[Command]) -> list[Command]:
    return [command.model_copy(update={"is_within": True}) for command in commands]


_OWN_WAY: dict[str, Callable[[Command, Parse], Inner]] = {
    **dict.fromkeys(SHELLS, _shell),
    "eval": _joined,
    "find": _found,
    "flock": _locked,
    "git": _git,
    "mapfile": _read_into,
    "readarray": _read_into,
    "trap": _trapped,
    "xargs": _gathered,
}
"""Wrappers that take what they run in ways of their own."""
