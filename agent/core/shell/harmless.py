"""Commands that only look: inside the sandbox they run unasked.

The list is short on purpose. Of a command that can also write, or run something else, each option is judged,
and a word that is not certain may be an option.
"""

import re
from collections.abc import Callable

from agent.core.shell.line import Command, Redirection

FOLDERS = frozenset({"/bin", "/usr/bin", "/usr/local/bin"})
"""Where a program is the one of its name."""
SAFE_VARIABLES = frozenset(
    {"CI", "COLUMNS", "DEBUG", "FORCE_COLOR", "LANG", "LINES", "NODE_ENV", "NO_COLOR", "TZ"}
)
"""Variables that change no program into another one."""

_LOOKING = frozenset(
    {
        ":", "base64", "basename", "cat", "cksum", "cmp", "comm", "cut", "df", "diff", "dirname", "du",
        "echo", "egrep", "expand", "expr", "false", "fgrep", "fold", "grep", "groups", "head", "id", "join",
        "jq", "ls", "md5sum", "nl", "nproc", "od", "paste", "printenv", "ps", "pwd", "readlink", "realpath",
        "rev", "seq", "sha1sum", "sha256sum", "sleep", "stat", "strings", "tac", "tail", "tr", "true",
        "uname", "unexpand", "uptime", "wc", "which", "whoami",
    }
)  # fmt: skip
"""Whatever words stand behind them."""
_WRAPPING = frozenset(
    {
        "bash", "builtin", "command", "coproc", "dash", "env", "eval", "exec", "find", "git", "ionice",
        "nice", "nohup", "sh", "stdbuf", "time", "timeout", "xargs",
    }
)  # fmt: skip
"""Harmless when what they run is."""
_REFUSED: dict[str, tuple[str, ...]] = {
    "date": ("-s", "--set"),
    "file": ("-C", "--compile", "-z", "-Z", "--uncompress", "--uncompress-noreport"),
    "find": ("-delete", "-fprint", "-fprint0", "-fprintf", "-fls"),
    "rg": ("--pre", "--hostname-bin", "-z", "--search-zip"),
    "sort": ("-o", "--output", "--compress-program"),
    "tree": ("-o", "--output", "-R"),
}
"""What these must not be told; else they only look."""
_GIT_READS = frozenset(
    {
        "blame", "cat-file", "count-objects", "describe", "diff", "diff-tree", "for-each-ref", "log",
        "ls-files", "ls-tree", "merge-base", "name-rev", "rev-list", "rev-parse", "shortlog", "show",
        "show-ref", "status", "version", "whatchanged",
    }
)  # fmt: skip
_GIT_LISTS = {
    "branch": frozenset(
        [
            "-a",
            "-r",
            "-v",
            "-vv",
            "-l",
            "--all",
            "--remotes",
            "--list",
            "--show-current",
            "--verbose",
            "--no-color",
        ]
    ),
    "config": frozenset({"-l", "--list", "--show-origin", "--name-only"}),
    "reflog": frozenset({"show"}),
    "remote": frozenset({"-v", "--verbose"}),
    "stash": frozenset({"list", "show"}),
    "tag": frozenset({"-l", "--list", "-n"}),
    "worktree": frozenset({"list"}),
}
"""What may stand behind those that also change something, and nothing else."""
_GIT_REFUSED = (
    "--output",
    "--ext-diff",
    "--textconv",
    "-O",
    "--open-files-in-pager",
    "--exec-path",
    "--paginate",
)
_LOCAL = re.compile(r"[a-z_][a-z0-9_]*")
_READING = frozenset({"<", "<<", "<<-", "<<<"})
_JOINING = re.compile(r"\d*(?:[<>]&-?|[<>]&)")
_NOWHERE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr"})
_DATE_WORDS = re.compile(r"\+.*|-u|-R|-I\w*|--(?:utc|iso-8601.*|rfc-.*|date=.*)", re.DOTALL)
_COMPUTING = re.compile(r"-(?:v|R|eq|ne|lt|le|gt|ge)")
_QUOTED = re.compile(r"\"[^\"@*]*\"")
"""One word, whatever the variables in it hold."""


def is_harmless(command: Command) -> bool:
    """Whether a command changes nothing, runs nothing that the line does not show, and tells nobody.

    >>> is_harmless(Command(words=("sort", "names.txt")))
    True
    >>> is_harmless(Command(words=("sort", "-o", "names.txt", "names.txt")))
    False
    """
    name = command.name
    if not is_plain(command) or not command.words:
        return is_plain(command)
    if not is_trusted(command, name):
        return False
    if command.is_wrapper:
        return name in _WRAPPING and not _is_refused(command, _REFUSED.get(name, ()))
    if name in _TESTS:
        return _TESTS[name](command)
    return name in _LOOKING or (not command.unknown and _is_judged_harmless(command))


def is_plain(command: Command) -> bool:
    """Whether a command writes to no file by redirection, and sets no variable that others heed.

    >>> from agent.core.shell.line import Redirection
    >>> is_plain(Command(words=("make",), assignments=("PATH",)))
    False
    >>> is_plain(Command(words=("make",), redirections=(Redirection(operator="2>&", target="1"),)))
    True
    """
    is_alone = not command.words
    return all(map(_is_harmless_redirection, command.redirections)) and all(
        name in SAFE_VARIABLES or name.startswith("LC_") or (is_alone and _is_local(name))
        for name in command.assignments
    )


def is_trusted(command: Command, name: str) -> bool:
    """Whether the program is surely the one of this name, and not a file of the workspace.

    >>> is_trusted(Command(words=("/usr/bin/git",)), "git"), is_trusted(Command(words=("./git",)), "git")
    (True, False)
    """
    folder, _, last = command.words[0].rpartition("/")
    return command.words[0] == name or (folder in FOLDERS and last == name)


def _is_local(name: str) -> bool:
    """Whether only the line itself heeds a variable: programs heed those in capitals, and proxies."""
    return bool(_LOCAL.fullmatch(name)) and not name.endswith("_proxy")


def _is_harmless_redirection(redirection: Redirection) -> bool:
    operator, target = redirection.operator, redirection.target
    if not redirection.is_certain:
        return operator.lstrip("0123456789") in _READING - {"<"}
    if _JOINING.fullmatch(operator):
        return target.rstrip("-").isdecimal() or not target
    if operator.lstrip("0123456789") in _READING:
        return not target.startswith(("/dev/tcp", "/dev/udp"))
    return target in _NOWHERE


def _is_judged_harmless(command: Command) -> bool:
    words = command.words[1:]
    judged: dict[str, Callable[[tuple[str, ...]], bool]] = {
        "cd": _stays,
        "command": lambda words: words[:1] in {("-v",), ("-V",)},
        "date": lambda words: all(map(_DATE_WORDS.fullmatch, words)),
        "git": _git_looks,
        "hostname": lambda words: not words,
        "read": lambda words: all(word in {"-r", "-s"} or _is_local(word) for word in words),
        "type": lambda _: True,
        "uniq": lambda words: sum(word == "-" or not word.startswith("-") for word in words) <= 1,
    }
    if command.name in judged:
        return judged[command.name](words)
    return command.name in _REFUSED and not _is_refused(command, _REFUSED[command.name])


def _is_refused(command: Command, refused: tuple[str, ...]) -> bool:
    """Whether one of these options may be among a command's words, written out or shortened."""
    if refused and command.unknown and command.name != "xargs":
        return True
    return any(_means(word, option) for word in command.words[1:] for option in refused)


def _means(word: str, option: str) -> bool:
    """Whether a word may be this option: long ones may be shortened, short ones joined."""
    if option.startswith("--"):
        name = word.partition("=")[0]
        return len(name) > 2 and option.startswith(name)  # noqa: PLR2004 - more than the dashes
    if len(option) == 2:  # noqa: PLR2004 - a dash and a letter
        return bool(re.match(r"-[^-]", word)) and option[1] in word
    return word == option


def _git_looks(words: tuple[str, ...]) -> bool:
    """Whether git is told to show something, by itself and with no program of anybody's."""
    name, *others = words or ("version",)
    if any(_means(word, option) for word in others for option in _GIT_REFUSED):
        return False
    if name in _GIT_READS:
        return True
    if name == "config" and others[:1] and others[0] in {"--get", "--get-all", "get"}:
        return True
    return name in _GIT_LISTS and all(word in _GIT_LISTS[name] for word in others) and _lists(name, others)


def _lists(name: str, words: list[str]) -> bool:
    """Whether a subcommand that changes something when nothing else is said was told to list."""
    return bool(words) or name in {"branch", "remote", "reflog", "tag"}


def _stays(words: tuple[str, ...]) -> bool:
    """Whether a folder below this one is meant."""
    return len(words) == 1 and not words[0].startswith(("/", "-")) and ".." not in words[0].split("/")


def _prints(command: Command) -> bool:
    """Whether printf prints, and sets no variable instead."""
    return command.certain > 1 and not command.words[1].startswith("-")


def _compares(command: Command) -> bool:
    """Whether `[[` computes nothing: what a variable holds would be run as arithmetic."""
    return not any(_COMPUTING.fullmatch(word) for word in command.words)


def _tests(command: Command) -> bool:
    """Whether `[` and `test` look at files and texts only, whatever stands in variables.

    A variable may hold an operator that runs what stands in the next one. So the operator must be seen, and a
    variable must be one word.
    """
    words = command.words[1 : -1 if command.name == "[" else None]
    unknown = {at - 1 for at in command.unknown}
    if words[:1] == ("!",):
        words, unknown = words[1:], {at - 1 for at in unknown}
    if any(_QUOTED.fullmatch(words[at]) is None for at in unknown) or {"-v", "-R"} & {*words}:
        return False
    operator = {0: -1, 1: -1, 2: 0, 3: 1}.get(len(words))
    return operator not in unknown if operator is not None else not unknown


_TESTS: dict[str, Callable[[Command], bool]] = {
    "[": _tests,
    "[[": _compares,
    "printf": _prints,
    "test": _tests,
}
"""Those that may be given variables."""
