import asyncio
from pathlib import Path

from app.palette import MOST
from tests.app.serving import Server
from tests.app.tabs import FLASH, STATE, opened

PALETTE = f"{STATE}.app___palette____palette_state"


async def test_it_finds_in_the_persons_own_sessions_and_nothing_for_one_letter(server: Server) -> None:
    with server.client() as api:
        for number in range(MOST + 2):
            name = f"Cormorant number {number}"
            await asyncio.to_thread(api.post, "sessions", json={"name": name})
    async with opened(server, "/") as tab:
        await tab.send(f"{STATE}.hydrate")
        await tab.send(f"{PALETTE}.look", {"q": "# cormorant", "session_id": ""})
        await tab.until(lambda: tab.of(PALETTE, "found"))
        found = tab.of(PALETTE, "found")
        assert 0 < len(found) <= MOST
        assert {one["q"] for one in found} == {"# cormorant"}
        await tab.send(f"{PALETTE}.look", {"q": "c", "session_id": ""})
        await tab.until(lambda: tab.of(PALETTE, "found") == [])
        await tab.send(f"{PALETTE}.look", {"q": "cormorant", "session_id": ""})
        await tab.until(lambda: tab.of(PALETTE, "found"))
        await tab.send(f"{PALETTE}.look", {"q": "> cormorant", "session_id": ""})
        await tab.until(lambda: tab.of(PALETTE, "found") == [])
        assert not tab.of(FLASH, "sentence")


async def test_it_finds_files_of_the_open_session_and_of_no_other_persons(server: Server) -> None:
    _, theirs = server.neighbour()
    with server.client() as api:
        session = (await asyncio.to_thread(api.post, "sessions", json={})).json()
    await asyncio.to_thread(Path(session["workspace"], "otter.md").write_text, "Hello")
    async with opened(server, "/") as tab:
        await tab.send(f"{STATE}.hydrate")
        await tab.send(f"{PALETTE}.look", {"q": "@ott", "session_id": session["id"]})
        await tab.until(lambda: tab.of(PALETTE, "files") == ["otter.md"])
        assert tab.of(PALETTE, "files_by") == "@ott"
        await tab.send(f"{PALETTE}.look", {"q": "@ott", "session_id": theirs})
        await tab.until(lambda: tab.of(FLASH, "sentence"))
        assert tab.of(FLASH, "sentence") == "There is no such session here."
