"""Whoever sees, hears or holds a mouse less well: each page and state, in each theme, on each screen."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.app.serving import Server, serving
from tests.browser.axe import findings
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import PATIENCE
from tests.browser.states import STATES
from tests.browser.test_screens import COLOURS

pytestmark = marks("accessibility")

Theme = tuple[Literal["light", "dark"], Literal["system", "more"]]
THEMES: dict[str, Theme] = {
    "light": ("light", "system"),
    "dark": ("dark", "system"),
    "light contrast": ("light", "more"),
    "dark contrast": ("dark", "more"),
}
SIDEWAYS = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .filter((one) => !one.closest(".answer pre, .answer .table, .tool pre, .dock pre"))
  .map((one) => `${one.outerHTML.slice(0, 160)} ${one.getBoundingClientRect().right}`)
  .slice(0, 5)"""
"""What reaches past the right edge, but for what may be scrolled by itself."""


@pytest.fixture(scope="module")
def furnished(
    built: None,  # noqa: ARG001  the page comes first
    model_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server with all that the states need."""
    settings = {"OPENAI_COMPATIBLE_BASE_URL": model_url, "MAESTRO_DEFAULT_MODEL": "demo:scripted"}
    with serving(tmp_path_factory.mktemp("furnished"), **settings) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def seen(browser: Browser, furnished: Server) -> AsyncIterator[Chat]:
    """A tab of somebody new."""
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.set_default_timeout(PATIENCE)
        chat = Chat(await context.new_page(), furnished)
        await chat.open()
        yield chat


async def wear(chat: Chat, theme: str) -> None:
    """Change to a theme."""
    scheme, contrast = THEMES[theme]
    await chat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await chat.page.evaluate("(contrast) => (document.documentElement.dataset.contrast = contrast)", contrast)
    await expect(chat.page.locator(f"html.{scheme}")).to_have_count(1)


@pytest.mark.parametrize("state", STATES)
async def test_nothing_grave_is_found_in_any_theme_and_nothing_scrolls_sideways(
    seen: Chat, state: str
) -> None:
    await STATES[state](seen)
    for theme in THEMES:
        await wear(seen, theme)
        assert await findings(seen.page, colours=theme != "light") == [], theme
    for width in (640, 320):  # 200 % and 400 % of 1280
        await seen.page.set_viewport_size({"width": width, "height": 512})
        assert await seen.page.evaluate(SIDEWAYS) == [], width


async def tab_to(chat: Chat, target: Locator) -> None:
    """Go on with Tab until the focus is there."""
    for _ in range(60):
        if await target.evaluate("(one) => one === document.activeElement"):
            return
        await chat.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


async def test_a_whole_visit_needs_no_mouse(seen: Chat) -> None:
    page, keyboard = seen.page, seen.page.keyboard
    await expect(seen.composer).to_be_focused()
    await keyboard.type("create diary.txt with Rain")
    await keyboard.press("Enter")
    await expect(seen.approval).to_be_visible()
    await expect(seen.composer).to_be_focused()
    await keyboard.press("ControlOrMeta+Shift+a")
    await tab_to(seen, page.locator('[data-answer="allow_once"]'))
    await keyboard.press("Enter")
    await seen.idle()
    await expect(seen.composer).to_be_focused()
    await page.locator(".skips button").first.focus()
    await tab_to(seen, page.locator(".tool > summary").first)
    await keyboard.press("Enter")
    await expect(page.locator(".tool .diff").first).to_contain_text("Rain")
    await keyboard.press("ControlOrMeta+k")
    await keyboard.type("settings: keyboard")
    await keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/settings#keyboard$"))
    await page.go_back()
    await expect(seen.prompts).to_have_text(["create diary.txt with Rain"])


@pytest.fixture
def clean(furnished: Server) -> Iterator[None]:
    """No rule is left behind."""
    yield
    with furnished.client() as api:
        for one in api.get("rules").json():
            api.delete(f"rules/{one['id']}")


@pytest.mark.usefixtures("clean")
async def test_a_rule_is_written_tried_and_removed_without_a_mouse(seen: Chat) -> None:
    page, keyboard, rules = seen.page, seen.page.keyboard, seen.page.locator("#rules")
    row = rules.locator("[data-rule]", has_text="Allow everywhere, for every call of “Write a file”.")
    await page.goto(f"{seen.server.url}/settings")
    await expect(page.locator("[data-sign-in]").first).to_be_visible()
    await tab_to(seen, page.get_by_role("link", name="Rules"))
    await keyboard.press("Enter")
    await tab_to(seen, rules.get_by_role("button", name="Add a rule"))
    await keyboard.press("Enter")
    await tab_to(seen, rules.get_by_label("Tool"))
    await keyboard.type("Write a file")
    await tab_to(seen, rules.get_by_role("button", name="Try it", exact=True))
    await keyboard.press("Enter")
    await expect(rules.get_by_role("status")).to_contain_text("30 days")
    await expect(row).to_have_count(0)
    await tab_to(seen, rules.get_by_role("button", name="Add this rule"))
    await keyboard.press("Enter")
    await expect(row).to_be_visible()
    await expect(rules.get_by_role("heading")).to_be_focused()
    await seen.open()
    await seen.work("create diary.txt with Sun")
    assert (await seen.workspace() / "diary.txt").read_text() == "Sun\n"
    await page.goto(f"{seen.server.url}/settings#rules")
    await expect(row).to_contain_text("applied once")
    await tab_to(seen, row.get_by_role("button", name="Remove Allow everywhere"))
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(row).to_have_count(0)
    await seen.open()
    await seen.ask("create diary.txt with Rain")
    await expect(seen.approval).to_be_visible()


async def test_on_paper_nothing_is_folded_away(seen: Chat) -> None:
    await seen.work("list files")
    await expect(seen.page.locator(".tool pre").first).to_be_hidden()
    await seen.page.emulate_media(media="print", color_scheme="dark")
    await expect(seen.page.locator(".tool pre").first).to_be_visible()
    for hidden in ("#sidebar", "#composer", "header button"):
        await expect(seen.page.locator(hidden).first).to_be_hidden()
    ink, _ = await seen.answers.last.evaluate(COLOURS)
    assert max(ink) < 80


async def test_who_wants_no_motion_sees_none(seen: Chat) -> None:
    await seen.page.emulate_media(reduced_motion="reduce")
    await seen.ask("count to 100 slowly")
    moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
    assert await seen.page.evaluate(moving) == 0
