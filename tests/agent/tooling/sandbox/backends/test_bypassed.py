"""What a command outside of the sandbox still has: a clean environment and limits."""

from pathlib import Path

import pytest

from agent.tooling.sandbox.backends import Wanted, bypassed
from agent.tooling.sandbox.confinement import Confinement, Limits


def test_nothing_of_ours_is_passed_on_and_the_limits_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "canary")
    confinement = Confinement(workspace=tmp_path, session_id="s", limits=Limits(tasks=7))
    made = bypassed.configuration(Wanted(["true"], confinement, tmp_path))
    assert "canary" not in made["environment"].values()
    assert made["environment"]["MAESTRO_SESSION"] == "s"
    assert made["environment"]["HOME"] == str(Path.home())
    assert made["limits"]["tasks"] == 7
