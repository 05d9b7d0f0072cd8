import json
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from tests.app.serving import Server
from tests.browser.chromium import marks
from tests.browser.settings import Settings
from tests.browser.test_screens import COLOURS, CONTRAST, TARGET, ColorScheme, contrast

pytestmark = marks("keyed")

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Weather", "version": "1"},
    "servers": [{"url": "https://api.example.org"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-key"}}},
    "paths": {"/now": {"get": {"operationId": "now", "responses": {"200": {"description": "It."}}}}},
}
SECRET = "sk-canary-of-the-settings-page-0123456789-wxyz"
SIDEWAYS = """() => [...document.querySelectorAll("html, body, main, #settings, #settings *")]
  .filter(one => getComputedStyle(one).display !== "inline" && one.scrollWidth > one.clientWidth + 1)
  .map(one => `${one.tagName}.${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""
SMALL = """(least) => [...document.querySelectorAll("button, a, select, summary, input, textarea")]
  .filter(one => one.checkVisibility() && getComputedStyle(one).clipPath === "none")
  .map(one => [(one.closest("label") ?? one).getBoundingClientRect(), one.outerHTML])
  .filter(([box]) => box.height < least || box.width < least)
  .map(([box, name]) => `${name}: ${box.width} x ${box.height}`)"""
"""What a label is of is hit by the label."""
OPEN_ALL = """() => document.querySelectorAll("#settings details").forEach(one => { one.open = true; })"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3")].map(one => Number(one.tagName[1]))"""
NAMELESS = """() => [...document.querySelectorAll("#settings :is(input, select, textarea)")]
  .filter(one => !one.labels?.length && !one.ariaLabel).map(one => one.outerHTML)"""


@pytest.fixture
def api(keyed_server: Server) -> Iterator[httpx2.Client]:
    with keyed_server.client() as found:
        yield found


@pytest.fixture
def weather(api: httpx2.Client) -> Iterator[str]:
    made = api.post("openapi-services", json={"name": "weather", "text": json.dumps(DOCUMENT)})
    assert made.status_code == 201, made.text
    yield made.json()["id"]
    api.delete(f"openapi-services/{made.json()['id']}")


@pytest.fixture
def rule(api: httpx2.Client) -> Iterator[str]:
    made = api.post("rules", json={"tool": "shell", "decision": "deny", "commands": ["shutdown"]}).json()
    yield made["id"]
    api.delete(f"rules/{made['id']}")


@pytest_asyncio.fixture(loop_scope="session")
async def settings(context: BrowserContext, keyed_server: Server) -> Settings:
    found = Settings(await context.new_page(), keyed_server)
    await found.open()
    return found


@pytest_asyncio.fixture(params=[390, 320], loop_scope="session")
async def phone(
    browser: Browser, request: pytest.FixtureRequest, keyed_server: Server, weather: str, rule: str
) -> AsyncIterator[Settings]:
    """The page on a telephone, with something in each section."""
    assert weather
    assert rule
    size = {"width": request.param, "height": 700}
    async with await browser.new_context(viewport=size, has_touch=True, is_mobile=True) as context:
        found = Settings(await context.new_page(), keyed_server)
        await found.open()
        yield found
        assert found.faults.seen == []


async def test_a_key_is_tested_saved_and_removed_and_never_told(settings: Settings) -> None:
    row = settings.provider("compatible")
    await row.get_by_role("button", name="Enter a key").click()
    await row.get_by_label("Key", exact=True).fill(SECRET)
    await row.get_by_label("Key", exact=True).press("Enter")
    await expect(row.get_by_text("The key is saved.")).to_be_visible()
    await expect(row.get_by_text("Your key · ends in wxyz")).to_be_visible()
    await expect(row.get_by_label("Key", exact=True)).to_have_value("")
    await row.get_by_role("button", name="Test the key for").click()
    await expect(row.get_by_text("The model server accepts the key.")).to_be_visible()
    await row.get_by_role("button", name="Remove the key for").click()
    await row.get_by_role("button", name="Yes").click()
    await expect(row.get_by_text("Your key")).to_have_count(0)
    assert not await settings.has_told(SECRET)
    assert settings.faults.seen == []


async def test_what_is_no_key_is_told_beside_its_field_and_stays_there(settings: Settings) -> None:
    row = settings.provider("compatible")
    await row.get_by_role("button", name="Enter a key").click()
    await row.get_by_label("Key", exact=True).fill("two words")
    await row.get_by_role("button", name="Test and save").click()
    await expect(row.get_by_role("alert")).to_contain_text("holds a space")
    await expect(row.get_by_label("Key", exact=True)).to_have_value("two words")


async def test_a_token_is_shown_once_and_ends_when_it_is_revoked(
    settings: Settings, keyed_server: Server
) -> None:
    page = settings.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Make a token").click()
    await page.get_by_label("What it is for").fill("backup")
    await page.get_by_label("look at settings").check()
    await page.get_by_label("It ends after").select_option("a year")
    await page.get_by_role("button", name="Make", exact=True).click()
    made = page.locator("output code")
    await expect(made).to_be_visible()
    token = await made.inner_text()
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("() => navigator.clipboard.readText()") == token
    bearer = {"authorization": f"Bearer {token}"}
    with keyed_server.stranger() as program:
        assert program.get("/api/v1/tokens", headers=bearer).status_code == 200
        row = page.locator("[data-token]", has_text="backup")
        await expect(row).to_contain_text("look at sessions, work in sessions, look at settings")
        await expect(row).to_contain_text("ends in 365 days")
        assert token not in "".join(settings.frames)
        await page.reload()
        await expect(row).to_be_visible()
        assert not await settings.has_told(token)
        await row.get_by_role("button", name="Revoke backup").click()
        await row.get_by_role("button", name="Yes").click()
        await expect(row).to_have_count(0)
        assert program.get("/api/v1/tokens", headers=bearer).status_code == 401
    assert settings.faults.seen == []


async def test_a_service_is_connected_from_a_file_given_a_key_and_removed(settings: Settings) -> None:
    page, row = settings.page, settings.service("harbour")
    await page.get_by_role("button", name="Add a service").click()
    form = page.locator("form", has=page.get_by_role("button", name="Connect"))
    await form.get_by_label("Name Small letters").fill("harbour")
    text = json.dumps(DOCUMENT).encode()
    await form.get_by_label("or its file").set_input_files(
        {"name": "weather.json", "mimeType": "application/json", "buffer": text}
    )
    await form.get_by_role("button", name="Connect").click()
    await expect(row).to_contain_text("1 operation")
    await row.get_by_role("button", name="Credentials of harbour").click()
    await row.get_by_label("key").fill(SECRET)
    await row.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("ends in wxyz")
    await row.get_by_role("switch").click()
    await expect(row.get_by_role("switch")).not_to_be_checked()
    await row.get_by_role("button", name="Remove harbour").click()
    await row.get_by_role("button", name="Yes").click()
    await expect(row).to_have_count(0)
    assert not await settings.has_told(SECRET)
    assert settings.faults.seen == []


async def test_commands_leave_the_sandbox_only_past_a_warning(settings: Settings, api: httpx2.Client) -> None:
    row = settings.tool("shell")
    await row.get_by_role("button", name="Run outside of the sandbox").click()
    await expect(row.get_by_text("would then run as the server itself")).to_be_visible()
    await row.get_by_role("button", name="Switch the sandbox off").click()
    assert api.get("permissions/shell").json()["sandbox_bypassed"] is False
    await row.get_by_role("button", name="Yes").click()
    await expect(row.get_by_text("Commands run outside of the sandbox.")).to_be_visible()
    await row.get_by_role("button", name="Back into the sandbox").click()
    await expect(row.get_by_role("button", name="Run outside of the sandbox")).to_be_visible()
    assert api.get("permissions/shell").json()["sandbox_bypassed"] is False


async def test_a_tool_is_switched_by_keyboard(settings: Settings, api: httpx2.Client) -> None:
    switch = settings.page.get_by_role("switch", name="Fetch a page from the web may run")
    await switch.focus()
    for is_on in (False, True):
        await settings.page.keyboard.press("Space")
        await expect(switch).to_be_checked(checked=is_on)
        await expect(switch).to_be_focused()
        assert api.get("permissions/web_fetch").json()["is_enabled"] is is_on


async def test_what_removes_asks_once_more_by_keyboard_and_focus_is_not_lost(
    settings: Settings, rule: str
) -> None:
    page, row = settings.page, settings.page.locator(f'[data-rule="{rule}"]')
    await page.reload()
    remove = row.get_by_role("button", name="Remove Deny")
    await remove.focus()
    await page.keyboard.press("Enter")
    await expect(row.get_by_role("button", name="Yes")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(row.get_by_role("button", name="Yes")).to_be_hidden()
    await expect(remove).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(row.get_by_role("button", name="Yes")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row).to_have_count(0)
    await expect(page.get_by_role("heading", name="Rules")).to_be_focused()
    await expect(page.get_by_role("status").filter(has_text="The rule is removed.")).to_be_attached()


async def test_another_browser_is_signed_out(settings: Settings, keyed_server: Server) -> None:
    others = settings.page.locator("[data-sign-in]").filter(has_not_text="this browser")
    before, cookie = await others.count(), keyed_server.cookie()
    await settings.page.reload()
    await expect(others).to_have_count(before + 1)
    await expect(settings.page.get_by_text("this browser", exact=True)).to_have_count(1)
    newest = others.first
    await newest.get_by_role("button", name="Sign out").click()
    await newest.get_by_role("button", name="Yes").click()
    await expect(others).to_have_count(before)
    with keyed_server.stranger() as browser:
        assert browser.get("/api/v1/me", headers={"cookie": cookie}).status_code == 401


async def test_how_it_looks_is_kept_in_this_browser_and_there_from_the_first_paint(
    settings: Settings, context: BrowserContext, keyed_server: Server
) -> None:
    page, root = settings.page, settings.page.locator("html")
    await page.get_by_label("Dark").check()
    await page.get_by_label("High").check()
    await page.get_by_label("Compact").check()
    await expect(root).to_have_css("color-scheme", "dark")
    await expect(root).to_have_attribute("data-contrast", "more")
    other = await context.new_page()
    await other.goto(keyed_server.url, wait_until="commit")
    await other.wait_for_selector("head script", state="attached")
    await expect(other.locator("html")).to_have_attribute("data-density", "compact")
    await expect(other.locator("body")).to_have_css("background-color", "rgb(0, 0, 0)")
    await page.reload()
    for label in ("Dark", "High", "Compact"):
        await expect(page.get_by_label(label)).to_be_checked()
    await page.get_by_label("Comfortable").check()
    await expect(other.locator("html")).to_have_attribute("data-density", "comfortable")
    assert settings.faults.seen == []


async def test_the_settings_are_one_step_away(context: BrowserContext, keyed_server: Server) -> None:
    page = await context.new_page()
    await page.goto(keyed_server.url)
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    await expect(page.get_by_label("As the system").first).to_be_checked()
    await expect(page.get_by_label("Comfortable")).to_be_checked()
    await page.get_by_role("link", name="Appearance").click()
    await expect(page.get_by_role("heading", name="Appearance")).to_be_in_viewport()


async def test_an_address_leads_to_its_section_and_one_may_scroll_away(
    settings: Settings, weather: str
) -> None:
    assert weather
    page, keyboard = settings.page, settings.page.locator("#keyboard")
    await page.goto("about:blank")
    await settings.open("/settings#keyboard")
    await expect(keyboard).to_be_in_viewport()
    marked = page.locator(".contents [aria-current=true]")
    await expect(marked).to_have_text("Keyboard")
    await page.mouse.move(640, 400)
    await page.mouse.wheel(0, -20_000)
    await expect(page.locator("#keys")).to_be_in_viewport()
    await expect(marked).to_have_text("Keys")
    await settings.provider("compatible").get_by_role("button", name="Enter a key").click()
    await expect(keyboard).not_to_be_in_viewport()


async def test_headings_are_in_order_and_every_field_has_a_name(settings: Settings, weather: str) -> None:
    assert weather
    levels = await settings.page.evaluate(HEADINGS)
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert await settings.page.evaluate(NAMELESS) == []


async def test_nothing_scrolls_sideways_and_a_finger_hits_everything(phone: Settings) -> None:
    assert await phone.page.evaluate(SIDEWAYS) == []
    assert await phone.page.evaluate(SMALL, TARGET) == []
    await phone.page.evaluate(OPEN_ALL)
    assert await phone.page.evaluate(SIDEWAYS) == []
    assert await phone.page.evaluate(SMALL, TARGET) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["As the system", "High"])
async def test_every_word_can_be_read(
    settings: Settings, scheme: ColorScheme, chosen: str, weather: str, rule: str
) -> None:
    assert weather
    assert rule
    page = settings.page
    await page.emulate_media(color_scheme=scheme)
    await page.reload()
    await expect(settings.service("weather")).to_be_visible()
    await page.get_by_role("group", name="Contrast").get_by_label(chosen).check()
    await page.evaluate(OPEN_ALL)
    seen = "#settings :is(h2, h3, p, strong, label, summary, button, a, code, small, legend):visible"
    words = await page.locator(seen).evaluate_all(f"all => all.map({COLOURS})")
    names = await page.locator(seen).evaluate_all("all => all.map(one => one.outerHTML)")
    faint = [name for name, colours in zip(names, words, strict=True) if contrast(*colours) < CONTRAST]
    assert len(words) > 50
    assert faint == []
