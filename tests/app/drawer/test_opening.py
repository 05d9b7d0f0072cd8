"""The drawer in a tab: what is read when, and what is forgotten."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.core.messages import ToolCall
from tests.app.serving import Server
from tests.app.tabs import CHAT, STATE, Tab, opened
from tests.browser.telling import called, said, told

DRAWER = f"{STATE}.app___drawer___opening____drawer_state"
CHANGES = f"{STATE}.app___drawer___changes____changes_state"
FILES = f"{STATE}.app___drawer___files____files_state"
TRACE = f"{STATE}.app___drawer___trace____trace_state"
OUTPUT = f"{STATE}.app___drawer___output____output_state"


@pytest.fixture
def session(api: httpx2.Client) -> str:
    return api.post("sessions", json={"model": "demo:scripted", "mode": "edit"}).json()["id"]


async def begun(tab: Tab, session: str) -> dict[str, str]:
    """Show the session; gives what every event says."""
    await tab.send(f"{CHAT}.arrive")
    await tab.until(lambda: tab.of(CHAT, "session_id") == session)
    return {"session_id": session}


async def test_nothing_is_read_while_it_is_closed_and_all_is_kept_up_while_it_is_open(
    server: Server, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        about = await begun(tab, session)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "write a.md with Milk"}})
        await tab.idle_after(1)
        assert not tab.of(CHANGES, "files")
        await tab.send(f"{DRAWER}.toggle", about)
        await tab.until(lambda: tab.of(CHANGES, "files"))
        assert [one["path"] for one in tab.of(CHANGES, "files")] == ["a.md"]
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "write b.md with Eggs"}})
        await tab.until(lambda: len(tab.of(CHANGES, "files")) == 2)
        await tab.idle_after(2)
        await tab.send(f"{CHANGES}.choose", {**about, "scope": "turn"})
        await tab.until(lambda: [one["path"] for one in tab.of(CHANGES, "files")] == ["b.md"])
        await tab.send(f"{DRAWER}.close")
        await tab.until(lambda: tab.of(DRAWER, "tab") == "")
        assert tab.of(CHANGES, "files") == []


async def test_a_turn_is_told_step_by_step(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        about = await begun(tab, session)
        for number, prompt in enumerate(("count to 2", "list files"), 1):
            await tab.send(f"{CHAT}.send", {"form": {"prompt": prompt}})
            await tab.idle_after(number)
        await tab.send(f"{DRAWER}.show", {**about, "tab": "trace"})
        await tab.until(lambda: len(tab.of(TRACE, "spans") or []) == 3)
        assert tab.of(TRACE, "title") == "Turn 2 of 2"
        await tab.send(f"{TRACE}.unfold", {**about, "number": 1})
        await tab.until(lambda: "ToolCallFinished" in (tab.of(TRACE, "raw") or ""))
        await tab.send(f"{TRACE}.choose", {**about, "turn_id": tab.of(TRACE, "earlier")})
        await tab.until(lambda: tab.of(TRACE, "title") == "Turn 1 of 2")
        assert (len(tab.of(TRACE, "spans")), tab.of(TRACE, "opened")) == (1, -1)
        await tab.send(f"{TRACE}.unfold", {**about, "number": 99})
        await tab.send(f"{DRAWER}.toggle", about)
        await tab.until(lambda: tab.of(DRAWER, "tab") == "")


async def test_all_of_an_output_comes_page_by_page(server: Server) -> None:
    text = "".join(f"line {number}\n" for number in range(8000))
    call = ToolCall(id="c", name="shell", arguments={"command": "seq"})
    address = told(server, [*said("t", "a")[:1], *called("t", call, "ok", text)])
    session = address.rpartition("/")[2]
    async with opened(server, address) as tab:
        about = await begun(tab, session)
        await tab.send(f"{DRAWER}.show_output", {"form": {**about, "call_id": "c"}})
        await tab.until(lambda: tab.of(DRAWER, "tab") == "output")
        assert tab.of(OUTPUT, "has_more") is True
        for _ in range(3):
            await tab.send(f"{OUTPUT}.more", about)
        await tab.until(lambda: "".join(tab.of(OUTPUT, "pages")) == text)
        await tab.send(f"{DRAWER}.show", {**about, "tab": "files"})
        await tab.send(f"{DRAWER}.turn_to_output")
        await tab.until(lambda: tab.of(DRAWER, "tab") == "output")
        await tab.send(f"{DRAWER}.show_output", {"form": {**about, "call_id": "d"}})
        await tab.until(lambda: tab.sentence)


async def test_what_was_shown_of_one_session_is_forgotten_in_another(server: Server, session: str) -> None:
    call = ToolCall(id="c", name="shell", arguments={"command": "seq"})
    address = told(server, [*said("t", "a")[:1], *called("t", call, "ok", "heron\n")])
    async with opened(server, address) as tab:
        about = await begun(tab, address.rpartition("/")[2])
        await tab.send(f"{DRAWER}.show_output", {"form": {**about, "call_id": "c"}})
        await tab.until(lambda: tab.of(OUTPUT, "pages") == ["heron\n"])
        tab.path = f"/s/{session}"
        await begun(tab, session)
        await tab.until(lambda: tab.of(DRAWER, "tab") == "changes")
        assert (tab.of(OUTPUT, "pages"), tab.of(DRAWER, "about")) == ([], session)


async def test_a_changed_file_is_opened_beside_the_tree(
    server: Server, api: httpx2.Client, session: str
) -> None:
    found: dict[str, Any] = api.get(f"sessions/{session}").json()
    await asyncio.to_thread(Path(found["workspace"], "a.md").write_text, "Milk")
    async with opened(server, f"/s/{session}") as tab:
        about = await begun(tab, session)
        await tab.send(f"{DRAWER}.show_file", {**about, "path": "a.md"})
        await tab.until(lambda: tab.of(DRAWER, "tab") == "files")
        assert "Milk" in tab.of(FILES, "text")
        await tab.send(f"{DRAWER}.show", {**about, "tab": "nowhere"})
        await tab.until(lambda: tab.sentence)
