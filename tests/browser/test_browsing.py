"""All sessions: searching, and what is done with what was found."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.browser.chat import Faults
from tests.browser.chromium import marks

pytestmark = marks("browsing")


@pytest.fixture(scope="module")
def told(server: Server) -> str:
    """A session in which something was said."""
    with server.client() as api:
        made = api.post("sessions", json={"name": "Stones", "model": "demo:scripted"}).json()["id"]
        turn(api, made, "say obsidian")
        return made


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, server: Server, told: str) -> Page:
    """The page, with that session in it."""
    page = await context.new_page()
    faults = Faults(server.url)
    faults.watch(page)
    await page.goto(f"{server.url}/sessions")
    await expect(page.locator(f'[data-session="{told}"]')).to_be_visible()
    return page


async def test_a_word_is_typed_and_its_place_is_opened_by_keyboard(page: Page, told: str) -> None:
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.type("obsid")
    hit = page.locator(f'[data-session="{told}"] .hits a').first
    await expect(hit.locator("mark")).to_have_text("obsidian")
    await hit.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/s/{told}#.+"))
    await expect(page.locator(".bubble").first).to_have_text("say obsidian")


async def test_words_that_are_typed_before_the_page_is_alive_are_looked_for(
    context: BrowserContext, server: Server, told: str
) -> None:
    page, is_typed = await context.new_page(), asyncio.Event()

    async def later(route: Route) -> None:
        await is_typed.wait()
        await route.continue_()

    await page.route("**/assets/**", later)
    await page.goto(f"{server.url}/sessions", wait_until="commit")
    await page.locator("#search").fill("obsidian")
    is_typed.set()
    await expect(page.locator(f'[data-session="{told}"] .hits mark').first).to_have_text("obsidian")
    await expect(page.locator("#search")).to_have_value("obsidian")
    await page.get_by_role("button", name="Clear").click()
    await expect(page.locator(".hits")).to_have_count(0)
    await expect(page.locator("#search")).to_have_value("")


async def test_a_place_in_a_tools_output_is_opened_where_it_stands(page: Page, server: Server) -> None:
    with server.client() as api:
        made = api.post("sessions", json={"name": "Amber", "model": "demo:scripted"}).json()
        Path(made["workspace"], "resin.txt").touch()  # noqa: ASYNC240  an empty file
        turn(api, made["id"], "list files")
    await page.locator("#search").fill("resin")
    await page.locator(f'[data-session="{made["id"]}"] .hits a', has_text="Tool").click()
    card = page.locator(".tool:focus")
    await expect(card.locator(".result")).to_be_visible()
    await expect(card).to_contain_text("resin.txt")


async def test_what_is_deleted_can_be_brought_back_where_one_is(page: Page, told: str) -> None:
    row = page.locator(f'[data-session="{told}"]')
    await row.locator(".acts-of button").first.click()
    await row.get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row).to_be_visible()
    await expect(undo).to_have_count(0)


async def test_a_name_is_changed_in_its_place_and_kept_by_escape(page: Page, told: str) -> None:
    row = page.locator(f'[data-session="{told}"]')
    for key, name in (("Escape", "Stones"), ("Enter", "Old stones"), ("Enter", "Stones")):
        await row.locator(".acts-of button").first.click()
        await row.get_by_role("button", name="Rename").click()
        await expect(row.get_by_label("New name")).to_be_focused()
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(name if key == "Enter" else "Lost")
        await page.keyboard.press(key)
        await expect(row.locator(".name a")).to_have_text(name)


async def test_a_session_is_taken_away_as_a_file(page: Page, told: str) -> None:
    row = page.locator(f'[data-session="{told}"]')
    await row.locator(".acts-of button").first.click()
    async with page.expect_download() as begun:
        await row.get_by_role("link", name="Export as Markdown").click()
    assert (await begun.value).suggested_filename.startswith("stones-")


@pytest.mark.parametrize("width", [1280, 390, 320])
async def test_nothing_scrolls_sideways(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.locator("#search").fill("obsidian " + "x" * 100)
    await expect(page.locator(".nothing")).to_be_visible()
    await page.locator("#search").fill("obsidian")
    await expect(page.locator(".hits").first).to_be_visible()
    wide = "[document.documentElement, browsing].map((one) => one.scrollWidth - one.clientWidth)"
    assert await page.evaluate(wide) == [0, 0]


HEADING = """name => {
  let heading = "";
  for (const entry of document.querySelectorAll("#sidebar li")) {
    heading = entry.querySelector(".group")?.textContent ?? heading;
    if (entry.querySelector("a").textContent === name) return heading;
  }
}"""
"""Of the group in the sidebar that a session is in."""


async def test_sessions_are_listed_by_the_days_of_the_person(browser: Browser, server: Server) -> None:
    with server.client() as api:
        made = api.post("sessions", json={"name": "Half a day ago"}).json()["id"]
    with server.database() as database:
        ago = str(datetime.now(UTC) - timedelta(hours=12))
        database.execute("UPDATE sessions SET updated_at = ? WHERE id = ?", [ago, UUID(made).hex])
    headings: set[str] = set()
    for zone in ("Etc/GMT-14", "Etc/GMT-2"):  # twelve hours apart: it was the day before in one
        async with await browser.new_context(timezone_id=zone) as context:
            page = await context.new_page()
            await page.goto(f"{server.url}/sessions")
            await expect(page.locator("#sidebar").get_by_text("Half a day ago")).to_be_attached()
            headings.add(await page.evaluate(HEADING, "Half a day ago"))
    assert headings == {"Today", "Yesterday"}
