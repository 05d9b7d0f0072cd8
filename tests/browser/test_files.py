from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.chromium import marks

pytestmark = marks("files")


async def test_a_file_is_written_once_a_person_allows_it(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello world")
    await expect(chat.approval).to_contain_text("notes.txt")
    await expect(chat.approval.locator("pre:not(.raw)")).to_have_text("hello world\n")
    await expect(chat.state).to_have_text("Needs you")
    await expect(chat.calls.first).to_have_attribute("data-state", "asking")
    notes = await chat.workspace() / "notes.txt"
    assert not notes.exists()
    await chat.answer("allow_once")
    await chat.idle()
    assert notes.read_text() == "hello world\n"
    await expect(chat.approval).to_have_count(0)
    await expect(chat.calls.first).to_have_attribute("data-state", "ok")
    await expect(chat.answers.last).to_contain_text("hello world")


async def test_a_denied_file_is_not_written_and_the_model_is_told(chat: Chat) -> None:
    await chat.ask("create notes.txt with hello world")
    await chat.answer("reject_once")
    await chat.idle()
    await expect(chat.calls).to_have_count(1)
    await expect(chat.calls.first).to_have_attribute("data-state", "rejected")
    await expect(chat.answers.last).to_contain_text("You did not let me use write_file")
    assert not (await chat.workspace() / "notes.txt").exists()


async def test_allowed_once_is_asked_again(chat: Chat) -> None:
    await chat.ask("create a.txt with one")
    await chat.answer("allow_once")
    await chat.idle()
    await chat.ask("create b.txt with two")
    await expect(chat.approval).to_contain_text("b.txt")
    await chat.answer("reject_once")
    await chat.idle()


async def test_always_asks_no_more(chat: Chat) -> None:
    await chat.ask("create a.txt with one")
    await chat.answer("allow_always")
    await chat.idle()
    await chat.work("create a.txt with one")
    await chat.work("create b.txt with two")
    assert (await chat.workspace() / "b.txt").read_text() == "two\n"


async def test_never_takes_the_tool_away_unasked(chat: Chat) -> None:
    await chat.ask("create a.txt with one")
    await chat.answer("reject_always")
    await chat.idle()
    await chat.work("create a.txt with one")
    await expect(chat.calls).to_have_count(1)
    await expect(chat.answers.last).to_contain_text("a tool for that which this session does not offer")
    assert list((await chat.workspace()).iterdir()) == []


async def test_a_file_changed_on_the_disk_is_read_anew(chat: Chat) -> None:
    await chat.work("hello")
    notes = await chat.workspace() / "notes.txt"
    notes.write_text("first words\n")
    await chat.work("read notes.txt")
    await expect(chat.answers.last).to_contain_text("first words")
    notes.write_text("second words\n")
    await chat.work("read notes.txt")
    await expect(chat.answers.last).to_contain_text("second words")
    await expect(chat.answers.last).not_to_contain_text("first words")


async def test_plan_mode_refuses_a_write_without_asking(chat: Chat) -> None:
    await chat.mode.select_option("plan")
    await chat.work("create notes.txt with hello")
    await expect(chat.calls.last).to_have_attribute("data-state", "rejected")
    await expect(chat.mode).to_have_value("plan")
    assert not (await chat.workspace() / "notes.txt").exists()


async def test_edit_mode_writes_without_asking(chat: Chat) -> None:
    await chat.mode.select_option("edit")
    await chat.work("create notes.txt with hello")
    await expect(chat.calls.first).to_have_attribute("data-state", "ok")
    await expect(chat.mode).to_have_value("edit")
    assert (await chat.workspace() / "notes.txt").read_text() == "hello\n"


async def test_a_mode_chosen_between_turns_holds_after_a_reload(chat: Chat) -> None:
    await chat.work("hello")
    await chat.mode.select_option("edit")
    await chat.work("create notes.txt with hello")
    await chat.page.reload()
    await expect(chat.mode).to_have_value("edit")
    assert (await chat.workspace() / "notes.txt").exists()
