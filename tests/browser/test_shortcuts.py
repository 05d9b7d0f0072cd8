"""What keys do, how that is changed, and that it stays in this browser."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import SOON

pytestmark = marks("demo")


async def listed(chat: Chat) -> Locator:
    """Open the list of shortcuts."""
    await chat.page.keyboard.press("ControlOrMeta+/")
    found = chat.page.get_by_role("dialog", name="Shortcuts")
    await expect(found).to_be_visible(timeout=SOON)
    return found


async def change(chat: Chat, action: str, keys: str) -> str:
    """Press other keys for something; gives what is said to that."""
    await chat.page.locator(f'[data-action="{action}"]').click()
    await chat.page.keyboard.press(keys)
    return await chat.page.locator("#shortcuts output").text_content() or ""


async def test_a_shortcut_is_changed_and_stays_so(chat: Chat) -> None:
    await listed(chat)
    assert await change(chat, "palette", "ControlOrMeta+Shift+p") == "Open the palette: Ctrl+Shift+P."
    await chat.page.reload()
    await chat.alive()
    await chat.page.keyboard.press("ControlOrMeta+k")
    await chat.page.keyboard.press("ControlOrMeta+Shift+p")
    await expect(chat.page.locator("#palette")).to_be_visible(timeout=SOON)
    await expect(chat.page.locator("[data-keys-of=shortcuts]")).to_have_text("Ctrl+/")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("ControlOrMeta+b", "Ctrl+B is taken already: Show or hide the sessions. Nothing was changed."),
        ("ControlOrMeta+t", "Ctrl+T belongs to the browser"),
        ("F5", "F5 belongs to the browser"),
        ("x", "Hold Ctrl or Alt with it"),
        ("Shift+x", "Hold Ctrl or Alt with it"),
    ],
)
async def test_a_clash_is_told_and_changes_nothing(chat: Chat, keys: str, told: str) -> None:
    await listed(chat)
    assert told in await change(chat, "palette", keys)
    await expect(chat.page.locator('[data-action="palette"]')).to_have_text("Ctrl+K")


async def test_escape_leaves_the_keys_as_they_were_and_backspace_takes_them_away(chat: Chat) -> None:
    found = await listed(chat)
    await change(chat, "palette", "Escape")
    await expect(found).to_be_visible()
    await change(chat, "palette", "Backspace")
    await expect(chat.page.locator('[data-action="palette"]')).to_have_text("none")
    await found.get_by_role("button", name="As they were at first").click()
    await expect(chat.page.locator('[data-action="palette"]')).to_have_text("Ctrl+K")


async def test_all_are_switched_off_and_on_again(chat: Chat) -> None:
    found = await listed(chat)
    await found.get_by_role("switch").uncheck()
    await found.get_by_role("button", name="Close").click()
    await chat.page.keyboard.press("ControlOrMeta+k")
    await chat.page.keyboard.press("ControlOrMeta+/")
    await expect(chat.page.locator("dialog[open]")).to_have_count(0)
    await chat.page.goto(f"{chat.server.url}/settings")
    await chat.page.get_by_role("button", name="See and change them").click()
    await expect(found.get_by_role("switch")).not_to_be_checked()
    await found.get_by_role("switch").check()
    await chat.page.keyboard.press("Escape")
    await chat.page.keyboard.press("ControlOrMeta+k")
    await expect(chat.page.locator("#palette")).to_be_visible(timeout=SOON)


async def test_a_letter_answers_only_while_the_question_has_the_focus(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello")
    await expect(chat.approval).to_be_visible()
    await expect(chat.composer).to_be_focused()
    await chat.page.keyboard.type("y")
    await expect(chat.composer).to_have_value("y")
    await chat.page.keyboard.press("ControlOrMeta+Shift+a")
    await chat.page.get_by_role("textbox", name="A word to the agent").focus()
    await chat.page.keyboard.type("any")
    await expect(chat.approval).to_be_visible()
    await chat.page.locator('[data-answer="allow_once"]').focus()
    await chat.page.keyboard.press("y")
    await chat.idle()
    assert (await chat.workspace() / "notes.txt").read_text() == "hello\n"


async def test_keys_move_between_messages_and_streaming_leaves_the_focus_alone(chat: Chat) -> None:
    await chat.work("say one")
    await chat.ask("count to 300")
    await chat.page.keyboard.press("Alt+j")
    await expect(chat.prompts.first).to_be_focused(timeout=SOON)
    await chat.page.keyboard.press("Alt+j")
    await expect(chat.answers.first).to_be_focused(timeout=SOON)
    await chat.idle()
    await expect(chat.answers.first).to_be_focused()
    await chat.page.keyboard.press("Alt+k")
    await expect(chat.prompts.first).to_be_focused(timeout=SOON)


async def test_keys_lead_from_session_to_session(chat: Chat) -> None:
    await chat.work("the older one")
    older = chat.page.url
    await chat.page.keyboard.press("ControlOrMeta+Shift+o")
    await expect(chat.prompts).to_have_count(0)
    await chat.work("the newer one")
    await chat.page.keyboard.press("Alt+ArrowDown")
    await expect(chat.page).to_have_url(older)


async def test_a_key_goes_from_mode_to_mode_and_says_so(chat: Chat) -> None:
    modes = await chat.mode.locator("option").all_inner_texts()
    first = modes.index(await chat.mode.locator("option:checked").inner_text())
    for step in range(1, len(modes) + 1):
        await chat.page.keyboard.press("Alt+m")
        name = modes[(first + step) % len(modes)]
        await expect(chat.page.locator("#said")).to_have_text(f"Mode: {name}")
        await expect(chat.mode.locator("option:checked")).to_have_text(name)
    await expect(chat.composer).to_be_focused()
    await chat.page.keyboard.press("Alt+m")
    await chat.work("count to 1")
    assert (await chat.session())["mode"] == await chat.mode.input_value()


async def test_the_sessions_are_hidden_and_shown(chat: Chat) -> None:
    sidebar = chat.page.locator("#sidebar")
    await chat.page.keyboard.press("ControlOrMeta+b")
    await expect(sidebar).to_be_hidden(timeout=SOON)
    await chat.page.keyboard.press("ControlOrMeta+b")
    await expect(sidebar).to_be_visible(timeout=SOON)
