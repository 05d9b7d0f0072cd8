"""The page of all sessions, spoken to by hand."""

import httpx2
import pytest

from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.app.tabs import LIST, STATE, Tab, Values, opened

BROWSING = f"{STATE}.app___browsing____browsing_state"


def rows(tab: Tab) -> list[Values]:
    return tab.of(BROWSING, "rows") or []


async def found(tab: Tab) -> list[str]:
    """The names of what is shown when nothing more is looked for."""
    await tab.until(lambda: tab.of(BROWSING, "is_looking") is False)
    return [row["name"] for row in rows(tab)]


async def ask(tab: Tab, name: str, **payload: object) -> None:
    await tab.send(f"{BROWSING}.{name}", payload)


async def look(tab: Tab, q: str) -> list[str]:
    """Type, and see what is found."""
    await ask(tab, "type", q=q)
    await tab.until(lambda: tab.of(BROWSING, "q") == q and tab.of(BROWSING, "is_looking"))
    return await found(tab)


@pytest.fixture
def told(api: httpx2.Client) -> str:
    made = api.post("sessions", json={"model": "demo:scripted", "name": "Zinc and tin"}).json()["id"]
    turn(api, made, "say basalt")
    return made


async def test_what_is_typed_is_found_with_its_mark(server: Server, told: str) -> None:
    async with opened(server, "/sessions") as tab:
        await ask(tab, "arrive")
        assert "Zinc and tin" in await found(tab)
        assert await look(tab, "basal") == ["Zinc and tin"]
        hit = rows(tab)[0]["hits"][-1]
        assert [piece["text"] for piece in hit["pieces"] if piece["is_mark"]] == ["basalt"]
        assert hit["href"].startswith(f"/s/{told}#")
        assert await look(tab, "tin basalt") == []
        assert tab.of(BROWSING, "said") == "Nothing found."
        await ask(tab, "clear")
        await tab.until(lambda: len(rows(tab)) > 0)


async def test_a_session_is_archived_and_found_among_the_archived(server: Server, told: str) -> None:
    async with opened(server, "/sessions") as tab:
        await ask(tab, "arrive")
        await found(tab)
        await ask(tab, "do_one", session_id=told, action="archive")
        await tab.until(lambda: told not in [row["id"] for row in rows(tab)])
        assert tab.of(BROWSING, "said") == "1 session archived."
        await ask(tab, "choose_how", how="archived")
        await tab.until(lambda: told in [row["id"] for row in rows(tab)])
        assert told not in [entry["id"] for entry in tab.of(LIST, "entries")]


async def test_chosen_sessions_are_deleted_and_brought_back(
    server: Server, api: httpx2.Client, told: str
) -> None:
    async with opened(server, "/sessions") as tab:
        await ask(tab, "arrive")
        await found(tab)
        await ask(tab, "choose", session_id=told)
        await tab.until(lambda: tab.of(BROWSING, "chosen") == [told])
        await ask(tab, "do", action="delete")
        await tab.until(lambda: tab.of(BROWSING, "deleted") == [told])
        assert api.get(f"sessions/{told}").status_code == 404
        await ask(tab, "undo")
        await tab.until(lambda: tab.of(BROWSING, "deleted") == [])
        await tab.until(lambda: told in [row["id"] for row in rows(tab)])
        assert api.get(f"sessions/{told}").status_code == 200


async def test_a_session_is_renamed_in_its_place(server: Server, told: str) -> None:
    async with opened(server, "/sessions") as tab:
        await ask(tab, "arrive")
        await found(tab)
        await ask(tab, "begin_rename", session_id=told)
        await ask(tab, "rename", form={"name": "Copper"})
        await tab.until(lambda: {"id": told, "name": "Copper"}.items() <= _row(tab, told).items())
        assert tab.of(BROWSING, "renaming") == ""


async def test_a_fork_is_opened(server: Server, api: httpx2.Client, told: str) -> None:
    empty = api.post("sessions", json={"name": "Nothing"}).json()["id"]
    async with opened(server, "/sessions") as tab:
        await ask(tab, "fork", session_id=told)
        await tab.until(lambda: tab.events)
        assert "/s/" in str(tab.events[0])
        await ask(tab, "fork", session_id=empty)
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "Nothing was asked in this session yet, so there is nothing to fork."


async def test_another_persons_session_is_neither_shown_nor_touched(server: Server) -> None:
    _, theirs = server.neighbour()
    before = server.stored(theirs)
    async with opened(server, "/sessions") as tab:
        await ask(tab, "arrive")
        assert "Private" not in await found(tab)
        assert await look(tab, "private") == []
        for action in ("pin", "archive", "delete"):
            await ask(tab, "do_one", session_id=theirs, action=action)
            await tab.until(lambda: tab.sentence == "There is no such session here.")
        await ask(tab, "choose", session_id=theirs)
        await ask(tab, "narrow", session_id=theirs)
        await ask(tab, "choose_none")
        assert await look(tab, "anything") == []
        assert tab.of(BROWSING, "only") in ("", None)
    assert server.stored(theirs) == before


def _row(tab: Tab, session_id: str) -> Values:
    return next((row for row in rows(tab) if row["id"] == session_id), {})
