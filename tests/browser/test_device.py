"""A program is let in: over HTTP on its side, in the browser on the person's."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.app.serving import Server
from tests.browser.chat import Faults
from tests.browser.chromium import marks
from tests.browser.test_screens import COLOURS, CONTRAST, OVERFLOW, SMALL, TARGET, contrast
from tests.servers import NO_TLS

pytestmark = marks("demo")
EVERYTHING = "sessions:read sessions:write settings:read settings:write"


class Program:
    """A program without a browser."""

    def __init__(self, server: Server, client: str = "maestro on a laptop", scope: str = "") -> None:
        self.server = server
        with server.stranger() as asking:
            answer = asking.post("/api/v1/cli/auth/initiate", json={"client_name": client, "scope": scope})
        self.codes = answer.raise_for_status().json()
        self.user_code: str = self.codes["user_code"]

    def polled(self) -> tuple[int, dict[str, Any]]:
        with self.server.stranger() as asking:
            code = self.codes["device_code"]
            answer = asking.post("/api/v1/cli/auth/token", json={"device_code": code})
            return answer.status_code, answer.json()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, server: Server) -> AsyncIterator[Page]:
    """The page of the device login, where nothing may go wrong."""
    page = await context.new_page()
    faults = Faults(server.url)
    faults.watch(page)
    await page.goto(f"{server.url}/device")
    yield page
    assert faults.seen == []


@pytest.fixture(autouse=True)
def _clean(server: Server) -> Iterator[None]:
    """Other modules share the server: who was let in here is kept out again."""
    yield
    with server.client() as api:
        for token in api.get("tokens").json():
            if token["source"] == "device":
                api.delete(f"tokens/{token['id']}")


async def typed(page: Page, code: str) -> None:
    await page.locator("#user-code").fill(code)
    await page.keyboard.press("Enter")


async def test_a_program_is_let_in_works_and_is_kept_out_again(page: Page, server: Server) -> None:
    program = await asyncio.to_thread(Program, server)
    assert program.polled()[1] == {"error": "authorization_pending"}
    await expect(page.get_by_label("Code")).to_be_focused()
    await page.keyboard.type(program.user_code.lower().replace("-", " "))
    await page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("maestro on a laptop wants to work in your name")
    await expect(heading).to_be_focused()
    await expect(page.get_by_role("main")).to_contain_text("127.0.0.1")
    await expect(page.get_by_role("listitem")).to_have_count(2)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Deny")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(heading).to_have_text("“maestro on a laptop” is let in")
    await expect(heading).to_be_focused()
    status, token = program.polled()
    assert status == 200
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    with (
        httpx2.Client(base_url=f"{server.url}/api/v1/", headers=bearer, verify=NO_TLS) as own,
        server.client() as api,
    ):
        assert own.post("sessions", json={"name": "From a laptop"}).status_code == 201
        [listed] = [each for each in api.get("tokens").json() if each["source"] == "device"]
        assert api.delete(f"tokens/{listed['id']}").status_code == 204
        assert own.get("sessions").status_code == 401


async def test_a_program_is_denied(page: Page, server: Server) -> None:
    program = await asyncio.to_thread(Program, server)
    await typed(page, program.user_code)
    await page.get_by_role("button", name="Deny").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("“maestro on a laptop” is kept out")
    assert program.polled() == (400, {"error": "expired_token"})
    await page.get_by_role("link", name="To the sessions").click()
    await expect(page).to_have_url(re.compile(r"/$"))


async def test_a_code_in_the_address_is_written_down_and_not_sent(page: Page, server: Server) -> None:
    program = await asyncio.to_thread(Program, server)
    await page.goto(f"{server.url}/device?code={program.user_code}")
    await expect(page.locator("#user-code")).to_have_value(program.user_code)
    await expect(page.locator("#allow")).to_have_count(0)
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("#allow")).to_be_visible()


async def test_a_wrong_code_is_said_and_can_be_typed_again(page: Page, server: Server) -> None:
    program = await asyncio.to_thread(Program, server)
    await typed(page, "BBBB-BBBB")
    await expect(page.locator(".flash")).to_contain_text("No program waits that shows this code.")
    await expect(page.locator("#user-code")).to_have_value("BBBB-BBBB")
    await typed(page, program.user_code)
    await expect(page.locator("#allow")).to_be_visible()
    await expect(page.locator(".flash")).to_have_count(0)


async def test_what_was_answered_elsewhere_is_said(page: Page, server: Server) -> None:
    program = await asyncio.to_thread(Program, server)
    await typed(page, program.user_code)
    await expect(page.locator("#allow")).to_be_visible()
    second = await page.context.new_page()
    await second.goto(f"{server.url}/device")
    await typed(second, program.user_code)
    await second.locator("#deny").click()
    await expect(second.get_by_role("heading", level=1)).to_contain_text("is kept out")
    await page.locator("#allow").click()
    await expect(page.locator(".flash")).to_contain_text("This program waits no longer.")
    await expect(page.locator("#user-code")).to_be_visible()
    assert program.polled() == (400, {"error": "expired_token"})


async def test_what_a_program_calls_itself_is_only_a_text(page: Page, server: Server) -> None:
    name = "<b onclick=alert(1)>x</b> ![x](https://example.org/x.png)"
    program = await asyncio.to_thread(Program, server, name)
    await typed(page, program.user_code)
    await expect(page.get_by_role("heading", level=1)).to_contain_text(name)


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (320, "dark")]
)
async def test_the_question_fits_and_can_be_read(
    browser: Browser, server: Server, width: int, scheme: Any
) -> None:
    program = await asyncio.to_thread(Program, server, "long" * 20, EVERYTHING)
    size = {"width": width, "height": 800}
    async with await browser.new_context(viewport=size, color_scheme=scheme) as context:
        page = await context.new_page()
        await page.goto(f"{server.url}/device")
        await typed(page, program.user_code)
        await expect(page.locator("#allow")).to_be_visible()
        assert await page.evaluate(OVERFLOW) == []
        assert await page.evaluate(SMALL, TARGET) == []
        for text in await page.locator(".alone :is(h1, p, dt, dd, button)").all():
            ink, ground = await text.evaluate(COLOURS)
            assert contrast(ink, ground) >= CONTRAST, await text.text_content()
