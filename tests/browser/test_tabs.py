from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.app.serving import Server, serving
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening
from tests.servers import free_port

pytestmark = marks("files")


async def test_a_reload_and_a_second_tab_miss_nothing_of_an_answer(tab: Opening, chat: Chat) -> None:
    await chat.ask("count to 1500")
    await expect(chat.answers.last).to_contain_text("w100 ")
    await chat.page.reload()
    other = await tab(chat.server, f"/s/{chat.session_id}")
    for one in (chat, other):
        await expect(one.answers.last).to_contain_text("w1500")
        await one.idle()
        assert await one.counted() == [*range(1, 1501)]
        await expect(one.prompts).to_have_count(1)
        await expect(one.answers).to_have_count(1)


async def test_an_approval_given_in_one_tab_is_gone_in_the_other(tab: Opening, chat: Chat) -> None:
    await chat.ask("create notes.txt with hello")
    await expect(chat.approval).to_be_visible()
    other = await tab(chat.server, f"/s/{chat.session_id}")
    await expect(other.approval).to_contain_text("notes.txt")
    await other.answer("allow_once")
    for one in (chat, other):
        await expect(one.approval).to_have_count(0)
        await one.idle()
        await expect(one.calls.first).to_have_attribute("data-state", "ok")


async def test_a_prompt_of_one_tab_shows_in_the_other(tab: Opening, chat: Chat) -> None:
    await chat.work("hello")
    other = await tab(chat.server, f"/s/{chat.session_id}")
    await other.work("count to 9")
    await expect(chat.answers.last).to_contain_text("w9")
    await expect(chat.prompts).to_have_count(2)


@pytest.fixture
def shown() -> str:
    """Everything of the transcript that must not change."""
    return "all => all.map(one => [one.tagName, one.dataset.state, one.textContent].join(' '))"


@pytest.mark.usefixtures("built")
async def test_a_restart_changes_nothing_that_was_shown(tab: Opening, tmp_path: Path, shown: str) -> None:
    port = {"MAESTRO_PORT": str(free_port())}
    with serving(tmp_path / "server", **port) as server:
        chat = await tab(server)
        await chat.ask("create notes.txt with hello")
        await chat.answer("allow_once")
        await chat.idle()
        await chat.work("count to 30")
        rows = "#transcript .column > *"
        before = await chat.page.locator(rows).evaluate_all(shown)
        assert len(before) >= 5
    await expect(chat.state).to_have_text("Reconnecting…")
    chat.faults.seen.clear()  # a socket that is refused for a while
    with serving(tmp_path / "server", **port) as server:
        await chat.idle()
        other = await tab(server, f"/s/{chat.session_id}")
        for one in (other, chat):
            await expect(one.answers.last).to_contain_text("w30")
            await expect(one.page.locator(rows)).to_have_count(len(before))  # the newest are there first
            assert await one.page.locator(rows).evaluate_all(shown) == before
        await chat.work("count to 4")
        assert await chat.counted() == [1, 2, 3, 4]
        chat.faults.seen.clear()


@pytest.mark.usefixtures("built")
async def test_a_tab_left_open_recovers_and_the_turn_goes_on_after_a_restart(
    tab: Opening, tmp_path: Path
) -> None:
    port = {"MAESTRO_PORT": str(free_port())}
    with serving(tmp_path / "server", **port) as server:
        chat = await tab(server)
        await chat.ask("count to 200 slowly")
        await expect(chat.answers.last).to_contain_text("w10 ")
    with serving(tmp_path / "server", **port):
        await expect(chat.notices).to_have_text(["The server was restarted; the turn goes on."])
        await expect(chat.answers.last).to_contain_text("w200")
        await chat.idle()
        assert await chat.counted() == [*range(1, 201)]
        await expect(chat.prompts).to_have_count(1)
        await expect(chat.composer).to_be_enabled()
        await chat.work("count to 4")
        assert await chat.counted() == [1, 2, 3, 4]
        chat.faults.seen.clear()


async def test_an_unsent_draft_survives_the_answer_of_another_turn(chat: Chat, server: Server) -> None:
    await chat.ask("count to 60 slowly")
    await chat.page.keyboard.type("my draft")
    await expect(chat.answers.last).to_contain_text("w60")
    await chat.idle()
    await expect(chat.composer).to_have_value("my draft")
    assert server.url in chat.page.url
