"""What bubblewrap is told; that it holds is shown by the escape suite."""

from itertools import pairwise
from pathlib import Path

import pytest

from agent.tooling.sandbox.backends import Wanted, bubblewrap
from agent.tooling.sandbox.confinement import Confinement
from agent.tooling.sandbox.protecting import Cover

WORKSPACE = "/somewhere/workspace"


def arguments(wanted: Wanted) -> list[object]:
    return bubblewrap.configuration(wanted)["argv"]


def wanted(*covers: Cover, proxy: Path | None = None, **more: object) -> Wanted:
    confinement = Confinement.model_validate({"workspace": WORKSPACE, **more})
    return Wanted(["true"], confinement, Path("/scratch"), covers, proxy)


def position(found: list[object], *words: object) -> int:
    """Where these arguments stand one after the other."""
    return next(i for i in range(len(found)) if tuple(found[i : i + len(words)]) == words)


def test_every_namespace_is_its_own_and_no_capability_stays() -> None:
    found = arguments(wanted())
    for option in ("user", "pid", "ipc", "uts", "net"):
        assert f"--unshare-{option}" in found
    for option in ("--disable-userns", "--new-session", "--die-with-parent", "--clearenv"):
        assert option in found
    assert ("--cap-drop", "ALL") in pairwise(found)


def test_the_root_is_closed_when_all_is_in_place() -> None:
    found = arguments(wanted())
    end = found.index("--")
    assert found.index("--remount-ro", position(found, "--bind", WORKSPACE)) < end
    assert position(found, "--remount-ro", "/") > position(found, "--bind", WORKSPACE, WORKSPACE)
    assert ("--seccomp", {"filter": True}) in pairwise(found)
    assert found[-1] == "true"


def test_the_repository_is_laid_over_itself_before_what_is_covered_in_it() -> None:
    found = arguments(wanted(Cover(".git/hooks", exists=True, is_file=False)))
    git, hooks = f"{WORKSPACE}/.git", f"{WORKSPACE}/.git/hooks"
    assert (
        position(found, "--bind", WORKSPACE, WORKSPACE)
        < position(found, "--bind", git, git)
        < position(found, "--ro-bind", hooks, hooks)
    )


def test_what_is_missing_is_covered_too() -> None:
    found = arguments(
        wanted(Cover(".env", exists=False, is_file=True), Cover(".agent", exists=False, is_file=False))
    )
    position(found, "--ro-bind", "/dev/null", f"{WORKSPACE}/.env")
    position(found, "--tmpfs", f"{WORKSPACE}/.agent", "--remount-ro", f"{WORKSPACE}/.agent")


def test_a_read_only_workspace_is_bound_read_only() -> None:
    made = bubblewrap.configuration(wanted(is_read_only=True))
    position(made["argv"], "--ro-bind", WORKSPACE, WORKSPACE)
    with pytest.raises(StopIteration):
        position(made["argv"], "--bind", WORKSPACE, WORKSPACE)
    assert made["measured"] == []


def test_without_hosts_there_is_no_way_out() -> None:
    assert bubblewrap.BRIDGE not in arguments(wanted())
    assert not any("proxy" in str(each).lower() for each in arguments(wanted()))


def test_the_way_out_is_one_socket_and_the_bridge_to_it() -> None:
    found = arguments(wanted(proxy=Path("/scratch/proxy.sock"), hosts=("example.org",)))
    position(found, "--ro-bind", "/scratch/proxy.sock", bubblewrap.PROXY)
    position(found, "--setenv", "https_proxy", "http://127.0.0.1:3128")
    assert "--unshare-net" in found
    assert found[-3:] == [bubblewrap.PROXY, "3128", "true"]


def test_bubblewrap_itself_finds_nothing_in_its_environment_but_the_mark() -> None:
    made = bubblewrap.configuration(wanted(session_id="s", variables={"A": "b"}))
    assert made["environment"] == {"MAESTRO_SESSION": "s"}


@pytest.mark.parametrize(("mode", "trusted"), [(0o755, True), (0o775, False), (0o757, False), (0o644, False)])
def test_a_program_that_others_can_write_is_not_trusted(mode: int, *, trusted: bool, tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.touch()
    program.chmod(mode)
    assert bubblewrap.is_trusted(program) == trusted
    assert not bubblewrap.is_trusted(tmp_path / "missing")
