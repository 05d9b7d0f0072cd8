import httpx2

from tests.app.serving import Server
from tests.app.tabs import STATE, opened

SAID = f"{STATE}.app___settings___said____said_state"
TOKENS = f"{STATE}.app___settings___tokens____tokens_state"


async def test_what_was_done_is_said_to_those_who_cannot_see_it(server: Server, api: httpx2.Client) -> None:
    made = api.post("tokens", json={"name": "to be revoked"}).json()
    async with opened(server, "/settings") as tab:
        await tab.send(f"{TOKENS}.revoke", {"token_id": made["id"]})
        await tab.until(lambda: tab.of(SAID, "sentence"))
        assert tab.of(SAID, "sentence") == "The token is revoked."
