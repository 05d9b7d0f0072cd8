"""The environment of a command: made from nothing, so that it inherits no secret."""

from agent.tooling.processes import marked
from agent.tooling.sandbox.confinement import Confinement

_FIXED = {
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "CI": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""Nobody is there to answer, to scroll or to see colours."""
_CLOSED = (
    *("LD_", "DYLD_", "GCONV_", "PYTHON", "NODE_", "PERL5", "RUBY", "JAVA_", "JDK_", "MALLOC_", "GLIBC_"),
    *("GIT_", "SSH_", "GPG_", "AWS_", "AZURE_", "GOOGLE_", "KUBE", "DOCKER_", "XDG_", "DBUS_", "MAESTRO_"),
    *("BASH_", "SHELLOPTS", "PS4", "PROMPT_COMMAND", "IFS", "CDPATH", "GLOBIGNORE"),
)
"""Beginnings of names that lead to code, to keys, or past the sandbox."""
_CLOSED_NAMES = frozenset({"PATH", "HOME", "TMPDIR", "ENV", "SHELL", "USER", "LOGNAME"})
GIT = "[user]\n\tname = Maestro\n\temail = maestro@localhost\n[init]\n\tdefaultBranch = main\n"
"""What git finds in the home folder: who commits, where the repository does not say."""
_PORTS = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
_NEAR = "localhost,127.0.0.1"


def variables(confinement: Confinement, home: str, scratch: str, path: str) -> dict[str, str]:
    """All a command finds in its environment.

    Args:
        confinement: of the command.
        home: its home folder.
        scratch: its folder for temporary files.
        path: where its programs are.
    """
    chosen = {name: value for name, value in confinement.variables.items() if is_open(name, value)}
    own = {"PATH": path, "HOME": home, "TMPDIR": scratch, "SHELL": "/bin/sh"}
    return {**_FIXED, **own, **chosen, **mark(confinement)}


def mark(confinement: Confinement) -> dict[str, str]:
    """What tells the session of every process.

    >>> mark(Confinement(workspace="/w", session_id="s"))
    {'MAESTRO_SESSION': 's'}
    """
    return marked(confinement.session_id) if confinement.session_id else {}


def is_open(name: str, value: str) -> bool:
    r"""Whether a variable may be set at a command's wish.

    >>> is_open("COLUMNS", "80"), is_open("LD_PRELOAD", "x.so"), is_open("A", "\0")
    (True, False, False)
    """
    can_be_passed = bool(name) and "=" not in name and "\0" not in name + value
    return can_be_passed and name not in _CLOSED_NAMES and not name.startswith(_CLOSED)


def through_proxy(port: int) -> dict[str, str]:
    """What tells programs of the one way out.

    >>> through_proxy(3128)["https_proxy"]
    'http://127.0.0.1:3128'
    """
    address = f"http://127.0.0.1:{port}"
    return {**dict.fromkeys(_PORTS, address), "NO_PROXY": _NEAR, "no_proxy": _NEAR}
