"""A web process shows what a worker does, on one PostgreSQL and one Redis."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.app.serving import PATIENCE, Server, serving, started

Settings = dict[str, str]


@pytest.fixture
def shared(postgres: str, redis_url: str) -> Settings:
    return {"DATABASE_URL": postgres, "REDIS_URL": redis_url}


@contextmanager
def working(data: Path, shared: Settings) -> Iterator[subprocess.Popen[str]]:
    """A worker until the end of the block."""
    with started(data, MAESTRO_ROLE="worker", **shared) as running:
        try:
            assert running.stdout
            assert running.stdout.readline() == "Maestro works\n", (data / "log").read_text()
            yield running
        finally:
            running.terminate()
            running.wait(PATIENCE)


def prompted(client: httpx2.Client, text: str) -> str:
    """A session with a prompt; gives its id."""
    session = client.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    client.post(f"sessions/{session}/commands", json={"type": "Prompt", "text": text}).raise_for_status()
    return session


def heard(client: httpx2.Client, session: str, last: str = "TurnFinished") -> list[str]:
    """What a follower hears of a session, by name."""
    names: list[str] = []
    with client.stream("GET", f"sessions/{session}/events") as told:
        for line in told.iter_lines():
            if line.startswith("event:"):
                names.append(line.split()[1])
                if names[-1] == last:
                    return names
    return names


def web(data: Path, shared: Settings) -> AbstractContextManager[Server]:
    return serving(data, MAESTRO_ROLE="web", **shared)


def test_a_turn_runs_on_a_worker_and_streams_to_the_web(tmp_path: Path, shared: Settings) -> None:
    data = tmp_path / "data"
    with working(data, shared), web(data, shared) as server, server.client() as client:
        names = heard(client, prompted(client, "list files"))
    durable = [name for name in names if name not in {"Delta", "Snapshot"}]
    assert durable == [
        *("TurnStarted", "StepFinished", "ToolCallStarted", "ToolCallFinished", "StepFinished"),
        "TurnFinished",
    ]
    assert "Delta" in names


def test_a_turn_waits_until_there_is_a_worker(tmp_path: Path, shared: Settings) -> None:
    with web(tmp_path / "data", shared) as server, server.client() as client:
        session = prompted(client, "count to 3")
        with working(tmp_path / "data", shared):
            assert heard(client, session)[-1] == "TurnFinished"


def test_a_worker_that_is_stopped_leaves_its_turn_to_the_next(tmp_path: Path, shared: Settings) -> None:
    with web(tmp_path / "data", shared) as server, server.client() as client:
        with working(tmp_path / "data", shared) as first:
            session = prompted(client, "count to 400 slowly")
            heard(client, session, "Delta")
            first.send_signal(signal.SIGTERM)
            assert first.wait(PATIENCE) == 0
        with working(tmp_path / "data", shared):
            names = heard(client, session)
    assert names.count("TurnFinished") == names.count("TurnStarted") == 1
    assert "Noticed" in names


def test_several_processes_need_a_shared_database_and_redis(tmp_path: Path) -> None:
    with started(tmp_path / "data", MAESTRO_ROLE="worker") as refused:
        assert refused.wait(PATIENCE) == 1
    assert "DATABASE_URL" in (tmp_path / "data" / "log").read_text()
