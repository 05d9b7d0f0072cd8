"""A forked program is one like any other: its own folder, variables, output, number and end."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.forking import begun, executed

SAYS = """\
import os, sys
assert __name__ == "__main__"
print(os.getpid(), os.getcwd(), sys.argv[1:], sorted(os.environ), flush=True)
print("to the log", file=sys.stderr)
"""
FILES = """\
import os
held = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
print(sorted(os.readlink(name) for name in held if os.path.exists(name)))
"""
WAITS = 'print("waits", flush=True)\nimport time\ntime.sleep(1000)\n'
WAYS = [begun, executed]


@contextmanager
def running(way: type, folder: Path, source: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    (folder / "told.py").write_text(source)
    with (folder / "log").open("w") as log:
        variables = {"WORD": "1", "PYTHONPATH": str(folder)}
        with way("told", arguments, folder, variables, log) as program:
            try:
                yield program
            finally:
                program.kill()


@pytest.mark.parametrize("way", WAYS)
def test_a_program_has_its_own_folder_variables_and_number(tmp_path: Path, way: type) -> None:
    with running(way, tmp_path, SAYS, "a", "b") as program:
        assert program.stdout
        told = program.stdout.read().split(maxsplit=2)
        assert program.wait(20) == 0
    assert told[:2] == [str(program.pid), str(tmp_path)]
    assert told[2].startswith("['a', 'b']")
    assert "'WORD'" in told[2]
    assert "'HOME'" not in told[2]
    assert (tmp_path / "log").read_text() == "to the log\n"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("last", "code"), [("sys.exit(3)", 3), ("raise OSError", 1), ("os.abort()", -6)])
def test_its_exit_code_is_told(tmp_path: Path, way: type, last: str, code: int) -> None:
    with running(way, tmp_path, f"{SAYS}{last}\n") as program:
        assert program.wait(20) == code
        assert program.poll() == program.returncode == code
    assert ("Traceback" in (tmp_path / "log").read_text()) == (code == 1)


@pytest.mark.parametrize("way", WAYS)
def test_it_can_be_killed_and_waited_for(tmp_path: Path, way: type) -> None:
    with running(way, tmp_path, WAITS) as program:
        assert program.stdout
        assert program.stdout.readline() == "waits\n"
        assert program.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.01)
        program.send_signal(signal.SIGKILL)
        assert program.wait(20) == -signal.SIGKILL
        assert not Path(f"/proc/{program.pid}").exists()
        program.kill()  # does nothing: the number may be another's by now


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not tell what is open")
def test_it_holds_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with (
        running(begun, tmp_path / "one", WAITS) as other,
        running(begun, tmp_path, FILES) as program,
    ):
        assert other.stdout
        assert program.stdout
        held = program.stdout.read()
        assert "socket" not in held
        assert held.count("pipe") == 1
        assert program.pid != other.pid != os.getpid()
