import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening

pytestmark = marks("keyed")

ColorScheme = Literal["dark", "light"]
CONTRAST = 4.5
TARGET = 24

OVERFLOW = """() => [...document.querySelectorAll("html, body, main, #transcript, .composer, .dock, .answer")]
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => `${one.tagName}#${one.id}.${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""
COLOURS = """(one) => {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const painted = (colour) => {
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const grounds = [];
  for (let at = one; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
  const ground = ["white", ...grounds].map(painted).at(-1);
  return [painted(getComputedStyle(one).color), ground];
}"""
"""Red, green and blue of a text and of what lies behind it."""
SMALL = """(least) => [...document.querySelectorAll("button, a, select, summary, input")]
  .filter(one => one.checkVisibility() && !one.closest(".answer"))
  .filter(one => getComputedStyle(one).clipPath === "none")
  .map(one => [one.getBoundingClientRect(), one.textContent || one.id])
  .filter(([box]) => box.height < least || box.width < least)
  .map(([box, name]) => `${name}: ${box.width} x ${box.height}`)"""


@pytest_asyncio.fixture(params=[390, 320], loop_scope="session")
async def phone(
    browser: Browser, request: pytest.FixtureRequest, keyed_server: Server
) -> AsyncIterator[Chat]:
    """A new session on a telephone."""
    size = {"width": request.param, "height": 700}
    async with await browser.new_context(viewport=size, has_touch=True, is_mobile=True) as context:
        chat = Chat(await context.new_page(), keyed_server)
        await chat.open()
        yield chat
        assert chat.faults.seen == []


async def test_nothing_scrolls_sideways_on_a_phone(phone: Chat) -> None:
    assert await phone.page.evaluate(OVERFLOW) == []
    await phone.work("show everything")
    await expect(phone.answers.last).to_contain_text("The end.")
    assert await phone.page.evaluate(OVERFLOW) == []
    await phone.page.reload()
    await expect(phone.answers.last).to_contain_text("The end.")
    assert await phone.page.evaluate(OVERFLOW) == []


async def test_a_question_fits_on_a_phone(phone: Chat) -> None:
    await phone.model.fill("demo:scripted")
    await phone.model.press("Tab")
    await phone.ask(f"create folder/{'long' * 30}.txt with {'words' * 60}")
    await expect(phone.approval).to_be_visible()
    assert await phone.page.evaluate(OVERFLOW) == []
    for answer in await phone.page.locator("[data-answer]").all():
        await expect(answer).to_be_in_viewport(ratio=1)
    await expect(phone.composer).to_be_in_viewport(ratio=1)
    await phone.answer("reject_once")
    await phone.idle()


async def test_a_waiting_prompt_fits_on_a_phone_and_a_finger_hits_its_choices(phone: Chat) -> None:
    await phone.model.fill("demo:scripted")
    await phone.model.press("Tab")
    await phone.ask("create notes.txt with hello")
    await phone.ask("long" * 30 + " words" * 30)
    assert await phone.page.evaluate(OVERFLOW) == []
    assert await phone.page.evaluate(SMALL, TARGET) == []
    await phone.waiting.get_by_label("Edit this prompt").tap()
    await expect(phone.editor).to_be_in_viewport(ratio=1)
    assert await phone.page.evaluate(OVERFLOW) == []
    assert await phone.page.evaluate(SMALL, TARGET) == []
    await phone.page.get_by_role("button", name="Cancel").tap()
    await phone.waiting.get_by_label("Drop this prompt").tap()
    await phone.answer("reject_once")
    await phone.idle()


async def test_a_finger_hits_every_control(phone: Chat) -> None:
    await phone.work("hello")
    assert await phone.page.evaluate(SMALL, TARGET) == []


async def test_the_sidebar_comes_from_the_menu_and_leads_to_a_session(phone: Chat) -> None:
    await phone.work("the first one")
    first = phone.page.url
    sidebar = phone.page.locator("#sidebar")
    await expect(sidebar).to_be_hidden()
    await phone.page.get_by_role("button", name="Sessions").tap()
    await expect(sidebar).to_be_visible()
    await sidebar.get_by_role("link", name="New session").tap()
    await expect(phone.page).to_have_url(re.compile(r":\d+/$"))
    await expect(sidebar).to_be_hidden()
    await phone.page.get_by_role("button", name="Sessions").tap()
    await sidebar.get_by_role("link", name="the first one").first.tap()
    await expect(phone.page).to_have_url(first)
    await expect(sidebar).to_be_hidden()
    await expect(phone.answers.last).to_have_text("You said: the first one")


def luminance(colour: list[int]) -> float:
    """Source: WCAG 2.2, relative luminance."""
    channels = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: list[int], other: list[int]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read(tab: Opening, keyed_server: Server, scheme: ColorScheme) -> None:
    chat = await tab(keyed_server)
    await chat.page.emulate_media(color_scheme=scheme)
    await chat.work("show everything")
    await chat.work("refuse the key")
    seen = "#sidebar a, h1, #run-state, .bubble, .answer p, .answer code, .answer a, .answer blockquote, "
    seen += ".notice, #mode, #model, #send, .meta:visible, summary"
    for text in await chat.page.locator(seen).all():
        ink, ground = await text.evaluate(COLOURS)
        found = contrast(ink, ground)
        assert found >= CONTRAST, f"{await text.evaluate('one => one.outerHTML')}: {found:.2f}"


async def test_dark_and_light_differ(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    body = chat.page.locator("body")
    await chat.page.emulate_media(color_scheme="dark")
    assert luminance((await body.evaluate(COLOURS))[1]) < 0.05
    await chat.page.emulate_media(color_scheme="light")
    assert luminance((await body.evaluate(COLOURS))[1]) > 0.8


async def test_the_transcript_follows_its_end_unless_one_reads_back(
    tab: Opening, keyed_server: Server
) -> None:
    chat = await tab(keyed_server)
    await chat.work("show everything")
    await expect(chat.page.get_by_text("The end.")).to_be_in_viewport()
    await chat.model.fill("demo:scripted")
    await chat.model.press("Tab")
    await chat.ask("count to 400")
    await expect(chat.answers.last).to_contain_text("w200 ")
    gap = "one => one.scrollHeight - one.scrollTop - one.clientHeight"
    transcript = chat.page.locator("#transcript")
    assert await transcript.evaluate(gap) < 80
    await chat.page.mouse.move(640, 300)
    await chat.page.mouse.wheel(0, -20_000)
    await expect(chat.prompts.first).to_be_in_viewport()
    await chat.idle()
    await expect(chat.prompts.first).to_be_in_viewport()
    await chat.work("count to 5")
    assert await transcript.evaluate(gap) < 80
