"""The composer: files by button, paste and drop, a draft that is not lost, and `@`."""

import re
from pathlib import Path

from playwright.async_api import Page, expect

from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening

pytestmark = marks("demo")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
GIVE = """([kind, name, type, text]) => {
    const given = new DataTransfer();
    if (name) given.items.add(new File([text], name, { type }));
    else given.setData("text/plain", text);
    const more = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { ...more, clipboardData: given })
        : new DragEvent("drop", { ...more, dataTransfer: given });
    document.getElementById(kind === "paste" ? "composer" : "transcript").dispatchEvent(event);
}"""


def chips(page: Page, state: str = "ok"):  # noqa: ANN201  Playwright's own
    return page.locator(f'#attachments [data-state="{state}"]')


async def pick(chat: Chat, name: str, content: bytes) -> None:
    """Attach a file by the button."""
    async with chat.page.expect_file_chooser() as chosen:
        await chat.page.get_by_role("button", name="Attach files").click()
    await (await chosen.value).set_files({"name": name, "mimeType": "text/plain", "buffer": content})


async def test_files_come_by_button_paste_and_drop_and_go_with_the_prompt(chat: Chat) -> None:
    await pick(chat, "a.txt", b"milk")
    await expect(chips(chat.page)).to_have_count(1)
    await chat.page.evaluate(GIVE, ["paste", "b.txt", "text/plain", "eggs"])
    await chat.page.evaluate(GIVE, ["drop", "c.txt", "text/plain", "salt"])
    await expect(chips(chat.page)).to_have_count(3)
    await chat.ask("count to 2")
    prompt = chat.prompts.last
    for name in ("a.txt", "b.txt", "c.txt"):
        await expect(prompt).to_contain_text(name)
    await expect(chips(chat.page)).to_have_count(0)
    await expect(chat.page).to_have_url(re.compile(r"/s/."))
    await chat.idle()
    await chat.work("count to 3")
    await expect(chat.prompts.last).to_have_text("count to 3")


async def test_what_is_sent_while_a_file_is_on_the_way_waits_for_it(chat: Chat) -> None:
    await chat.work("count to 1")
    await chat.page.evaluate(GIVE, ["paste", "large.txt", "text/plain", "x" * 390_000])
    await chat.send("count to 2")
    await expect(chat.prompts.last).to_contain_text("large.txt")
    await expect(chat.prompts.last).to_contain_text("count to 2")


async def test_a_long_paste_becomes_a_file_and_a_short_one_stays_words(chat: Chat) -> None:
    await chat.page.evaluate(GIVE, ["paste", "", "", "word " * 1000])
    await expect(chips(chat.page)).to_contain_text(["Pasted text 1.txt"])
    await expect(chat.composer).to_have_value("")


async def test_what_is_no_file_for_a_model_says_why_and_can_be_removed(chat: Chat) -> None:
    await pick(chat, "a.zip", b"PK\3\4\0\0")
    failed = chips(chat.page, "failed")
    await expect(failed).to_contain_text("neither an image")
    chat.faults.seen.clear()  # the browser tells of each refusal
    await failed.get_by_role("button", name="Remove a.zip").click()
    await expect(failed).to_have_count(0)
    await expect(chat.composer).to_be_focused()


async def test_a_model_without_images_says_so_before_anything_is_sent(chat: Chat) -> None:
    refusal = chat.page.get_by_text("takes no images")
    await expect(refusal).to_be_hidden()
    await pick(chat, "a.png", PNG)
    await expect(refusal).to_be_visible()
    await chat.page.get_by_role("button", name="Remove a.png").click()
    await expect(refusal).to_be_hidden()


async def test_words_and_files_that_were_not_sent_are_there_after_a_reload(chat: Chat) -> None:
    await chat.work("count to 1")
    async with chat.page.expect_response(re.compile("/draft$")):
        await chat.composer.press_sequentially("half a sen")
    await pick(chat, "a.txt", b"milk")
    await expect(chips(chat.page)).to_have_count(1)
    await chat.page.reload()
    await expect(chat.composer).to_have_value("half a sen")
    await expect(chips(chat.page)).to_have_count(1)
    await chat.composer.press("Enter")
    await expect(chat.prompts.last).to_contain_text("half a sen")
    await chat.idle()
    await chat.page.reload()
    await chat.alive()
    await expect(chat.prompts.last).to_contain_text("a.txt")
    await expect(chat.composer).to_have_value("")
    await expect(chips(chat.page)).to_have_count(0)


async def test_another_tab_sees_a_draft_and_keeps_its_own_words(tab: Opening, server: Server) -> None:
    first = await tab(server)
    await first.work("count to 1")
    second = await tab(server, f"/s/{first.session_id}")
    async with first.page.expect_response(re.compile("/draft$")):
        await first.composer.press_sequentially("from the first")
    await second.page.evaluate("dispatchEvent(new Event('focus'))")
    await expect(second.composer).to_have_value("from the first")
    await second.composer.fill("my own")
    await second.page.evaluate("dispatchEvent(new Event('focus'))")
    await first.composer.press("Enter")
    await expect(second.prompts).to_have_count(2)
    await expect(second.composer).to_have_value("my own")


async def test_each_session_has_its_own_words(chat: Chat) -> None:
    await chat.work("count to 1")
    first = chat.session_id
    await chat.page.get_by_role("link", name="New session").click()
    await expect(chat.prompts).to_have_count(0)
    await chat.work("count to 2")
    async with chat.page.expect_response(re.compile("/draft$")):
        await chat.composer.press_sequentially("in the second")
    await chat.page.locator(f'#sidebar a[href$="{first}"]').click()
    await expect(chat.prompts).to_have_text(["count to 1"])
    await expect(chat.composer).to_have_value("")
    await chat.page.go_back()
    await expect(chat.composer).to_have_value("in the second")


async def fill(workspace: Path) -> None:
    (workspace / "src").mkdir()
    for name in ("src/app.py", "src/a page.md", "apple.txt"):
        (workspace / name).write_text("hello\n")


async def test_an_at_sign_offers_files_by_keyboard(chat: Chat) -> None:
    await chat.work("count to 1")
    await fill(await chat.workspace())
    offered = chat.page.locator("#mentions").get_by_role("option")
    await chat.composer.press_sequentially("read @ap")
    await expect(offered).to_have_text(["apple.txt", "src/app.py", "src/a page.md"])
    await expect(offered.first).to_have_attribute("aria-selected", "true")
    await expect(chat.composer).to_have_attribute("aria-activedescendant", "mention-0")
    await chat.composer.press("ArrowDown")
    await chat.composer.press("Enter")
    await expect(chat.composer).to_have_value("read @src/app.py ")
    await expect(offered).to_have_count(0)
    await chat.composer.press_sequentially("and @page")
    await expect(offered).to_have_count(1)
    await chat.composer.press("Tab")
    await expect(chat.composer).to_have_value('read @src/app.py and @"src/a page.md" ')
    await expect(chat.composer).to_be_focused()


async def test_escape_closes_the_list_and_enter_then_sends(chat: Chat) -> None:
    await chat.work("count to 1")
    await fill(await chat.workspace())
    await chat.composer.press_sequentially("count to 2 @app")
    await expect(chat.page.get_by_role("listbox")).to_be_visible()
    await chat.composer.press("Escape")
    await expect(chat.page.get_by_role("listbox")).to_be_hidden()
    await expect(chat.composer).not_to_have_attribute("role", "combobox")
    await chat.composer.press("Enter")
    await expect(chat.prompts).to_have_count(2)
