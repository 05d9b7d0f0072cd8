"""What of the machine a command may read: its programs, and what of /etc they need."""

import shutil
import sys
from functools import cache
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_STANDARD_PATH = "/usr/local/bin:/usr/bin:/bin"
_BENEATH_HOME = 3
"""An interpreter of the person's own lies at least so deep: ~/.pyenv/versions/3.11."""

SETTINGS = (
    *("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl/certs", "ssl/openssl.cnf"),
    *("ca-certificates", "pki/tls/certs", "pki/ca-trust/extracted", "localtime", "timezone", "mime.types"),
    *("protocols", "services", "magic", "debian_version", "os-release", "fonts", "terminfo"),
)
"""What lies in /etc and tells nothing of the machine."""
ACCOUNTS = ("passwd", "group", "hosts", "nsswitch.conf")
"""What lies in /etc and does tell something; who can, gives a command its own."""


@cache
def programs() -> tuple[Path, ...]:
    """Folders with programs: the system's, and those of interpreters that lie elsewhere."""
    system = [Path(name) for name in _SYSTEM if Path(name).exists()]
    found = dict.fromkeys(prefix for prefix in _interpreters() if is_apart(prefix, Path.home()))
    return (*system, *(prefix for prefix in found if not _is_within(prefix, system)))


@cache
def path() -> str:
    """Where a command's programs are."""
    own = (f"{folder}/bin" for folder in programs() if str(folder) not in _SYSTEM)
    return ":".join((_STANDARD_PATH, *own))


def is_apart(prefix: Path, home: Path) -> bool:
    """Whether a folder holds an interpreter alone: nothing of a person, nothing of the machine.

    >>> home = Path("/home/ada")
    >>> is_apart(home / ".pyenv/versions/3.11.7", home), is_apart(Path("/opt/python"), home)
    (True, True)
    >>> is_apart(home / ".local", home), is_apart(Path("/home"), home), is_apart(Path("/opt"), home)
    (False, False, False)
    """
    if home.is_relative_to(prefix) or len(prefix.parts) <= 2:  # noqa: PLR2004 - the root and what lies in it
        return False
    return not prefix.is_relative_to(home) or len(prefix.relative_to(home).parts) >= _BENEATH_HOME


def _interpreters() -> list[Path]:
    """Where Python and Node lie with all they need."""
    node = shutil.which("node")
    places = [
        Path(sys.base_prefix),
        Path(sys.prefix),
        *([Path(node).resolve().parent.parent] if node else []),
    ]
    return [place.resolve() for place in places]


def _is_within(prefix: Path, system: list[Path]) -> bool:
    return any(prefix.is_relative_to(root.resolve()) for root in system)
