"""Whether the server says that it can do its work, and when it cannot."""

from pathlib import Path

import pytest
from starlette.requests import Request

from agent.config import Settings
from app import health
from app.health import Readiness
from tests.app.serving import serving


async def test_who_asks_often_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Settings] = []

    async def look(settings: Settings) -> list[str]:
        looked.append(settings)
        return ["database"]

    monkeypatch.setattr(health, "unready", look)
    readiness = Readiness(Settings())
    answers = [await readiness.readyz(Request({"type": "http"})) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {503}
    assert len(looked) == 1


def test_a_server_says_which_part_is_missing_and_nothing_else(data: Path) -> None:
    with serving(data) as running, running.stranger() as probe, running.database() as database:
        assert probe.get("/healthz").json() == {"status": "ok"}
        [before] = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.commit()
        while (answer := probe.get("/readyz")).status_code == 200:
            pass  # an answer holds for a moment
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "missing": ["shape"]})
        assert probe.get("/healthz").status_code == 200
        database.execute("UPDATE alembic_version SET version_num = ?", [before])
        database.commit()
        while (answer := probe.get("/readyz")).status_code == 503:
            pass
        assert answer.json() == {"status": "ready"}
