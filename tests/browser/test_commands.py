"""Commands in the composer: offered for a slash, done with Enter, never told to the model."""

import re

from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks

pytestmark = marks("demo")


async def test_a_slash_offers_the_commands_and_enter_does_one(chat: Chat) -> None:
    offered = chat.page.locator("#mentions").get_by_role("option")
    await chat.composer.press("/")
    await expect(offered.first).to_contain_text("/help")
    await expect(chat.composer).to_have_attribute("role", "combobox")
    await chat.composer.press_sequentially("he")
    await expect(offered).to_have_count(1)
    await chat.composer.press("Enter")
    guide = chat.page.get_by_role("region", name="Commands")
    await expect(guide).to_contain_text("/rename NAME")
    await expect(chat.composer).to_have_value("")
    await expect(offered).to_have_count(0)
    await guide.get_by_role("button", name="Close").click()
    await expect(guide).to_have_count(0)
    await expect(chat.prompts).to_have_count(0)


async def test_arguments_are_completed_and_done(chat: Chat) -> None:
    offered = chat.page.locator("#mentions").get_by_role("option")
    await chat.composer.press_sequentially("/mod")
    await expect(offered).to_have_text([re.compile("/model MODEL"), re.compile("/mode MODE")])
    await chat.composer.press("ArrowDown")
    await chat.composer.press("Tab")
    await expect(chat.composer).to_have_value("/mode ")
    await chat.composer.press_sequentially("pl")
    await expect(offered).to_have_count(1)
    await chat.composer.press("Enter")
    await expect(chat.mode).to_have_value("plan")
    await chat.composer.press_sequentially("/model ")
    await expect(offered.filter(has_text="demo:scripted")).to_have_count(1)
    await chat.composer.press("Escape")
    await expect(offered).to_have_count(0)
    await expect(chat.composer).to_have_value("/model ")


async def test_an_unknown_command_is_said_and_the_words_stay(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.send("/compress this")
    await expect(chat.flash).to_contain_text("There is no command /compress.")
    await expect(chat.composer).to_have_value("/compress this")
    await expect(chat.prompts).to_have_count(1)
    await chat.composer.fill("")
    await chat.page.reload()
    await chat.alive()
    await expect(chat.composer).to_have_value("")
    await chat.ask("//compress this")
    await expect(chat.prompts.last).to_have_text("/compress this")


async def test_a_slash_within_a_text_offers_nothing(chat: Chat) -> None:
    await chat.composer.press_sequentially("look at /")
    await chat.composer.press_sequentially("he")
    await expect(chat.page.locator("#mentions")).to_be_hidden()


async def test_a_session_is_taken_away_renamed_and_left_by_command(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.send("/rename The first one")
    await expect(chat.page.get_by_role("heading", level=1)).to_have_text("The first one")
    async with chat.page.expect_download() as taken:
        await chat.send("/export markdown")
    assert (await taken.value).suggested_filename.endswith(".md")
    await chat.send("/clear")
    await expect(chat.page).to_have_url(re.compile(r":\d+/$"))
    await expect(chat.prompts).to_have_count(0)
    await expect(chat.page.locator("#sidebar")).to_contain_text("The first one")


async def test_an_earlier_prompt_is_changed_and_sent_again_in_its_place(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.work("count to 2")
    await chat.composer.fill("half a sen")
    banner = chat.page.locator("#editing")
    edit = chat.page.get_by_role("button", name="Edit this prompt and send it again")
    await chat.prompts.first.hover()
    await edit.first.click()
    await expect(chat.composer).to_have_value("count to 1")
    await expect(chat.composer).to_be_focused()
    await expect(banner).to_be_visible()
    await chat.composer.press("Escape")
    await expect(banner).to_be_hidden()
    await expect(chat.composer).to_have_value("half a sen")
    await chat.prompts.first.hover()
    await edit.first.click()
    await chat.composer.fill("count to 3")
    await chat.composer.press("Enter")
    await expect(chat.prompts).to_have_text(["count to 3"])
    await expect(chat.notices).to_contain_text("taken back")
    await expect(banner).to_be_hidden()
    await chat.idle()
    await chat.work("count to 4")
    await expect(chat.prompts).to_have_text(["count to 3", "count to 4"])


async def test_an_answer_says_when_and_is_forked_from(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.work("count to 2")
    foot = chat.page.locator(".answer-foot")
    await expect(foot.first.locator("time")).to_have_attribute("data-age", "just now")
    assert await foot.first.locator("time").get_attribute("title")
    before = chat.page.url
    await foot.first.get_by_role("button", name="Go on from here in a copy").click()
    await expect(chat.page).not_to_have_url(before)
    await expect(chat.prompts).to_have_text(["count to 1"])
    await chat.idle()
