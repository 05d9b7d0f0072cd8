from datetime import UTC, datetime, timedelta

import httpx2

from agent.accounts import ApiToken
from app.settings.tokens import token_shown
from tests.app.serving import Server
from tests.app.tabs import STATE, opened

TOKENS = f"{STATE}.app___settings___tokens____tokens_state"
SAID = f"{STATE}.app___settings___said____said_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_token_is_told_in_words() -> None:
    token = ApiToken(
        id="1",
        name="backup",
        hint="mst_abcd",
        source="device",
        scopes=("sessions:read", "settings:write"),
        created_at=NOW - timedelta(days=1),
        expires_at=NOW,
        last_used_at=None,
    )
    shown = token_shown(token, NOW)
    assert shown.may == "It may: look at sessions, change settings"
    assert shown.notes == "by device login · made 1 day ago · never used · ended on 31 Jan 2026"
    assert shown.is_over


async def test_a_token_is_listed_without_itself_and_revoked(server: Server, api: httpx2.Client) -> None:
    made = api.post("tokens", json={"name": "for the settings page"}).json()
    async with opened(server, "/settings") as tab:
        await tab.send(f"{TOKENS}.look")
        await tab.until(lambda: made["id"] in [one["id"] for one in tab.of(TOKENS, "tokens") or []])
        await tab.send(f"{TOKENS}.revoke", {"token_id": made["id"]})
        await tab.until(lambda: tab.of(SAID, "sentence") == "The token is revoked.")
        assert made["token"] not in "".join(tab.heard)
    with server.stranger() as program:
        bearer = {"authorization": f"Bearer {made['token']}"}
        assert program.get("/api/v1/me", headers=bearer).status_code == 401


async def test_another_persons_token_is_not_there(server: Server) -> None:
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        made = theirs.post("tokens", json={"name": "private token"}).json()
        async with opened(server, "/settings") as tab:
            await tab.send(f"{TOKENS}.look")
            await tab.send(f"{TOKENS}.revoke", {"token_id": made["id"]})
            await tab.until(lambda: tab.sentence)
            assert "private token" not in "".join(tab.heard)
        assert made["id"] in [one["id"] for one in theirs.get("tokens").json()]
