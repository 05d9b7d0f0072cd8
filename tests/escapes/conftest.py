"""A fresh field for each attempt."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.escapes.field import Field, made

HERE = Path(__file__).parent
NOT_INSIDE = shutil.ignore_patterns(
    "test_*", "conftest.py", "field.py", "outside.py", "apps.py", "__pycache__"
)
"""What attempts do not need: they run with the standard library alone."""
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a workspace begins as: a repository with a commit, rules for the agent, and variables."""
    folder = tmp_path_factory.mktemp("repository")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder)]
    (folder / "README.md").write_text("A workspace.\n")
    (folder / ".agent").mkdir()
    (folder / ".agent/rules.md").write_text("Ask first.\n")
    (folder / ".env").write_text("DEBUG=1\n")
    for command in (["init", "--quiet", "--template="], ["add", "."], ["commit", "--quiet", "-m", "First"]):
        subprocess.run([*git, *command], check=True, env=GIT)
    (folder / ".git/hooks").mkdir()
    (folder / ".git/hooks/post-checkout").write_text("#!/bin/sh\n")
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/exclude").write_text(".attempts\n")
    shutil.copytree(HERE, folder / ".attempts/tests/escapes", ignore=NOT_INSIDE)
    return folder


@pytest.fixture
def field(tmp_path: Path, repository: Path) -> Iterator[Field]:
    """A field, which is gone with its test."""
    with made(tmp_path / "field", repository) as place:
        yield place
    remove(tmp_path / "field")


def remove(folder: Path) -> None:
    """Remove a folder, as deep and as closed as an attempt may have made it."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["/bin/chmod", "-R", "u+rwX", folder], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["/bin/rm", "-rf", folder], check=True)
