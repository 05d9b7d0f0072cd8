"""The list of models: looked through by typing, left with a model that it knows or not."""

from playwright.async_api import Locator, expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening, Server

pytestmark = marks("keyed")


async def opened(tab: Opening, server: Server) -> tuple[Chat, Locator]:
    """A chat whose list of models is open; gives its field, too."""
    chat = await tab(server)
    await chat.page.get_by_role("button", name="Pick a model").click()
    await expect(chat.page.get_by_role("button", name="compatible:y")).to_be_visible()
    return chat, chat.page.get_by_label("Look for a model, or type its id")


async def test_what_is_typed_filters_the_list_and_enter_picks(tab: Opening, keyed_server: Server) -> None:
    chat, field = await opened(tab, keyed_server)
    await expect(field).to_be_focused()
    await field.fill("y")
    await expect(chat.page.get_by_role("button", name="compatible:x")).to_be_hidden()
    await expect(chat.page.get_by_role("button", name="compatible:y", exact=True)).to_be_visible()
    await field.press("Enter")
    await expect(chat.model).to_have_value("compatible:y")
    await expect(chat.page.locator("#models")).to_be_hidden()


async def test_arrows_move_through_what_is_left(tab: Opening, keyed_server: Server) -> None:
    chat, field = await opened(tab, keyed_server)
    await field.fill("compatible")
    await field.press("ArrowDown")
    first = chat.page.locator(".offered button:visible").first
    await expect(first).to_be_focused()
    await first.press("ArrowUp")
    await expect(field).to_be_focused()
    await field.press("ArrowUp")
    await expect(chat.page.locator(".offered button:visible").last).to_be_focused()
    await expect(chat.page.locator("#use-model")).to_be_hidden()


async def test_a_typed_id_works_whether_it_is_listed_or_not(tab: Opening, keyed_server: Server) -> None:
    chat, field = await opened(tab, keyed_server)
    await field.fill("openai:gpt-of-tomorrow")
    await expect(chat.page.locator("#use-model")).to_have_text("Use openai:gpt-of-tomorrow")
    await field.press("Enter")
    await expect(chat.model).to_have_value("openai:gpt-of-tomorrow")
    await expect(chat.page.locator("#models")).to_be_hidden()


async def test_what_is_no_id_is_said(tab: Opening, keyed_server: Server) -> None:
    chat, field = await opened(tab, keyed_server)
    await field.fill("nothing like it")
    await field.press("Enter")
    await expect(chat.flash).to_contain_text("is no model id")
    await expect(chat.model).to_have_value("compatible:x")
