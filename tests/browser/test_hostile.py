"""Texts written to harm the page are shown as what they are: texts."""

import pytest
from playwright.async_api import expect

from agent.core.messages import ToolCall
from agent.sessions.log import storable
from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening
from tests.browser.hostile import ANSWERS, RESULTS
from tests.browser.telling import called, said, told

pytestmark = marks("hostile")

OUTSIDE = """[...document.querySelectorAll('#transcript .column > *')].filter((row) => {
  const box = row.getBoundingClientRect(), column = row.parentElement.getBoundingClientRect();
  return box.height && (box.right > column.right + 1 || box.left < column.left - 1);
}).length"""
"""Rows that are wider than their place."""
MARKUP = "script, iframe, object, form, style, link, img, svg"


async def answered(tab: Opening, server: Server, text: str) -> Chat:
    """A session with one answer, stored as any answer is."""
    chat = await tab(server, told(server, said("t", storable(text))))
    await expect(chat.answers.first).to_be_attached()
    return chat


async def assert_alive(chat: Chat) -> None:
    """The composer takes letters, nothing was run, nothing sticks out of its row."""
    await chat.composer.fill("a")
    await chat.composer.press("b")
    await expect(chat.composer).to_have_value("ab")
    assert await chat.page.evaluate("window.harmed") is None
    assert await chat.page.evaluate(OUTSIDE) == 0
    await chat.composer.fill("")


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_hostile_answer_is_only_shown(tab: Opening, server: Server, text: str) -> None:
    chat = await answered(tab, server, text)
    await assert_alive(chat)
    assert await chat.answers.locator(MARKUP).count() == 0
    for protocol in await chat.answers.locator("a").evaluate_all("links => links.map((one) => one.protocol)"):
        assert protocol in ("http:", "https:", "mailto:")


@pytest.mark.parametrize("text", RESULTS.values(), ids=RESULTS.keys())
async def test_a_hostile_result_is_only_shown(tab: Opening, server: Server, text: str) -> None:
    first, second, last = said("t", "Look at it.")
    call = ToolCall(id="c", name="shell", arguments={"command": storable(text[:2000])})
    chat = await tab(
        server, told(server, [first, *called("t", call, "failed", storable(text)), second, last])
    )
    await expect(chat.calls.first).to_be_attached()
    await assert_alive(chat)
    assert await chat.calls.locator(MARKUP).count() == 0


async def test_a_link_says_where_it_leads_whatever_its_words_say(tab: Opening, server: Server) -> None:
    lies = (
        "[https://example.org@evil.example/](https://example.org@evil.example/)",
        "[example.org/evil.example](https://evil.example/)",
        "[\u202eexample.org](https://evil.example/)",
        "[ex\u200bample.org](https://evil.example/)",
        "<https://ex\u0430mple.org/>",
    )
    honest = "[evil.example/page](https://evil.example/page)"
    chat = await answered(tab, server, "\n\n".join([*lies, honest]))
    leads = chat.answers.first.locator("a .host")
    await expect(leads).to_have_text([" (evil.example)"] * 4 + [" (xn--exmple-4nf.org)"])


async def test_code_and_tables_stay_left_to_right(tab: Opening, server: Server) -> None:
    text = "\u202eturned `code`\n\n```\nx = 1\n```\n\n| a | b |\n|---|---|\n| c | d |\n"
    chat = await answered(tab, server, text)
    for part in ("pre", "p code", ".table"):
        found = chat.answers.first.locator(part)
        await expect(found).to_have_css("direction", "ltr")
        await expect(found).to_have_css("unicode-bidi", "isolate")


async def test_what_towers_over_its_line_does_not_paint_over_the_header(tab: Opening, server: Server) -> None:
    chat = await answered(tab, server, ANSWERS["accents to the sky"])
    name = chat.page.locator("header h1")
    with_accents = await name.screenshot()
    await chat.answers.first.evaluate("answer => answer.style.visibility = 'hidden'")
    assert await name.screenshot() == with_accents
