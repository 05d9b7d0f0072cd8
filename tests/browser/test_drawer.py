"""The drawer as a person uses it: keys, focus, tabs, and images of the workspace in answers."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from agent.core.messages import ToolCall
from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening
from tests.browser.telling import called, said, told

pytestmark = marks("demo")

WIDE, NARROW = {"width": 1440, "height": 800}, {"width": 1439, "height": 800}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301"
    "0100c9fe92ef0000000049454e44ae426082"
)
"""One red pixel."""
HOSTILE = """Look:

![plot](plots/a%20b.png)

![up](../kept.png) ![coded](%2e%2e/kept.png) ![twice](%252e%252e/kept.png) ![top](/kept.png)
![host](//evil.example/x.png) ![far](https://evil.example/x.png) ![inline](data:image/png;base64,AAAA)
![run](javascript:alert(1)) ![vector](a.svg) ![bent](..\\\\kept.png) ![none](a//b.png) ![odd](%ff.png)
"""


async def changed(chat: Chat) -> None:
    await chat.mode.select_option("edit")
    await chat.work("write notes.txt with Good morning")


async def active(chat: Chat) -> str:
    return await chat.page.evaluate("document.activeElement.id")


async def test_the_drawer_takes_the_focus_and_gives_it_back(chat: Chat) -> None:
    await changed(chat)
    await chat.page.set_viewport_size(WIDE)
    await chat.composer.focus()
    drawer = chat.page.locator("#drawer")
    await chat.page.keyboard.press("ControlOrMeta+j")
    await expect(chat.page.locator("#tab-changes")).to_be_focused()
    await expect(chat.page.locator("#open-drawer")).to_have_attribute("aria-expanded", "true")
    for key, tab in (
        ("ArrowRight", "files"),
        ("End", "context"),
        ("ArrowRight", "changes"),
        ("ArrowLeft", "context"),
    ):
        await chat.page.keyboard.press(key)
        await expect(chat.page.locator(f"#tab-{tab}[aria-selected=true][tabindex='0']")).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(drawer).to_have_count(0)
    await expect(chat.composer).to_be_focused()
    await chat.page.keyboard.press("ControlOrMeta+Shift+g")
    await expect(chat.page.locator(".changed")).to_contain_text("notes.txt")
    await expect(chat.page.locator("#tab-changes")).to_be_focused()


async def test_beside_the_page_one_works_on_and_over_it_one_does_not(chat: Chat) -> None:
    await changed(chat)
    await chat.page.set_viewport_size(WIDE)
    await chat.composer.focus()
    await chat.page.locator("#open-drawer").click()
    await expect(chat.page.locator(".changed")).to_have_count(1)
    await chat.work("write b.txt with Eggs")
    await expect(chat.page.locator(".changed")).to_have_count(2)
    await chat.page.set_viewport_size(NARROW)
    await expect(chat.page.locator("main")).to_have_attribute("inert", "")
    await chat.page.locator(".scrim").click(position={"x": 5, "y": 5})
    await expect(chat.page.locator("#drawer")).to_have_count(0)
    await expect(chat.page.locator("main:not([inert])")).to_have_count(1)


async def test_a_changed_file_is_seen_and_its_patch_is_copied(chat: Chat) -> None:
    await changed(chat)
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.page.keyboard.press("ControlOrMeta+Shift+g")
    await chat.page.get_by_role("button", name="Copy patch").click()
    await expect(chat.page.locator("[data-went=well]")).to_be_visible()
    patch = await chat.page.evaluate("navigator.clipboard.readText()")
    assert patch == "--- /dev/null\n+++ b/notes.txt\n@@ -0,0 +1,1 @@\n+Good morning\n"
    await chat.page.get_by_role("button", name="See the file notes.txt").click()
    await expect(chat.page.locator("#drawer .code pre")).to_have_text("Good morning\n")
    await chat.page.get_by_role("button", name="All files").click()
    await expect(chat.page.locator(".tree")).to_contain_text("notes.txt")


async def test_changes_are_walked_and_ticked_off_by_keys(chat: Chat) -> None:
    await changed(chat)
    await chat.work("write more.txt with Good evening")
    await chat.page.set_viewport_size(WIDE)
    files, press = chat.page.locator(".changed"), chat.page.keyboard.press
    first, second = files.locator("summary").first, files.locator("summary").last
    await press("ControlOrMeta+Shift+g")
    await expect(chat.page.locator("#tab-changes")).to_be_focused()
    await press("n")
    await expect(first).to_be_focused()
    await press("]")
    await expect(files.first.locator(".part")).to_be_focused()
    await press("]")
    await expect(files.last.locator(".part")).to_be_focused()
    await press("[")
    await expect(files.first.locator(".part")).to_be_focused()
    await press("p")
    await expect(first).to_be_focused()
    await press("v")
    await expect(second).to_be_focused()
    await expect(files.first).not_to_have_attribute("open", "")
    viewed = chat.page.locator("[data-viewed]")
    assert [await one.is_checked() for one in await viewed.all()] == [True, False]
    await chat.work("write notes.txt with Good night")
    await expect(files.first.locator(".came-to")).to_contain_text("+2")
    await expect(viewed.first).not_to_be_checked()


async def test_all_of_an_output_is_opened_from_its_card(tab: Opening, server: Server) -> None:
    call = ToolCall(id="long", name="shell", arguments={"command": "seq"})
    text = "".join(f"line {number}\n" for number in range(6000))
    chat = await tab(server, told(server, [*said("t", "a")[:1], *called("t", call, "ok", text)]))
    card = chat.page.locator("[data-call=long]")
    await card.locator("summary").first.click()
    await card.get_by_role("button", name="Open all").click()
    whole = chat.page.locator(".whole-output")
    await expect(whole).to_contain_text("line 3000")
    await expect(whole).not_to_contain_text("line 5999")
    await chat.page.get_by_role("button", name="More").click()
    await expect(whole).to_contain_text("line 5999")


@pytest.fixture
def asked(chat: Chat) -> list[str]:
    """The addresses of all images that the page asks for."""
    found: list[str] = []
    chat.page.on("request", lambda request: request.resource_type == "image" and found.append(request.url))
    return found


async def test_images_of_the_workspace_are_drawn_and_no_others_are_asked_for(
    chat: Chat, server: Server, asked: list[str]
) -> None:
    address = told(server, said("t", HOSTILE))
    session = address.rpartition("/")[2]
    with server.client() as api:
        found: dict[str, Any] = api.get(f"sessions/{session}").json()
    plots = Path(found["workspace"], "plots")
    plots.mkdir()  # noqa: ASYNC240  a test may wait for its own disk
    (plots / "a b.png").write_bytes(PNG)
    await chat.open(address)
    image = chat.page.locator(".answer img")
    await expect(image).to_have_js_property("naturalWidth", 1)
    await expect(chat.page.locator(".no-image")).to_have_count(12)
    assert await image.get_attribute("alt") == "plot"
    assert asked == [f"{server.url}/api/v1/sessions/{session}/files/plots/a%20b.png"]
