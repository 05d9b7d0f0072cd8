import asyncio
import re

import pytest
from playwright.async_api import BrowserContext, Route, expect

from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening

pytestmark = marks("demo")


async def test_a_first_visit_can_be_typed_into_at_once(chat: Chat) -> None:
    await expect(chat.composer).to_be_focused()
    await chat.page.keyboard.type("hello")
    await expect(chat.composer).to_have_value("hello")
    await expect(chat.state).to_have_text("Idle")


@pytest.mark.parametrize("way", ["Enter", "Send"])
@pytest.mark.parametrize("where", ["new", "session"])
async def test_what_is_sent_before_the_scripts_have_come_is_heard_once(
    context: BrowserContext, server: Server, where: str, way: str
) -> None:
    with server.client() as api:
        made = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    page, is_sent = await context.new_page(), asyncio.Event()

    async def later(route: Route) -> None:
        await is_sent.wait()
        await route.continue_()

    await page.route("**/assets/*.js", later)
    await page.goto(server.url + ("/" if where == "new" else f"/s/{made}"), wait_until="commit")
    chat = Chat(page, server)
    await chat.composer.fill("count to 3")
    if way == "Enter":
        await chat.composer.press("Enter")
    else:
        await page.get_by_role("button", name="Send").click()
    await expect(chat.composer).to_have_value("count to 3")
    is_sent.set()
    await expect(chat.prompts).to_have_text(["count to 3"])
    await expect(chat.composer).to_have_value("")
    await chat.idle()
    assert "?" not in page.url


async def test_a_sessions_page_does_not_ask_first_what_should_be_done(
    context: BrowserContext, server: Server
) -> None:
    with server.client() as api:
        made = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
        turn(api, made, "say obsidian")
    page, is_seen = await context.new_page(), asyncio.Event()

    async def later(route: Route) -> None:
        await is_seen.wait()
        await route.continue_()

    await page.route("**/assets/*.js", later)
    await page.goto(f"{server.url}/s/{made}", wait_until="commit")
    chat = Chat(page, server)
    await expect(chat.composer).to_be_visible()
    await expect(page.locator(".welcome h2")).to_be_hidden()
    before = await chat.composer.bounding_box()
    is_seen.set()
    await expect(chat.prompts).to_have_text(["say obsidian"])
    assert await chat.composer.bounding_box() == before


async def test_a_first_visit_says_that_a_demo_answers_and_leads_to_where_a_key_is_added(chat: Chat) -> None:
    await expect(chat.model).to_have_value("demo:scripted")
    welcome = chat.page.locator(".welcome")
    await expect(welcome).to_contain_text("demo")
    await welcome.get_by_role("link", name="Add a key").click()
    await expect(chat.page).to_have_url(re.compile(r"/settings#keys$"))


async def test_a_starter_is_put_into_the_composer_to_be_sent(chat: Chat) -> None:
    starters = chat.page.locator("[data-starter]")
    await expect(starters).to_have_count(4)
    await starters.filter(has_text="look around").click()
    await expect(chat.composer).to_have_value("look around")
    await expect(chat.composer).to_be_focused()
    await chat.composer.press("Enter")
    await expect(chat.prompts).to_have_text(["look around"])
    await expect(starters).to_have_count(0)
    await chat.idle()


async def test_a_new_page_leads_back_to_the_sessions_used_last(chat: Chat) -> None:
    await chat.work("count to 2")
    session = chat.session_id
    await chat.page.get_by_role("link", name="New session").click()
    await chat.page.locator(".recent a").first.click()
    await expect(chat.page).to_have_url(re.compile(session))


async def test_an_empty_prompt_asks_nothing(chat: Chat) -> None:
    await chat.send("  \n ")
    await chat.work("count to 3")
    await expect(chat.prompts).to_have_text(["count to 3"])
    await expect(chat.flash).to_have_count(0)


@pytest.mark.parametrize("session_id", ["00000000-0000-7000-8000-000000000000", "nonsense", "%22%3E%3Cb%3E"])
async def test_an_unknown_session_is_said_and_leads_on(tab: Opening, server: Server, session_id: str) -> None:
    chat = await tab(server)
    await chat.page.goto(f"{server.url}/s/{session_id}")
    await expect(chat.flash).to_contain_text("There is no such session here.")
    await chat.page.get_by_role("link", name="New session").click()
    await expect(chat.page).to_have_url(re.compile(r"/$"))
    await chat.work("hello")


async def test_the_page_has_landmarks_a_title_and_a_language(chat: Chat) -> None:
    await expect(chat.page).to_have_title(re.compile("Maestro"))
    await expect(chat.page.locator("html")).to_have_attribute("lang", "en")
    for role in ("main", "navigation"):
        await expect(chat.page.get_by_role(role)).to_have_count(1)
    await expect(chat.page.get_by_role("heading", level=1)).to_have_count(1)


async def test_everything_that_can_be_used_has_a_name(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello")
    await expect(chat.approval).to_be_visible()
    for control in await chat.page.locator(":is(button, input, select, textarea, a, summary):visible").all():
        await expect(control).to_have_accessible_name(re.compile(r"\S"))
    await chat.answer("reject_once")
    await chat.idle()
