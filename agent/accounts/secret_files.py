"""Files that hold a secret: readable by their owner alone, from the first byte on."""

import os
from pathlib import Path


def read(file: Path) -> str:
    """The secret, or an empty text when there is no such file or others may read it.

    A file that others could read is a secret no longer: it is as good as none.
    """
    try:
        return file.read_text("utf-8").strip() if file.stat().st_mode & 0o077 == 0 else ""
    except FileNotFoundError:
        return ""


def write(file: Path, secret: str) -> None:
    """Put a secret in a new file, in place of an older one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(secret + "\n")
