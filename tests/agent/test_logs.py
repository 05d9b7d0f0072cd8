import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from agent.logs import configure, masked

SECRET = "mst_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)


def fail(secret: str) -> None:
    raise ValueError(len(secret))


def test_a_traceback_shows_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    configure("text")
    try:
        fail("hunter2")
    except ValueError as error:
        structlog.get_logger().error("broken", exc_info=error, session_id="s")
    out, err = capfd.readouterr()
    assert out == ""
    assert "ValueError: 7" in err
    assert "session_id=s" in err
    assert "hunter2" not in err.replace('fail("hunter2")', "")


def test_json_is_one_object_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json")
    try:
        fail("hunter2")
    except ValueError as error:
        structlog.get_logger().error("broken", exc_info=error)
    [line] = capfd.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["event"], record["level"]) == ("broken", "error")
    assert "hunter2" not in line


def test_credentials_in_the_log_of_a_library_are_masked(capfd: pytest.CaptureFixture[str]) -> None:
    configure("text")
    logging.getLogger("reflex").error("headers: %s", {"cookie": f"maestro={SECRET}"})
    line = capfd.readouterr().err
    assert "headers: {'cookie': 'maestro=mst_…'}" in line
    assert SECRET not in line


def test_other_words_are_left_alone() -> None:
    assert (
        masked("mst_short and comst_0123456789abcdefghijklmnop")
        == "mst_short and comst_0123456789abcdefghijklmnop"
    )
