import re
from itertools import groupby

from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import SOON

pytestmark = marks("demo")

ZONE = """() => {
  const zones = {"#sidebar": "sidebar", "main > header": "header", "#transcript": "transcript",
                 "[data-approval]": "dock", "#composer, .chips": "composer"};
  const found = Object.keys(zones).find((zone) => document.activeElement.closest(zone));
  return zones[found] ?? "";
}"""


HEARD = """(box) => {
  const heard = [];
  box.addEventListener("keydown", (event) => heard.push(event.isComposing));
  return heard;
}"""


async def test_tab_goes_from_the_sidebar_to_the_composer(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello")
    await expect(chat.approval).to_be_visible()
    await expect(chat.composer).to_be_focused()
    zones = ["composer"]
    while zones[-1] and len(zones) < 100:
        await chat.page.keyboard.press("Shift+Tab")
        zones.append(await chat.page.evaluate(ZONE))
    order = [zone for zone, _ in groupby(reversed(zones)) if zone]
    assert order == ["sidebar", "header", "transcript", "dock", "composer"]
    await chat.page.keyboard.press("Escape")
    await chat.idle()


async def test_an_approval_is_given_by_keyboard(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello")
    await expect(chat.approval).to_be_visible()
    for _ in range(10):
        await chat.page.keyboard.press("Shift+Tab")
        if await chat.page.evaluate("() => document.activeElement.dataset.answer") == "allow_once":
            break
    await chat.page.keyboard.press("Enter")
    await chat.idle()
    assert (await chat.workspace() / "notes.txt").read_text() == "hello\n"


async def test_focus_returns_to_the_composer_once_a_question_is_answered(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello")
    await chat.page.locator('[data-answer="reject_once"]').focus()
    await chat.page.keyboard.press("Enter")
    await chat.idle()
    await expect(chat.composer).to_be_focused(timeout=SOON)


async def test_shift_and_escape_lead_to_the_composer_and_stop_nothing(chat: Chat) -> None:
    await chat.ask("count to 100 slowly")
    await chat.page.locator("#transcript").focus()
    await chat.page.keyboard.press("Shift+Escape")
    await expect(chat.composer).to_be_focused(timeout=SOON)
    await chat.idle()
    await expect(chat.notices).to_have_count(0)
    assert await chat.counted() == [*range(1, 101)]


async def test_shift_and_enter_break_the_line(chat: Chat) -> None:
    await chat.page.keyboard.type("count to 3")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("and no further")
    await expect(chat.composer).to_have_value("count to 3\nand no further")
    await chat.page.keyboard.press("Enter")
    await expect(chat.prompts).to_have_text(["count to 3\nand no further"])
    await chat.idle()


async def test_the_composer_grows_with_its_lines_and_shrinks_again(chat: Chat) -> None:
    one_line = await chat.composer.bounding_box()
    await chat.composer.fill("line\n" * 8)
    many = await chat.composer.bounding_box()
    assert one_line
    assert many
    assert many["height"] > one_line["height"] + 100
    await chat.composer.press("Enter")
    await expect(chat.prompts).to_have_count(1)
    await chat.idle()
    after = await chat.composer.bounding_box()
    assert after
    assert after["height"] == one_line["height"]


async def test_a_shortcut_begins_a_new_session(chat: Chat) -> None:
    await chat.work("hello")
    await chat.page.keyboard.press("ControlOrMeta+Shift+O")
    await expect(chat.page).to_have_url(re.compile(r":\d+/$"))
    await expect(chat.prompts).to_have_count(0)
    await expect(chat.composer).to_be_focused()


async def test_enter_that_ends_a_composition_does_not_send(chat: Chat) -> None:
    await expect(chat.composer).to_be_focused()
    wire = await chat.page.context.new_cdp_session(chat.page)
    composing = {"text": "にほんご", "selectionStart": 4, "selectionEnd": 4}
    await wire.send("Input.imeSetComposition", composing)
    await expect(chat.composer).to_have_value("にほんご")
    heard = await chat.composer.evaluate_handle(HEARD)
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    await wire.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    await wire.send("Input.insertText", {"text": "日本語"})
    await wire.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    await expect(chat.composer).to_have_value("日本語")
    assert await heard.json_value() == [True]
    await expect(chat.page).to_have_url(f"{chat.server.url}/")
    await chat.page.keyboard.press("Enter")
    await expect(chat.prompts).to_have_text(["日本語"])
    await chat.idle()
