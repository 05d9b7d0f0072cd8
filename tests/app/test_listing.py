import httpx2

from tests.app.serving import Server
from tests.app.tabs import CHAT, LIST, opened


async def test_the_list_has_ones_own_sessions_the_last_used_first(server: Server, api: httpx2.Client) -> None:
    _, theirs = server.neighbour()
    named = api.post("sessions", json={"name": "Named"}).json()["id"]
    unnamed = api.post("sessions").json()["id"]
    async with opened(server) as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(LIST, "entries"))
        entries = tab.of(LIST, "entries")
    assert entries[:2] == [
        {"id": unnamed, "name": "New session", "href": f"/s/{unnamed}"},
        {"id": named, "name": "Named", "href": f"/s/{named}"},
    ]
    assert theirs not in {entry["id"] for entry in entries}
