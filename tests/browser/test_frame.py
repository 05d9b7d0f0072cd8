"""What stands around the transcript: widths, the name, what needs a person, what can be done about errors."""

import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening

pytestmark = marks("demo")


async def width(part: Locator) -> int:
    return round((await part.bounding_box() or {})["width"])


@pytest_asyncio.fixture(loop_scope="session")
async def edge(chat: Chat) -> Locator:
    """The edge of the open drawer."""
    await chat.page.set_viewport_size({"width": 1600, "height": 800})
    await chat.work("count to 1")
    await chat.page.locator("#open-drawer").click()
    return chat.page.get_by_role("separator", name="Width of the panel")


async def test_a_part_is_made_wider_by_arrows_and_stays_so(chat: Chat, edge: Locator) -> None:
    drawer = chat.page.locator("#drawer")
    assert await width(drawer) == 440
    await edge.focus()
    for key, wanted in (("ArrowLeft", 456), ("Home", 360), ("End", 800), ("ArrowRight", 784), ("Enter", 440)):
        await edge.press(key)
        await expect(edge).to_have_attribute("aria-valuenow", str(wanted))
        assert await width(drawer) == wanted
    await edge.press("Home")
    await chat.page.reload()
    await chat.alive()  # the drawer is still open
    await expect(edge).to_have_attribute("aria-valuenow", "360")


async def test_a_part_is_drawn_wider_by_its_edge(chat: Chat, edge: Locator) -> None:
    list_edge = chat.page.get_by_role("separator", name="Width of the list of sessions")
    for one, part, by, wanted in ((edge, "#drawer", -100, 540), (list_edge, "#sidebar", 500, 360)):
        box = await one.bounding_box() or {}
        x, y = box["x"] + 4, 400
        await chat.page.mouse.move(x, y)
        await chat.page.mouse.down()
        await chat.page.mouse.move(x + by, y, steps=4)
        await chat.page.mouse.up()
        assert abs(await width(chat.page.locator(part)) - wanted) < 6
        await one.dblclick()
    assert await width(chat.page.locator("#sidebar")) == 272


async def test_the_tab_and_the_list_say_what_needs_a_person(chat: Chat) -> None:
    await chat.ask("write a.txt with Hello")
    await expect(chat.approval).to_be_visible()
    await expect(chat.page.locator('#sidebar [aria-current="page"] [data-how="needs_me"]')).to_be_visible()
    await chat.page.wait_for_function("/^\\(\\d+\\) write a.txt .* · Maestro$/.test(document.title)")
    assert await chat.page.locator("link[rel=icon]").get_attribute("href") == "/icon-asks.svg"
    await chat.answer("reject_once")
    await chat.idle()
    await expect(chat.page.locator('#sidebar [aria-current="page"] [data-how]')).to_have_count(0)


async def test_the_name_is_changed_where_it_stands(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.page.get_by_role("heading", name="count to 1").get_by_role("button").click()
    name = chat.page.get_by_label("New name")
    await expect(name).to_be_focused()
    await name.fill("Counting")
    await name.press("Enter")
    await expect(chat.page.get_by_role("heading", name="Counting")).to_be_visible()
    await expect(name).to_be_hidden()
    await expect(chat.page).to_have_title("Counting · Maestro")


async def test_what_ended_badly_is_tried_again_from_its_notice(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.work("refuse the key")
    await expect(chat.notices.get_by_role("link", name="Open keys")).to_be_visible()
    await chat.notices.get_by_role("button", name="Pick another model").click()
    await expect(chat.page.locator("#model-search")).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await chat.notices.get_by_role("button", name="Try again").click()
    await expect(chat.notices).to_have_count(2)
    await expect(chat.notices.first.locator(".ways")).to_have_count(0)
    await expect(chat.prompts).to_have_count(1)


async def test_escape_twice_on_an_empty_composer_changes_the_last_prompt(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.composer.focus()
    await chat.page.keyboard.press("Escape")
    await chat.page.keyboard.press("Escape")
    await expect(chat.composer).to_have_value("count to 1")
    await expect(chat.page.locator("#editing")).to_be_visible()


async def test_a_row_is_linked_to(chat: Chat) -> None:
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.work("count to 1")
    await chat.page.locator(".answer-foot").get_by_role("button", name="Copy a link to this place").click()
    await expect(chat.page.locator("[data-went=well]")).to_be_visible()
    address = await chat.page.evaluate("navigator.clipboard.readText()")
    await chat.page.goto(address)
    await expect(chat.page.locator(".answer.jumped")).to_be_visible()


async def test_the_drawer_says_what_fills_the_window(chat: Chat) -> None:
    await chat.work("count to 3")
    await chat.page.locator("#open-drawer").click()
    await chat.page.get_by_role("tab", name="Context").click()
    panel = chat.page.locator("#drawer-panel")
    await expect(panel).to_contain_text("Descriptions of tools")
    await expect(panel.get_by_role("status")).to_contain_text("tokens")
