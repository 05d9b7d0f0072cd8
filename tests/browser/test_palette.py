"""The palette: everything is reached from one field, without a mouse."""

import re

from playwright.async_api import Locator, expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import SOON

pytestmark = marks("demo")
FIRST = """(field) => new Promise((resolve) => {
  const began = performance.now();
  field.addEventListener("input", () => requestAnimationFrame(() => resolve(performance.now() - began)));
  document.execCommand("insertText", false, "settings");
})"""


async def opened(chat: Chat) -> Locator:
    """Open it by keyboard once the page is drawn; gives its field."""
    await chat.page.locator("#palette").wait_for(state="attached")
    await chat.page.keyboard.press("ControlOrMeta+k")
    field = chat.page.get_by_role("combobox", name="Look for")
    await expect(field).to_be_focused(timeout=SOON)
    return field


def selected(chat: Chat) -> Locator:
    return chat.page.locator("#palette [aria-selected=true]:not([hidden])")


async def test_it_opens_and_closes_by_keyboard_and_the_focus_returns(chat: Chat) -> None:
    await expect(chat.composer).to_be_focused()
    await opened(chat)
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.locator("#palette")).to_be_hidden()
    await expect(chat.composer).to_be_focused(timeout=SOON)


async def test_an_action_is_found_by_a_word_and_done_with_enter(chat: Chat) -> None:
    await chat.work("hello")
    field = await opened(chat)
    await field.fill("new ses")
    await expect(selected(chat)).to_contain_text("New session")
    await field.press("Enter")
    await expect(chat.page).to_have_url(re.compile(r":\d+/$"))
    await expect(chat.page.locator("#palette")).to_be_hidden()


async def test_arrows_move_through_what_is_shown_and_the_field_names_it(chat: Chat) -> None:
    field = await opened(chat)
    await field.fill("> settings")
    names = [await one.text_content() for one in await chat.page.locator("#palette .option:visible").all()]
    assert all(name and name.startswith("Settings") for name in names)
    await field.press("ArrowDown")
    await expect(selected(chat)).to_have_text(names[1] or "")
    await expect(field).to_have_attribute(
        "aria-activedescendant", await selected(chat).get_attribute("id") or ""
    )
    await field.press("ArrowUp")
    await field.press("ArrowUp")
    await expect(selected(chat)).to_have_text(names[-1] or "")


async def test_a_word_of_an_old_session_leads_to_where_it_was_said(chat: Chat) -> None:
    await chat.work("say that the otter sleeps")
    told = chat.page.url
    await chat.page.goto(f"{chat.server.url}/settings")
    field = await opened(chat)
    await field.fill("otter sleeps")
    found = chat.page.locator("#palette [data-found-by]:visible").first
    await expect(found).to_contain_text("otter")
    await found.click()
    await expect(chat.page).to_have_url(re.compile(re.escape(told)))
    await expect(chat.prompts.first).to_contain_text("otter")


async def test_a_setting_is_reached_from_the_chat(chat: Chat) -> None:
    field = await opened(chat)
    await field.fill("appearance")
    await field.press("Enter")
    await expect(chat.page).to_have_url(re.compile(r"/settings#appearance$"))
    await expect(chat.page.locator("#appearance")).to_be_in_viewport()


async def test_a_model_is_picked(chat: Chat) -> None:
    field = await opened(chat)
    await field.fill("scripted")
    await expect(selected(chat)).to_contain_text("demo:scripted")
    await field.press("Enter")
    await expect(chat.model).to_have_value("demo:scripted")


async def test_what_does_not_exist_is_not_found_and_enter_does_nothing(chat: Chat) -> None:
    field = await opened(chat)
    await field.fill("zzzz qqqq")
    await expect(chat.page.get_by_text("Nothing found.")).to_be_visible()
    await field.press("Enter")
    await expect(chat.page.locator("#palette")).to_be_visible()


async def test_the_page_itself_answers_within_a_frame_or_two(chat: Chat) -> None:
    field = await opened(chat)
    took = sorted([await field.evaluate(FIRST) for _ in range(5)])[2]
    assert took < 100


async def test_only_what_the_page_has_is_offered(chat: Chat) -> None:
    await opened(chat)
    await expect(chat.page.locator("#palette [data-does=composer]")).to_be_visible()
    await expect(chat.page.locator("#palette [data-does=copy_answer]")).to_be_hidden()
    await chat.page.goto(f"{chat.server.url}/settings")
    await opened(chat)
    await expect(chat.page.locator("#palette [data-does=new_session]")).to_be_visible()
    await expect(chat.page.locator("#palette [data-does=composer]")).to_be_hidden()


async def test_a_file_of_the_session_is_found_and_mentioned(chat: Chat) -> None:
    await chat.work("count to 1")
    (await chat.workspace() / "a page.md").write_text("hello")
    await chat.composer.fill("read")
    field = await opened(chat)
    await field.fill("@page")
    await expect(selected(chat)).to_have_text("a page.md")
    await field.press("Enter")
    await expect(chat.page.locator("#palette")).to_be_hidden()
    await expect(chat.composer).to_have_value('read @"a page.md" ')
    await expect(chat.composer).to_be_focused(timeout=SOON)


async def test_a_question_mark_asks_for_shortcuts_and_help(chat: Chat) -> None:
    field = await opened(chat)
    help_with = chat.page.get_by_role("option", name="Commands of the composer")
    await expect(help_with).to_be_hidden()
    await field.fill("?")
    await expect(help_with).to_be_visible()
    shown = chat.page.locator("#palette .option:visible")
    await expect(shown.filter(has_text="Next message")).to_have_count(1)
    await expect(shown.filter(has_text="New session")).to_have_count(1)
    await expect(shown.filter(has_text="Settings")).to_have_count(0)
    await field.fill("? commands")
    await field.press("Enter")
    await expect(chat.page.locator("#mentions").get_by_role("option").first).to_contain_text("/help")


async def test_a_button_opens_it_for_those_without_keys(chat: Chat) -> None:
    await chat.page.set_viewport_size({"width": 390, "height": 844})
    button = chat.page.get_by_role("button", name="Open the palette")
    box = await button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    await button.click()
    await expect(chat.page.locator("#palette-field")).to_be_focused()
