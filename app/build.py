"""Builds the page when its sources have changed: `python -m app.build`."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILT = ROOT / ".web" / "build" / "client"
STAMP = ROOT / ".web" / "built-from"
SOURCES = ("rxconfig.py", "requirements.lock", "package-lock.json")
PAGE_ONLY = ("api", "cli.py", "server.py", "guard.py")
"""Parts of app/ that no page is made of."""


def sources() -> list[Path]:
    """The files the page is made of."""
    code = [
        file
        for file in (ROOT / "app").rglob("*.py")
        if file.relative_to(ROOT / "app").parts[0] not in PAGE_ONLY
    ]
    assets = [
        file for file in (ROOT / "assets").rglob("*") if file.is_file() and "external" not in file.parts
    ]
    return sorted([*code, *assets, *(ROOT / name for name in SOURCES)])


def digest() -> str:
    """A hash over the sources."""
    total = hashlib.sha256()
    for file in sources():
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def is_built() -> bool:
    """Whether the built page is made of the present sources."""
    return BUILT.is_dir() and STAMP.exists() and STAMP.read_text("utf-8") == digest()


def build() -> None:
    """Build the page.

    Raises:
        subprocess.CalledProcessError: Reflex could not; its own words were printed.
    """
    bins = [str(ROOT / "node_modules" / ".bin"), str(Path(sys.executable).parent)]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([*bins, os.environ.get("PATH", "")]),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }
    for stale in (ROOT / "assets" / "external", ROOT / ".web" / "public"):
        shutil.rmtree(stale, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "reflex"), "export", "--no-zip", "--frontend-only"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603  our own command
    STAMP.write_text(digest(), "utf-8")


if __name__ == "__main__":
    if not is_built():
        print("Building the page (once; about 15 seconds) …", flush=True)  # noqa: T201
        build()
