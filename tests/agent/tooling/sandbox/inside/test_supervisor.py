"""What a supervisor tells of an end; how it watches is shown by the commands of test_running.py."""

import signal

import pytest

from agent.tooling.sandbox.inside.supervisor import ending
from agent.tooling.sandbox.inside.watching import Outcome


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (0, (0, None, "exit")),
        (7 << 8, (7, None, "exit")),
        (signal.SIGKILL, (None, 9, "exit")),
        (signal.SIGXCPU, (None, signal.SIGXCPU, "cpu")),
        ((128 + signal.SIGXCPU) << 8, (128 + signal.SIGXCPU, None, "cpu")),
    ],
)
def test_an_end_of_its_own_has_a_code_or_a_signal(
    state: int, told: tuple[int | None, int | None, str]
) -> None:
    said = ending(Outcome("exit", state), "")
    assert (said["exit_code"], said["signal"], said["reason"]) == told


@pytest.mark.parametrize("reason", ["wall", "memory", "stopped"])
def test_who_was_ended_has_neither(reason: str) -> None:
    said = ending(Outcome(reason), "")
    assert (said["exit_code"], said["signal"], said["reason"]) == (None, None, reason)


def test_what_went_wrong_on_our_side_is_no_end_of_the_command() -> None:
    said = ending(Outcome("exit", 127 << 8), "FileNotFoundError: x")
    assert (said["exit_code"], said["reason"], said["complaint"]) == (None, "broken", "FileNotFoundError: x")
