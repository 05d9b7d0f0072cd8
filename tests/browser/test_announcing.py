"""What those hear who do not see the page."""

from itertools import pairwise

from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import SOON

pytestmark = marks("demo")

LISTEN = """() => {
  const heard = (window.heard = { said: [], alarm: [] });
  new MutationObserver((changes) => changes.forEach(({ target: { id, textContent } }) => {
    if (heard[id] && textContent) heard[id].push([performance.now(), textContent]);
  })).observe(document, { childList: true, subtree: true });
}"""
LIVE = """() => [...document.querySelectorAll("#transcript, #transcript *")]
  .filter((one) => one.matches("[aria-live], [role=status], [role=alert], [role=log], output"))
  .map((one) => one.outerHTML.slice(0, 100))"""


async def heard(chat: Chat, region: str) -> list[str]:
    return [text for _, text in await chat.page.evaluate(f"() => window.heard.{region}")]


async def test_a_question_is_told_at_once_and_once_and_the_end_with_what_changed(chat: Chat) -> None:
    await chat.page.evaluate(LISTEN)
    await chat.ask("create notes.txt with hello")
    await expect(chat.page.locator("#alarm")).to_have_text("Needs you: Write a file notes.txt")
    await chat.answer("allow_once")
    await expect(chat.page.locator("#said")).to_have_text("Answer finished, 1 file changed")
    assert await heard(chat, "alarm") == ["Needs you: Write a file notes.txt"]


async def test_an_answer_is_no_live_region_and_its_status_comes_seldom(chat: Chat) -> None:
    await chat.page.evaluate(LISTEN)
    await chat.ask("count to 400")
    await expect(chat.answers.last).to_contain_text("w100 ")
    assert await chat.page.evaluate(LIVE) == []
    await expect(chat.page.locator("#said")).to_have_text("Answer finished")
    times = [at for at, _ in (await chat.page.evaluate("() => window.heard.said"))[:-1]]
    assert all(later - before >= 4900 for before, later in pairwise(times))


async def test_what_went_wrong_is_told_once_and_not_again_when_one_comes_back(chat: Chat) -> None:
    await chat.page.evaluate(LISTEN)
    await chat.model.fill("openai:gpt-x")
    await chat.model.press("Tab")
    await chat.ask("hello")
    await expect(chat.page.locator("#alarm")).not_to_be_empty()
    assert await heard(chat, "alarm") == [await chat.notices.last.locator("p").text_content()]
    await chat.page.reload()
    await expect(chat.notices).to_have_count(1)
    await expect(chat.page.locator("#alarm")).to_be_empty()


async def test_links_skip_to_the_composer_the_last_answer_and_the_question(chat: Chat) -> None:
    await chat.work("say one")
    skips = chat.page.get_by_role("region", name="Skip").get_by_role("button")
    await expect(skips).to_have_text(["To the composer", "To the last answer"])
    await skips.nth(1).focus()
    await expect(skips.nth(1)).to_be_in_viewport(ratio=1)
    await chat.page.keyboard.press("Enter")
    await expect(chat.answers.last).to_be_focused(timeout=SOON)
    await skips.first.focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.composer).to_be_focused(timeout=SOON)
    await chat.ask("create notes.txt with hello")
    await skips.nth(2).focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.approval.locator(":focus")).to_have_count(1)
    await chat.answer("reject_once")
    await chat.idle()
