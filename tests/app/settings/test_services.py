import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from agent.tooling import OpenapiService, SchemeOffer
from app.settings.services import services_shown
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

SERVICES = f"{STATE}.app___settings___services____services_state"
SAID = f"{STATE}.app___settings___said____said_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Weather", "version": "1"},
    "servers": [{"url": "https://api.example.org"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-key"}}},
    "paths": {"/now": {"get": {"operationId": "now", "responses": {"200": {"description": "It."}}}}},
}
SECRET = "canary-of-a-weather-key-0123456789"


@pytest.fixture
def weather(api: httpx2.Client) -> Iterator[str]:
    new = {"name": "settings-weather", "text": json.dumps(DOCUMENT), "credentials": {"key": SECRET}}
    made = api.post("openapi-services", json=new)
    assert made.status_code == 201, made.text
    yield made.json()["id"]
    api.delete(f"openapi-services/{made.json()['id']}")


def found(tab: Tab, service_id: str) -> dict[str, object]:
    return next((one for one in tab.of(SERVICES, "services") or [] if one["id"] == service_id), {})


def test_a_service_is_told_in_words() -> None:
    one = OpenapiService(
        id="1",
        name="weather",
        title="Weather",
        version="1",
        operations=3,
        left_out=("upload: takes files",),
        url="https://example.org/openapi.json",
        server="https://api.example.org",
        servers=(),
        schemes={"login": SchemeOffer(kind="basic", told="Of your account")},
        hint="",
        has_credentials=True,
        is_enabled=True,
        created_at=NOW,
        fetched_at=NOW - timedelta(hours=2),
    )
    [shown] = services_shown([one], NOW)
    assert shown.notes == "3 operations · 1 cannot be called · read 2 hours ago"
    assert shown.is_fetched
    assert shown.credential == "set"
    assert (shown.schemes[0].field, shown.schemes[0].hint) == ("credentials.login", "user:password")


async def test_a_service_is_switched_off_and_removed(
    server: Server, api: httpx2.Client, weather: str
) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{SERVICES}.switch", {"service_id": weather, "on": False})
        await tab.until(lambda: found(tab, weather).get("is_enabled") is False)
        assert found(tab, weather)["credential"] == "ends in 6789"
        await tab.send(f"{SERVICES}.remove", {"service_id": weather})
        await tab.until(lambda: tab.of(SAID, "sentence") == "The service is removed.")
        assert SECRET not in "".join(tab.heard)
    assert weather not in [one["id"] for one in api.get("openapi-services").json()]


async def test_what_came_as_text_cannot_be_read_again(server: Server, weather: str) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{SERVICES}.look")
        await tab.until(lambda: found(tab, weather))
        assert found(tab, weather)["is_fetched"] is False
        await tab.send(f"{SERVICES}.read_again", {"service_id": weather})
        await tab.until(lambda: tab.sentence)


async def test_another_persons_service_is_not_there(server: Server) -> None:
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        new = {"name": "private-weather", "text": json.dumps(DOCUMENT)}
        made = theirs.post("openapi-services", json=new).json()
        async with opened(server, "/settings") as tab:
            await tab.send(f"{SERVICES}.look")
            await tab.send(f"{SERVICES}.remove", {"service_id": made["id"]})
            await tab.until(lambda: tab.sentence)
            assert tab.sentence == "There is no such service here."
            assert "private-weather" not in "".join(tab.heard)
        assert len(theirs.get("openapi-services").json()) == 1
