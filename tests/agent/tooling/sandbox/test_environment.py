"""The environment of a command is made from nothing."""

from pathlib import Path

import pytest

from agent.tooling.sandbox.confinement import Confinement
from agent.tooling.sandbox.environment import is_open, variables

WORKSPACE = Path("/w")


def test_nothing_of_ours_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "canary")
    made = variables(Confinement(workspace=WORKSPACE), "/h", "/t", "/bin")
    assert "canary" not in made.values()
    assert (made["HOME"], made["TMPDIR"], made["PATH"]) == ("/h", "/t", "/bin")


def test_a_session_marks_its_commands() -> None:
    made = variables(Confinement(workspace=WORKSPACE, session_id="s"), "/h", "/t", "/bin")
    assert made["MAESTRO_SESSION"] == "s"


def test_wishes_are_granted_where_they_are_harmless() -> None:
    wishes = {"COLUMNS": "80", "PATH": "/evil", "LD_PRELOAD": "/evil.so", "MAESTRO_SESSION": "other"}
    confinement = Confinement(workspace=WORKSPACE, session_id="s", variables=wishes)
    made = variables(confinement, "/h", "/t", "/bin")
    assert (made["COLUMNS"], made["PATH"], made["MAESTRO_SESSION"]) == ("80", "/bin", "s")
    assert "LD_PRELOAD" not in made


@pytest.mark.parametrize(
    "name",
    ["BASH_ENV", "ENV", "PYTHONPATH", "NODE_OPTIONS", "GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "HOME", "", "A=B"],
)
def test_names_that_lead_to_code_or_keys_are_closed(name: str) -> None:
    assert not is_open(name, "x")
