"""The values: what a command may by default, and what a refusal says."""

from pathlib import Path

from agent.tooling.sandbox.confinement import Confinement, NoSandbox


def test_a_command_reaches_nothing_that_is_not_named() -> None:
    confinement = Confinement(workspace=Path("/w"))
    assert (confinement.hosts, confinement.is_bypassed, confinement.variables) == ((), False, {})


def test_a_missing_sandbox_says_what_each_backend_lacks() -> None:
    refusal = NoSandbox({"bubblewrap": ("bwrap is not installed",), "landlock": ("a leak", "another")})
    assert "bubblewrap: bwrap is not installed; landlock: a leak, another" in str(refusal)
