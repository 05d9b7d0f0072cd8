"""A session to ask something of."""

import httpx2
import pytest


@pytest.fixture
def session(api: httpx2.Client) -> str:
    made = api.post("sessions", json={"model": "demo:scripted"})
    assert made.status_code == 201
    return made.json()["id"]
