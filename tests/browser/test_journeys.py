"""What people come for, from its beginning to its end, on a server with PostgreSQL."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, expect

from tests.app.serving import Server, serving
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import PATIENCE, Opening
from tests.browser.settings import Settings
from tests.servers import drop_database, free_port, new_database

pytestmark = marks("journeys")

KEY = "sk-of-a-journey-0123456789-wxyz"


@pytest.fixture(scope="module")
def database(postgres_address: str) -> Iterator[str]:
    address = new_database(postgres_address)
    yield address
    drop_database(address)


@pytest.fixture(scope="module")
def server(
    built: None,  # noqa: ARG001  the page comes first
    database: str,
    model_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server on PostgreSQL, with the demo and a model server."""
    settings = {"OPENAI_COMPATIBLE_BASE_URL": model_url, "MAESTRO_DEFAULT_MODEL": "demo:scripted"}
    with serving(tmp_path_factory.mktemp("journeys"), DATABASE_URL=database, **settings) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser, context: BrowserContext) -> AsyncIterator[BrowserContext]:
    """A telephone of the same person: it has their cookie."""
    size: ViewportSize = {"width": 390, "height": 800}
    signed_in = await context.storage_state()
    telephone = browser.new_context(viewport=size, has_touch=True, is_mobile=True, storage_state=signed_in)
    async with await telephone as found:
        found.set_default_timeout(PATIENCE)
        yield found


async def test_a_prompt_is_allowed_on_a_phone_and_its_change_is_seen_everywhere(
    tab: Opening, chat: Chat, phone: BrowserContext
) -> None:
    await chat.ask("create notes.txt with hello world")
    await expect(chat.approval).to_contain_text("notes.txt")
    notes = await chat.workspace() / "notes.txt"
    assert not notes.exists()
    path = f"/s/{chat.session_id}"
    desk, hand = await tab(chat.server, path), Chat(await phone.new_page(), chat.server)
    await hand.open(path)
    await expect(desk.approval).to_be_visible()
    await hand.answer("allow_once")
    for one in (chat, desk, hand):
        await one.idle()
        await expect(one.approval).to_have_count(0)
        await one.calls.first.locator("> summary").click()
        await expect(one.calls.first.locator(".added")).to_have_text("1added: hello world")
    assert notes.read_text() == "hello world\n"
    assert hand.faults.seen == []


async def test_an_answer_is_whole_in_two_tabs_and_on_a_phone_after_a_reload_in_its_middle(
    tab: Opening, chat: Chat, phone: BrowserContext
) -> None:
    await chat.ask("count to 1200")
    await expect(chat.answers.last).to_contain_text("w100 ")
    path = f"/s/{chat.session_id}"
    await chat.page.reload()
    desk, hand = await tab(chat.server, path), Chat(await phone.new_page(), chat.server)
    await hand.open(path)
    for one in (chat, desk, hand):
        await expect(one.answers.last).to_contain_text("w1200")
        await one.idle()
        assert await one.counted() == [*range(1, 1201)]
    assert await hand.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert hand.faults.seen == []


async def test_a_word_of_long_ago_is_found_and_jumped_to(chat: Chat) -> None:
    await chat.work("say that the heron waits")
    for number in range(1, 4):
        await chat.work(f"count to {number}")
    said = chat.page.url
    await chat.page.goto(f"{chat.server.url}/sessions")
    await expect(chat.page.locator("[data-session]").first).to_be_visible()
    await chat.page.locator("#search").fill("heron waits")
    hit = chat.page.locator(".hits a").first
    await expect(hit.locator("mark").first).to_have_text("heron")
    await hit.click()
    await expect(chat.page).to_have_url(re.compile(f"{re.escape(said)}#.+"))
    await expect(chat.prompts.first).to_contain_text("heron")
    await expect(chat.prompts.first).to_be_in_viewport()


async def test_a_key_is_added_tested_used_and_removed(
    context: BrowserContext, tab: Opening, server: Server
) -> None:
    settings = Settings(await context.new_page(), server)
    await settings.open()
    row = settings.provider("compatible")
    await row.get_by_role("button", name="Enter a key").click()
    await row.get_by_label("Key", exact=True).fill(KEY)
    await row.get_by_label("Key", exact=True).press("Enter")
    await expect(row.get_by_text("Your key · ends in wxyz")).to_be_visible()
    await row.get_by_role("button", name="Test the key for").click()
    await expect(row.get_by_text("The model server accepts the key.")).to_be_visible()
    chat = await tab(server)
    await chat.model.fill("compatible:x")
    await chat.model.press("Enter")
    await chat.work("hello there")
    await expect(chat.answers.last).to_have_text("You said: hello there")
    await row.get_by_role("button", name="Remove the key for").click()
    await row.get_by_role("button", name="Yes").click()
    await expect(row.get_by_text("Your key")).to_have_count(0)
    assert not await settings.has_told(KEY)
    assert settings.faults.seen == []


async def test_a_tool_that_is_switched_off_in_mid_turn_is_not_called_any_more(
    context: BrowserContext, chat: Chat
) -> None:
    await chat.ask("create notes.txt with old words")
    await chat.answer("allow_once")
    await chat.idle()
    await chat.ask("replace old with new in notes.txt")
    await expect(chat.approval).to_contain_text("notes.txt")
    settings = Settings(await context.new_page(), chat.server)
    await settings.open()
    switch = settings.tool("edit").get_by_role("switch")
    await switch.click()
    await expect(switch).not_to_be_checked()
    await chat.answer("allow_once")
    await chat.idle()
    assert (await chat.workspace() / "notes.txt").read_text() == "old words\n"
    await expect(chat.calls.last).not_to_have_attribute("data-state", "ok")
    await switch.click()
    await expect(switch).to_be_checked()
    await chat.ask("replace old with new in notes.txt")
    await chat.answer("allow_once")
    await chat.idle()
    assert (await chat.workspace() / "notes.txt").read_text() == "new words\n"
    assert settings.faults.seen == []


@pytest.mark.usefixtures("built")
async def test_a_turn_goes_on_where_it_was_when_the_server_is_started_anew(
    tab: Opening, postgres: str, tmp_path: Path
) -> None:
    place = {"MAESTRO_PORT": str(free_port()), "DATABASE_URL": postgres}
    with serving(tmp_path / "server", **place) as server:
        chat = await tab(server)
        await chat.ask("count to 200 slowly")
        await expect(chat.answers.last).to_contain_text("w10 ")
    with serving(tmp_path / "server", **place):
        await expect(chat.notices).to_have_text(["The server was restarted; the turn goes on."])
        await expect(chat.answers.last).to_contain_text("w200")
        await chat.idle()
        assert await chat.counted() == [*range(1, 201)]
        chat.faults.seen.clear()  # a socket that was refused for a while
