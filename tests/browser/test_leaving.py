"""A page whose right has ended is not left dead: it goes to where its person may go on."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import BrowserContext, Cookie, expect

from tests.app.serving import PATIENCE, serving
from tests.browser.chat import Chat
from tests.browser.chromium import marks

pytestmark = marks("demo")


async def kept(chat: Chat) -> Cookie:
    """The cookie of the sign-in, which no script can read."""
    [found] = [one for one in await chat.page.context.cookies(chat.server.url) if one["httpOnly"]]
    return found


async def test_a_page_that_is_signed_out_comes_back_by_a_visit(chat: Chat) -> None:
    """In local mode that signs in anew; where people sign in, the visit leads to the sign-in."""
    await chat.work("count to 3")
    session = chat.session_id
    cookie = await kept(chat)
    async with chat.page.expect_event("load"):
        chat.server.sign_out(f"{cookie['name']}={cookie['value']}")
    await chat.alive()
    await expect(chat.page).to_have_url(re.compile(session))
    assert (await kept(chat))["value"] != cookie["value"]
    await chat.work("count to 2")
    chat.faults.seen.clear()  # a socket that was refused on the way


async def test_a_page_that_nobody_may_open_does_not_load_for_ever(
    built: None,  # noqa: ARG001  the page comes first
    context: BrowserContext,
    tmp_path: Path,
) -> None:
    loads: list[str] = []
    asked: asyncio.Queue[int] = asyncio.Queue()
    with serving(tmp_path / "data", MAESTRO_LOCAL_KEY="required") as server:
        page = await context.new_page()
        page.on("load", lambda page: loads.append(page.url))
        page.on(
            "response", lambda answer: answer.url.endswith("/api/v1/me") and asked.put_nowait(answer.status)
        )
        await page.goto(server.url)
        async with asyncio.timeout(PATIENCE):
            assert [await asked.get() for _ in range(4)] == [401] * 4
    assert len(loads) == 2
