from dataclasses import dataclass

import pytest
from playwright.async_api import Page, WebSocket, expect

from tests.app.serving import Server
from tests.browser.chromium import marks
from tests.browser.conftest import SOON, Opening

pytestmark = marks("long")

TURNS = 70
ROWS = 200
WAITING = 40
"""Prompts that wait at once; a session takes fifty."""
WORDS = 4_000
MOST_BYTES = 2_000_000
LONGEST_OPENING = 5_000
"""Milliseconds to the newest rows of a long history, on a machine that does other things too."""


@dataclass
class Received:
    """What a tab was sent over its socket."""

    size: int = 0

    def watch(self, page: Page) -> None:
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, frame: str | bytes) -> None:
        self.size += len(frame if isinstance(frame, bytes) else frame.encode())


@pytest.fixture(scope="module")
def long_session(server: Server) -> str:
    """A session of many rows, made through the API."""
    with server.client() as api:
        session = api.post("sessions", json={}).raise_for_status().json()["id"]
        with api.stream("GET", f"sessions/{session}/events") as events:
            finished = (line for line in events.iter_lines() if line == "event: TurnFinished")
            for turn in range(TURNS):
                if turn >= WAITING:
                    next(finished)
                prompt = {"type": "Prompt", "text": f"count to 3 for the {turn}th time"}
                api.post(f"sessions/{session}/commands", json=prompt).raise_for_status()
            for _ in range(WAITING):
                next(finished)
        rows = api.get(f"sessions/{session}").raise_for_status().json()["rows"]
    assert len(rows) >= ROWS
    return session


async def test_a_long_session_opens_with_its_newest_rows_and_the_others_come_by_moving_up(
    tab: Opening, server: Server, long_session: str
) -> None:
    chat = await tab(server, f"/s/{long_session}")
    newest = chat.page.get_by_text(f"count to 3 for the {TURNS - 1}th time")
    await expect(newest).to_be_in_viewport(timeout=LONGEST_OPENING)
    await expect(chat.prompts.nth(9)).to_be_attached()
    assert await chat.prompts.count() < TURNS
    await chat.page.get_by_role("region", name="Transcript").hover()
    while await chat.page.get_by_role("button", name="Show earlier").count():
        known = await chat.prompts.count()
        await chat.page.mouse.wheel(0, -100_000)
        await expect(chat.prompts.nth(known)).to_be_attached()
    await expect(chat.prompts.first).to_contain_text("for the 0th time")
    await expect(chat.prompts).to_have_count(TURNS)


async def test_what_one_reads_stays_in_place_when_earlier_rows_come(
    tab: Opening, server: Server, long_session: str
) -> None:
    chat = await tab(server, f"/s/{long_session}")
    await expect(chat.prompts.last).to_be_in_viewport()
    known = await chat.prompts.count()
    earlier = chat.page.get_by_role("button", name="Show earlier")
    await earlier.scroll_into_view_if_needed()
    read = chat.page.locator(".bubble").get_by_text(await chat.prompts.first.text_content() or "")
    await expect(read).to_be_in_viewport()
    await earlier.click()
    await expect(chat.prompts.nth(known)).to_be_attached()
    await expect(read).to_be_in_viewport(timeout=SOON)


async def test_a_turn_of_thousands_of_words_is_sent_about_once(tab: Opening, server: Server) -> None:
    chat = await tab(server)
    await chat.work("hello")
    received = Received()
    received.watch(chat.page)
    await chat.page.reload()
    await chat.alive()
    await chat.ask(f"count to {WORDS}")
    await expect(chat.answers.last).to_contain_text(f"w{WORDS}", timeout=60_000)
    await chat.idle()
    assert await chat.counted() == [*range(1, WORDS + 1)]
    assert WORDS * 5 < received.size < MOST_BYTES
    await chat.page.reload()
    await expect(chat.answers.last).to_contain_text(f"w{WORDS}")
    assert await chat.counted() == [*range(1, WORDS + 1)]
