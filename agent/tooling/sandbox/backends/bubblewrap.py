"""bubblewrap: a root of its own with what is listed and nothing else, namespaces of its own, our filter.

Source: bwrap(1).
"""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from agent.tooling.sandbox import environment, roots
from agent.tooling.sandbox.backends import Argument, Configuration, Wanted, counted, measured
from agent.tooling.spawning import PYTHON

PROGRAMS = ("/usr/bin/bwrap", "/usr/local/bin/bwrap")
"""By their whole path: a workspace could bring its own."""
HOME = "/home/agent"
PROXY, BRIDGE, PORT = "/run/proxy.sock", "/run/bridge.py", 3128

_PRLIMIT = "/usr/bin/prlimit"
_USER = "1000"
_OPTIONS = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--unshare-net", "--disable-userns", "--uid", _USER, "--gid", _USER, "--hostname", "sandbox"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
)
_SHARED_MEMORY = 64 << 20
_WRITABLE_BY_OTHERS = 0o022
_ACCOUNTS = {
    "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:{_USER}:{_USER}:Maestro:{HOME}:/bin/sh\n"
    "nobody:x:65534:65534::/:/usr/sbin/nologin\n",
    "group": f"root:x:0:\nagent:x:{_USER}:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
}


@cache
def program() -> str:
    """Where bubblewrap is; empty where it is not, or where others could have changed it."""
    return next((path for path in PROGRAMS if is_trusted(Path(path))), "")


def is_trusted(path: Path) -> bool:
    """Whether a program is there, belongs to root or us, and nobody else may write it."""
    try:
        found = path.stat()
    except OSError:
        return False
    is_ours = found.st_uid in {0, os.getuid()} and not found.st_mode & _WRITABLE_BY_OTHERS
    return is_ours and os.access(path, os.X_OK)


def missing() -> str:
    """Why this backend need not be tried; empty when it may."""
    if sys.platform != "linux":
        return "it exists on Linux only"
    return "" if program() else "bwrap is not installed (apt-get install bubblewrap)"


def configuration(wanted: Wanted) -> Configuration:
    """What the supervisor shall do."""
    workspace = str(wanted.confinement.workspace)
    arguments: list[Argument] = [
        *(program(), *_OPTIONS),
        *_variables(wanted),
        *_machine(wanted.confinement.limits.scratch),
        *_programs(),  # after the folders they may lie in
        *_workspace(wanted, workspace),
        *_way_out(wanted),
        *("--remount-ro", "/", "--chdir", workspace, "--seccomp", {"filter": True}),
        *("--json-status-fd", {"status": True}, "--", *_command(wanted)),
    ]
    return {
        "backend": "bubblewrap",
        "argv": arguments,
        # As the first process inside, its environment can be read there.
        "environment": environment.mark(wanted.confinement),
        "folder": workspace,
        "measured": measured(wanted),
        "limits": counted(wanted.confinement.limits),
        "is_read_only": wanted.confinement.is_read_only,
    }


def _variables(wanted: Wanted) -> Iterator[Argument]:
    variables = environment.variables(wanted.confinement, HOME, "/tmp", roots.path())  # noqa: S108 - its own
    if wanted.proxy:
        variables |= environment.through_proxy(PORT)
    for name, value in variables.items():
        yield from ("--setenv", name, value)


def _programs() -> Iterator[Argument]:
    for folder in roots.programs():
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        else:
            yield from ("--ro-bind", str(folder), str(folder))
    for name in roots.SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    for name, text in _ACCOUNTS.items():
        yield from ("--ro-bind-data", {"text": text}, f"/etc/{name}")


def _machine(scratch: int) -> Iterator[Argument]:
    # bubblewrap covers /proc/sys only where access() calls it writable; some files in it open anyway.
    yield from ("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys")
    yield from ("--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger")
    yield from ("--dev", "/dev", "--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm")  # noqa: S108 - its own
    yield from ("--remount-ro", "/dev")
    yield from ("--perms", "1777", "--size", str(scratch), "--tmpfs", "/tmp")  # noqa: S108
    yield from ("--size", str(scratch), "--tmpfs", HOME)
    yield from ("--file", {"text": environment.GIT}, f"{HOME}/.gitconfig")


def _workspace(wanted: Wanted, workspace: str) -> Iterator[Argument]:
    """The workspace, and the covers in it.

    A cover alone would not do: its parent could be renamed, and another put in its place. What is a mount
    itself cannot be renamed, so `.git` is laid over itself.
    """
    if wanted.confinement.is_read_only:
        yield from ("--ro-bind", workspace, workspace)
        return
    yield from ("--bind", workspace, workspace)
    if any(cover.path.startswith(".git/") for cover in wanted.covers):
        yield from ("--bind", f"{workspace}/.git", f"{workspace}/.git")
    for cover in wanted.covers:
        path = f"{workspace}/{cover.path}"
        if cover.exists:
            yield from ("--ro-bind", path, path)
        elif cover.is_file:
            yield from ("--ro-bind", "/dev/null", path)
        else:
            yield from ("--size", "4096", "--tmpfs", path, "--remount-ro", path)


def _way_out(wanted: Wanted) -> Iterator[Argument]:
    if wanted.proxy:
        bridge = Path(__file__).parent.parent / "inside" / "bridge.py"
        yield from ("--ro-bind", str(wanted.proxy), PROXY, "--ro-bind", str(bridge), BRIDGE)


def _command(wanted: Wanted) -> Iterator[str]:
    """The command; its tasks are counted in its own namespace, where nobody else's count."""
    if Path(_PRLIMIT).exists():
        yield from (_PRLIMIT, f"--nproc={wanted.confinement.limits.tasks}", "--")
    if wanted.proxy:
        yield from (*PYTHON, BRIDGE, PROXY, str(PORT))
    yield from wanted.command
