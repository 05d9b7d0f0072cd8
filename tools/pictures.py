"""Pictures of the page in its states, light, dark and on a phone: `python -m tools.pictures FOLDER`."""

# ruff: noqa: INP001  tools/ holds programs, and is no package

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, expect

from tests.app.serving import Server, serving
from tests.browser.chat import Chat
from tests.browser.chromium import chromium
from tests.browser.model_server import model_server

Screen = tuple[int, int, Literal["light", "dark"]]
Scene = Callable[[Chat], Awaitable[None]]
SCREENS: dict[str, Screen] = {
    "light": (1280, 800, "light"),
    "dark": (1280, 800, "dark"),
    "phone": (390, 844, "light"),
}
SETTINGS = {"MAESTRO_DEFAULT_MODEL": "demo:scripted"}
NOTES = "notes.txt with Buy milk, call the plumber, and write down what was said on Monday"


async def empty(chat: Chat) -> None:
    """Nothing has been asked."""
    await expect(chat.page.locator(".welcome")).to_be_visible()


async def streaming(chat: Chat) -> None:
    """An answer is being given."""
    await chat.ask("count to 600 slowly")
    await expect(chat.answers.last).to_contain_text("w60 ")


async def tools(chat: Chat) -> None:
    """Calls that went well and badly, opened."""
    await chat.mode.select_option("edit")
    await chat.work(f"create {NOTES}")
    await chat.work("read nowhere.txt")
    for summary in await chat.page.locator(".tool > summary").all():
        await summary.click()


async def approval(chat: Chat) -> None:
    """A question waits."""
    await chat.ask(f"create {NOTES}")
    await expect(chat.approval).to_be_visible()


async def waiting(chat: Chat) -> None:
    """A prompt waits for the turn before it."""
    await streaming(chat)
    await chat.ask("list files")


async def error(chat: Chat) -> None:
    """A turn that failed, and a sentence about it."""
    await choose(chat, "openai:gpt-x")
    await chat.work("hello")


async def markdown(chat: Chat) -> None:
    """A long answer with everything in it, from its beginning."""
    await choose(chat, "compatible:x")
    await chat.work("show everything")
    await chat.prompts.first.scroll_into_view_if_needed()


async def sidebar(chat: Chat) -> None:
    """The list of sessions, where it has to be opened."""
    await chat.work("a session with a rather long name that does not fit into the list of sessions")
    if await (menu := chat.page.get_by_role("button", name="Sessions")).is_visible():
        await menu.click()


async def models(chat: Chat) -> None:
    """The list of models."""
    await chat.page.get_by_role("button", name="Pick a model").click()
    await expect(chat.page.get_by_role("button", name="demo:scripted")).to_be_visible()


SCENES: tuple[Scene, ...] = (
    empty,
    streaming,
    tools,
    approval,
    waiting,
    error,
    markdown,
    sidebar,
    models,
)


async def choose(chat: Chat, model: str) -> None:
    """Type another model."""
    await chat.model.fill(model)
    await chat.model.press("Tab")


async def picture(browser: Browser, server: Server, screen: str, scene: Scene, folder: Path) -> None:
    """Play one scene on one screen and keep what is seen."""
    width, height, scheme = SCREENS[screen]
    size = {"width": width, "height": height}
    async with await browser.new_context(viewport=size, color_scheme=scheme) as context:
        chat = Chat(await context.new_page(), server)
        await chat.open()
        await scene(chat)
        await chat.page.screenshot(path=folder / f"{scene.__name__}-{screen}.png")


async def main(folder: Path) -> None:
    """Take all pictures."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(model_server())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(serving(place / "server", OPENAI_COMPATIBLE_BASE_URL=url, **SETTINGS))
        browser = await stack.enter_async_context(chromium())
        if browser is None:
            sys.exit("pictures: Chromium is not installed")
        for screen in SCREENS:
            for scene in SCENES:
                await picture(browser, server, screen, scene, folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the program and the folder
        sys.exit("pictures: name the folder they go to")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
