"""The transcript as a person reads it: cards, changes, code, and the way to a row."""

import pytest
from playwright.async_api import expect

from agent.core.events import Event, TurnFinished
from agent.core.messages import ToolCall
from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import SOON, Opening
from tests.browser.telling import called, said, told

pytestmark = marks("demo")

DIFF = """Edited a.py.
--- a.py
+++ a.py
@@ -3,2 +3,2 @@
 import os
-the old way
+the new way"""
CODE = """Look:

```python
def greet(name: str) -> str:
    return f"Hello, {name}"  # 😀 kept
```

1. Run

   ```bash
   echo "<script>alert(1)</script>"
   ```

```html
<img src=x onerror="window.harmed = true"><svg onload="window.harmed = true">
```

```mermaid
graph TD; A-->B; click A "javascript:window.harmed=true"
```

[words](https://example.org/page) https://example.com/ [safe](javascript:window.harmed=true)
"""
HARMED = "() => window.harmed === undefined && !document.querySelector('#transcript :is(img, svg, script)')"
LONG = [
    event for number in range(120) for event in said(f"turn-{number}", f"Answer {number}. " + "word " * 60)
]


def worked(turn: str) -> list[Event]:
    """A turn that looked, changed, and failed."""
    looks = [
        called(
            turn, ToolCall(id=f"look-{at}", name="read_file", arguments={"path": f"{at}.py"}), "ok", "x\ny"
        )
        for at in range(3)
    ]
    edit = ToolCall(id="edit", name="edit", arguments={"path": "a.py", "old_string": "o", "new_string": "n"})
    shell = ToolCall(id="shell", name="shell", arguments={"command": "make"})
    beginning, *rest = said(turn, CODE)
    failed = "\n".join(map(str, range(200))) + "\nmake: *** Error 2\n[Exit code 2 after 3.0 s.]"
    return [
        beginning,
        *(event for events in looks for event in events),
        *called(turn, edit, "ok", DIFF),
        *called(turn, shell, "failed", failed),
        *rest,
    ]


async def opened(tab: Opening, server: Server, events: list[Event], fragment: str = "") -> Chat:
    return await tab(server, told(server, events) + fragment)


async def test_calls_that_only_looked_are_one_line_that_opens(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, worked("t"))
    group = chat.page.locator(".group")
    await expect(group.locator("> summary")).to_have_text("Looked at 3 files")
    await expect(group.locator("[data-call]").first).to_be_hidden()
    await group.locator("> summary").press("Enter")
    await expect(group.locator("[data-call]")).to_have_count(3)
    await expect(group.locator("[data-call]").first).to_contain_text("0.py")


async def test_a_failure_is_open_and_says_what_went_wrong(tab: Opening, server: Server) -> None:
    card = (await opened(tab, server, worked("t"))).page.locator('[data-call="shell"]')
    await expect(card.locator("> summary")).to_contain_text("make: *** Error 2")
    await expect(card.locator("> summary .label")).to_have_text("Exit 2")
    await expect(card.locator(".result")).to_contain_text("more lines …")
    await expect(card.get_by_text("make: *** Error 2").last).to_be_in_viewport()
    await card.get_by_text("As it was called").click()
    await expect(card.locator(".raw")).to_contain_text('"command": "make"')


async def test_a_change_is_drawn_line_by_line_with_its_words_marked(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, worked("t"))
    card = chat.page.locator('[data-call="edit"]')
    await expect(card.locator("> summary .came-to")).to_have_text("+1 \N{MINUS SIGN}1")
    await expect(card.locator(".removed")).to_have_text("4removed: the old way")
    await expect(card.locator(".added")).to_have_text("4added: the new way")
    assert await card.locator("mark").all_text_contents() == ["old", "new"]
    await expect(card.locator(".twin")).to_be_hidden()
    await chat.page.set_viewport_size({"width": 1800, "height": 900})
    await expect(card.locator(".twin")).to_be_visible()


async def test_code_has_its_colours_and_not_a_sign_is_changed(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, worked("t"))
    block = chat.answers.last.locator(".code").first
    await expect(block.locator(".ink-k").first).to_have_text("def")
    await expect(block.locator("pre")).to_have_text(
        'def greet(name: str) -> str:\n    return f"Hello, {name}"  # 😀 kept\n'
    )
    await expect(block.locator(".language")).to_have_text("python")
    nested = chat.answers.last.locator("li .code")
    await expect(nested.locator(".ink-b, .ink-s").first).to_be_visible()
    assert await chat.page.evaluate(HARMED)
    await expect(chat.answers.last.locator("a")).to_have_text(
        ["words (example.org)", "https://example.com/"], timeout=SOON
    )
    await expect(chat.answers.last).to_contain_text("safe")  # its address was none


async def test_a_block_of_code_is_copied(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, worked("t"))
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    block = chat.answers.last.locator("li .code")
    await block.hover()
    await block.get_by_role("button", name="Copy").click()
    await expect(block.locator("[data-went=well]")).to_be_visible()
    assert await chat.page.evaluate("navigator.clipboard.readText()") == 'echo "<script>alert(1)</script>"\n'


async def test_the_last_words_of_a_turn_say_what_it_used(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, said("t", "Done."))
    await expect(chat.page.locator(".answer-foot")).to_contain_text("4.2k tokens read, 3k of them cached")
    await expect(chat.page.locator("#spent")).to_have_text("$0.0123")


@pytest.mark.parametrize("row", ["turn-3", "row-turn-3%2F0%2F0"])
async def test_an_address_leads_to_a_row_that_is_far_back(tab: Opening, server: Server, row: str) -> None:
    chat = await opened(tab, server, LONG, f"#{row}")
    wanted = chat.page.locator('[id="row-turn-3"], [id="row-turn-3/0/0"]')
    await expect(wanted.first).to_be_in_viewport()
    await expect(chat.page.locator('[id="row-turn-119"]')).not_to_be_in_viewport()


async def test_a_row_that_is_not_there_leaves_the_page_at_its_end(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, LONG, "#row-nowhere")
    await expect(chat.page.get_by_text("Answer 119.")).to_be_in_viewport()
    await chat.page.evaluate("location.hash = 'composer'")
    await expect(chat.page.get_by_text("Answer 119.")).to_be_in_viewport()


async def test_an_address_that_cannot_be_read_leaves_the_page_at_its_end(
    tab: Opening, server: Server
) -> None:
    chat = await opened(tab, server, LONG, "#%")
    await expect(chat.page.get_by_text("Answer 119.")).to_be_in_viewport()
    assert all("not a decodable element ID" in said for said in chat.faults.seen)
    chat.faults.seen.clear()  # Chromium itself says so


async def test_new_output_is_offered_to_who_reads_back(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, LONG)
    pill = chat.page.get_by_role("button", name="New output")
    await expect(chat.page.get_by_text("Answer 119.")).to_be_in_viewport()
    await expect(pill).to_be_hidden()
    await chat.send("count to 200 slowly")
    await expect(chat.answers.last).to_contain_text("w5 ")
    await expect(pill).to_be_hidden()
    await chat.page.mouse.move(640, 300)
    await chat.page.mouse.wheel(0, -2_000)
    await expect(pill).to_be_visible()
    await pill.click()
    await expect(pill).to_be_hidden()
    await expect(chat.answers.last).to_be_in_viewport()
    await chat.page.keyboard.press("Escape")
    await chat.idle()


async def test_earlier_rows_are_no_new_output(tab: Opening, server: Server) -> None:
    chat = await opened(tab, server, [*LONG, TurnFinished(turn_id="turn-119", reason="end_turn")])
    await expect(chat.page.get_by_text("Answer 119.")).to_be_in_viewport()
    await chat.page.mouse.move(640, 300)
    shown = await chat.prompts.count()
    await chat.page.mouse.wheel(0, -100_000)
    await expect(chat.prompts).not_to_have_count(shown)
    await expect(chat.page.get_by_role("button", name="New output")).to_be_hidden()
