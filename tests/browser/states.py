"""Every page and state that is looked at: its name, and how one gets there."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.browser.chat import Chat
from tools import pictures

State = Callable[[Chat], Awaitable[None]]


async def unknown(chat: Chat) -> None:
    """A session that is not there, and a sentence about it."""
    await chat.page.goto(f"{chat.server.url}/s/nowhere")
    await expect(chat.flash).to_be_visible()


async def models(chat: Chat) -> None:
    """The list of models, and who stands in for the one that is picked."""
    await chat.page.get_by_role("button", name="Pick a model").click()
    await expect(chat.page.get_by_role("button", name="compatible:y")).to_be_visible()
    await chat.page.get_by_label("If it does not answer, ask").fill("compatible:x, demo:scripted")


async def sessions(chat: Chat) -> None:
    """All sessions, with the actions of one."""
    await chat.work("list files")
    await chat.page.goto(f"{chat.server.url}/sessions")
    await chat.page.locator(".acts-of > button").first.click()
    await expect(chat.page.get_by_role("button", name="Rename")).to_be_visible()


async def device(chat: Chat) -> None:
    """A code is to be typed."""
    await chat.page.goto(f"{chat.server.url}/device")
    await expect(chat.page.locator("#user-code")).to_be_visible()


async def device_question(chat: Chat) -> None:
    """A program wants in."""
    with chat.server.stranger() as program:
        body = {"client_name": "maestro on a laptop", "scope": ""}
        codes = program.post("/api/v1/cli/auth/initiate", json=body).raise_for_status().json()
    await device(chat)
    await chat.page.locator("#user-code").fill(codes["user_code"])
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.locator("#allow")).to_be_visible()


async def palette(chat: Chat) -> None:
    """The palette over a session, with something found."""
    await chat.work("say that the milk is in the fridge")
    await chat.page.keyboard.press("ControlOrMeta+k")
    await chat.page.locator("#palette-field").fill("milk")
    await expect(chat.page.locator("[data-found-by=milk]:visible").first).to_be_visible()


async def palette_empty(chat: Chat) -> None:
    """The palette before anything is typed."""
    await chat.page.keyboard.press("ControlOrMeta+k")
    await expect(chat.page.locator("#palette-field")).to_be_focused()


async def shortcuts(chat: Chat) -> None:
    """The list of shortcuts, one of them about to be changed."""
    await chat.page.keyboard.press("ControlOrMeta+/")
    button = chat.page.locator('[data-action="sidebar"]')
    await expect(button).to_have_text("Ctrl+B")  # the script has drawn it
    await button.click()
    await expect(chat.page.locator("#shortcuts output")).to_contain_text("Press")


async def skipping(chat: Chat) -> None:
    """The first link that Tab finds."""
    await chat.page.locator(".skips button").first.focus()


STATES: dict[str, State] = {
    "chat: empty": pictures.empty,
    "chat: an answer streams": pictures.streaming,
    "chat: tool cards, opened": pictures.tools,
    "chat: an approval waits": pictures.approval,
    "chat: the agent asks": pictures.question,
    "chat: a plan waits": pictures.plan,
    "chat: the queue, a prompt being edited": pictures.editing,
    "chat: a turn is being stopped": pictures.stopping,
    "chat: cut off by a restart": pictures.restarted,
    "chat: a turn failed": pictures.error,
    "chat: Markdown": pictures.markdown,
    "chat: the list of models": models,
    "chat: sources of an answer": pictures.sources,
    "chat: to do": pictures.todo,
    "chat: no such session": unknown,
    "chat: a link to skip": skipping,
    "palette: something is found": palette,
    "palette: nothing typed": palette_empty,
    "shortcuts: one is changed": shortcuts,
    "settings": pictures.settings,
    "settings: asked twice": pictures.asked_twice,
    "sessions: searched and chosen": pictures.browsing,
    "sessions: the actions of one": sessions,
    "device: a code is to be typed": device,
    "device: a program wants in": device_question,
}
