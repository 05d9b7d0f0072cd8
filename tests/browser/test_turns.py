import re
import time
from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks

pytestmark = marks("demo")

STATES = """(label) => {
  window.states = [label.textContent];
  new MutationObserver(() => window.states.push(label.textContent))
    .observe(label, {subtree: true, childList: true, characterData: true});
}"""
"""Keeps every word of the run state, however short it was shown."""

ROLES = "all => all.map(one => one.dataset.role)"


async def test_a_first_prompt_becomes_a_session_of_its_own_address(chat: Chat) -> None:
    await chat.work("list files")
    await expect(chat.page).to_have_url(re.compile(r"/s/[\w-]{30,}$"))
    await expect(chat.prompts).to_have_text(["list files"])
    await expect(chat.page.locator("#sidebar a[aria-current=page]")).to_have_text("list files")
    await expect(chat.page.get_by_role("heading", level=1)).to_have_text("list files")
    await expect(chat.composer).to_be_focused()
    await expect(chat.composer).to_have_value("")


async def test_a_turn_shows_its_tool_calls_and_its_answer(chat: Chat) -> None:
    await chat.work("read a.txt and b.txt")
    await expect(chat.calls).to_have_count(2)
    for call in await chat.calls.all():
        await expect(call).to_have_attribute("data-state", "failed")
    await expect(chat.answers.last).to_contain_text("did not work")
    await expect(chat.calls.first.locator(".result")).to_be_visible()
    await chat.calls.first.locator("summary").first.click()
    await expect(chat.calls.first.locator(".result")).to_be_hidden()


async def test_the_run_state_says_what_goes_on(chat: Chat) -> None:
    await chat.work("hello")
    await chat.state.evaluate(STATES)
    await chat.work("list files")
    await chat.work("count to 50")
    states = await chat.page.evaluate("() => window.states")
    assert states[0] == states[-1] == "Idle"
    assert {"Thinking", "Answering"} <= set(states)


async def test_an_answer_grows_while_it_is_given(chat: Chat) -> None:
    await chat.ask("count to 100 slowly")
    await expect(chat.answers.last).to_contain_text("w5 ")
    before = len(await chat.counted())
    await expect(chat.answers.last).to_contain_text("w30 ")
    assert before < 30 <= len(await chat.counted()) < 100
    await chat.idle()
    assert await chat.counted() == [*range(1, 101)]


async def stopped(chat: Chat, stop: Callable[[], Awaitable[None]]) -> int:
    """Stop a turn within a second; a busy machine may hold up two tries. Gives how many there were."""
    took: list[float] = []
    while min(took, default=1) >= 1 and len(took) < 3:
        await chat.ask("count to 5000 slowly")
        await expect(chat.answers.last).to_contain_text("w20 ")
        began = time.monotonic()
        await stop()
        await chat.idle()
        took.append(time.monotonic() - began)
    assert min(took) < 1
    return len(took)


async def test_a_stopped_turn_ends_within_a_second_and_keeps_what_was_said(chat: Chat) -> None:
    tries = await stopped(chat, chat.page.locator("#stop").click)
    await expect(chat.notices).to_have_text(["Stopped."] * tries)
    said = await chat.counted()
    assert said == [*range(1, len(said) + 1)]
    assert 20 <= len(said) < 2000
    await expect(chat.page.locator("#stop")).to_have_count(0)
    await chat.work("count to 3")
    assert await chat.counted() == [1, 2, 3]


async def test_escape_stops_a_turn(chat: Chat) -> None:
    tries = await stopped(chat, lambda: chat.page.keyboard.press("Escape"))
    await expect(chat.notices).to_have_text(["Stopped."] * tries)


async def test_a_prompt_while_a_turn_runs_waits_and_then_runs(chat: Chat) -> None:
    await chat.ask("count to 100 slowly")
    await expect(chat.answers.last).to_contain_text("w5 ")
    await chat.ask("count to 7")
    await expect(chat.prompts.last).to_contain_text("count to 7")
    await expect(chat.page.get_by_text("Waits for the running turn")).to_be_visible()
    await expect(chat.answers).to_have_count(2)
    await chat.idle()
    await expect(chat.page.get_by_text("Waits for the running turn")).to_have_count(0)
    assert await chat.counted() == [*range(1, 8)]
    assert await chat.page.locator("[data-role]").evaluate_all(ROLES) == ["user", "assistant"] * 2


async def test_a_waiting_prompt_stands_below_the_answer_it_waits_for(chat: Chat) -> None:
    await chat.ask("count to 5000 slowly")
    await expect(chat.answers.last).to_contain_text("w5 ")
    await chat.ask("count to 7")
    assert await chat.page.locator("[data-role]").evaluate_all(ROLES) == ["user", "assistant", "user"]
