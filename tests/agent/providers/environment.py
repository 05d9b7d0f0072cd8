"""The environment as an SDK might read it, every variable with a mark in it."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

MARK = "from-the-environment"
NAME = re.compile(r"""["']((?:AZURE_)?(?:OPENAI|ANTHROPIC)_[A-Z_]+)["']""")


def marked(monkeypatch: pytest.MonkeyPatch, package: str) -> set[str]:
    """Set every variable that a package's source names; their value is a header, where one is wanted."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    texts = (path.read_text("utf-8") for path in Path(found.origin).parent.rglob("*.py"))
    names = {name for text in texts for name in NAME.findall(text)}
    for name in names:
        monkeypatch.setenv(name, f"X-Mark: {MARK}")
    return names
