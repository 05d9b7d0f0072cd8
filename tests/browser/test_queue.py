import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import SOON

pytestmark = marks("demo")

QUEUED, STEERING = "Waits for the running turn", "Goes in with the next step"


async def ask_and_queue(chat: Chat, *prompts: str) -> None:
    """A turn that waits for its person, and prompts that wait for the turn."""
    await chat.ask("create notes.txt with hello")
    await expect(chat.approval).to_be_visible()
    for prompt in prompts:
        await chat.ask(prompt)


async def press(chat: Chat, name: str, at: int = 0) -> None:
    await chat.waiting.nth(at).get_by_role("button", name=name).click()


async def test_a_waiting_prompt_is_edited_in_its_place(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7", "count to 8")
    await press(chat, "Edit this prompt")
    await expect(chat.editor).to_be_focused(timeout=SOON)
    await expect(chat.editor).to_have_value("count to 7")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("and no further")
    await chat.page.keyboard.press("Enter")
    bubbles = chat.waiting.locator(".bubble:visible")
    await expect(bubbles).to_have_text(["count to 7\nand no further", "count to 8"])
    await expect(chat.editor).to_have_count(0)
    await expect(chat.composer).to_be_focused(timeout=SOON)
    await chat.answer("allow_once")
    await expect(chat.waiting).to_have_count(0)
    await chat.idle()
    asked = ["create notes.txt with hello", "count to 7\nand no further", "count to 8"]
    await expect(chat.prompts).to_have_text(asked)


async def test_escape_leaves_a_waiting_prompt_as_it_was_and_stops_nothing(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7")
    await press(chat, "Edit this prompt")
    await chat.page.keyboard.type(" or eight")
    await chat.page.keyboard.press("Escape")
    await expect(chat.editor).to_have_count(0)
    await expect(chat.waiting.get_by_label("Edit this prompt")).to_be_focused(timeout=SOON)
    await expect(chat.waiting.locator(".bubble")).to_have_text("count to 7")
    await expect(chat.state).to_have_text("Needs you")
    await press(chat, "Edit this prompt")
    await expect(chat.editor).to_have_value("count to 7")
    await chat.page.get_by_role("button", name="Cancel").click()
    await expect(chat.editor).to_have_count(0)
    await chat.page.keyboard.press("Escape")
    await chat.idle()


async def test_a_prompt_that_became_empty_stays_as_it_was(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7")
    await press(chat, "Edit this prompt")
    await chat.editor.fill("  ")
    await chat.page.keyboard.press("Enter")
    await expect(chat.flash).to_contain_text("Say what you want done.")
    await expect(chat.waiting.locator(".bubble")).to_have_text("count to 7")
    await chat.page.keyboard.press("Escape")
    await chat.idle()


async def test_a_dropped_prompt_is_gone_and_the_next_one_is_typed(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7", "count to 8")
    await press(chat, "Drop this prompt")
    await expect(chat.waiting.locator(".bubble")).to_have_text(["count to 8"])
    await expect(chat.composer).to_be_focused(timeout=SOON)
    await chat.answer("reject_once")
    await expect(chat.prompts).to_have_text(["create notes.txt with hello", "count to 8"])
    await expect(chat.waiting).to_have_count(0)
    await chat.idle()


async def test_a_steered_prompt_goes_into_the_running_turn(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7")
    await expect(chat.waiting).to_contain_text(QUEUED)
    await press(chat, "Steer")
    await expect(chat.waiting).to_contain_text(STEERING)
    await expect(chat.waiting.get_by_role("button", name="Steer")).to_have_count(0)
    await chat.answer("allow_once")
    await chat.idle()
    rows = (await chat.session())["rows"]
    assert [row["text"] for row in rows if row["kind"] == "user"] == [
        "create notes.txt with hello",
        "count to 7",
    ]
    assert len({row["turn_id"] for row in rows}) == 1
    await chat.page.reload()
    await expect(chat.prompts).to_have_text(["create notes.txt with hello", "count to 7"])


@pytest.mark.parametrize(("keys", "words"), [("Enter", QUEUED), ("ControlOrMeta+Enter", STEERING)])
async def test_while_a_turn_runs_enter_queues_and_with_control_it_steers(
    chat: Chat, keys: str, words: str
) -> None:
    await ask_and_queue(chat)
    await expect(chat.page.locator("#send")).to_have_text("Queue")
    await chat.page.keyboard.type("count to 7")
    await chat.page.keyboard.press(keys)
    await expect(chat.waiting).to_contain_text(words)
    await expect(chat.composer).to_have_value("")
    await chat.ask("count to 8")
    await expect(chat.waiting.last).to_contain_text(QUEUED)
    await chat.answer("reject_once")
    await expect(chat.waiting).to_have_count(0)
    await chat.idle()
    await expect(chat.page.locator("#send")).to_have_text("Send")


async def test_other_keys_can_be_made_to_steer(chat: Chat) -> None:
    await chat.page.evaluate('localStorage.setItem("maestro-keys", JSON.stringify({steer: "Alt+S"}))')
    await ask_and_queue(chat)
    await chat.page.keyboard.type("count to 7")
    await chat.page.keyboard.press("Alt+s")
    await expect(chat.waiting).to_contain_text(STEERING)
    await expect(chat.composer).to_have_value("")
    await chat.page.keyboard.type("count to 8")
    await chat.page.keyboard.press("ControlOrMeta+Enter")
    await expect(chat.waiting.last).to_contain_text(QUEUED)
    await chat.answer("reject_once")
    await expect(chat.waiting).to_have_count(0)
    await chat.idle()


async def test_what_was_typed_is_not_lost_when_the_turn_of_an_edited_prompt_begins(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7")
    await press(chat, "Edit this prompt")
    await chat.editor.fill("count to 9")
    with chat.server.client() as api:
        [asked] = [row for row in (await chat.session())["rows"] if row["status"] == "asking"]
        answer = {"type": "Answer", "approval_id": asked["approval_id"], "answer": "reject_once"}
        api.post(f"sessions/{chat.session_id}/commands", json=answer).raise_for_status()
    await expect(chat.waiting).to_have_count(0)
    await expect(chat.composer).to_have_value("count to 9")
    await chat.idle()


async def test_the_choices_of_a_waiting_prompt_are_reached_by_keyboard(chat: Chat) -> None:
    await ask_and_queue(chat, "count to 7")
    await chat.waiting.get_by_label("Edit this prompt").focus()
    names: list[str] = []
    for _ in range(3):
        names.append(await chat.page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
        await chat.page.keyboard.press("Tab")
    assert names == [
        "Edit this prompt",
        "Steer: tell it to the running turn with its next step",
        "Drop this prompt",
    ]
    await chat.waiting.get_by_label("Edit this prompt").focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.editor).to_be_focused(timeout=SOON)
    await chat.page.keyboard.press("Escape")
    await chat.page.keyboard.press("Shift+Escape")
    await chat.page.keyboard.press("Escape")
    await expect(chat.waiting).to_have_count(0)
    await chat.idle()
