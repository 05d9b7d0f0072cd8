from playwright.async_api import expect

from tests.app.serving import Server
from tests.browser.chromium import marks
from tests.browser.conftest import Opening

pytestmark = marks("approvals")


async def test_questions_are_answered_by_choice_and_in_own_words(tab: Opening, server: Server) -> None:
    chat = await tab(server)
    await chat.ask("ask me something")
    await expect(chat.page.locator("#run-state")).to_have_text("Needs you")
    await chat.page.get_by_role("button", name="Reply").click()
    await expect(chat.page.get_by_role("alert")).to_contain_text("Reply to each question")
    await chat.page.get_by_label("Blue").check()
    days = chat.page.get_by_role("group", name="On which days?")
    await days.get_by_label("Monday").check()
    await days.get_by_label("Friday").check()
    await days.get_by_label("Something else").fill("never at noon")
    await chat.page.keyboard.press("Enter")
    await expect(chat.answers.last).to_contain_text("→ Monday; Friday; never at noon")
    await expect(chat.answers.last).to_contain_text("→ Blue")
    await expect(chat.approval).to_have_count(0)


async def test_questions_can_be_skipped(tab: Opening, server: Server) -> None:
    chat = await tab(server)
    await chat.ask("ask me something")
    await chat.page.get_by_role("button", name="Skip").click()
    await expect(chat.answers.last).to_contain_text("You did not let me use ask_user")


async def test_a_plan_is_sent_back_and_another_is_carried_out(tab: Opening, server: Server) -> None:
    chat = await tab(server)
    await chat.ask("plan to write a.txt with Hello")
    await expect(chat.mode).to_have_value("plan")
    await chat.page.get_by_label("What should be different?").fill("Say more")
    await chat.page.get_by_role("button", name="Keep planning").click()
    await expect(chat.answers.last).to_contain_text("Say more")
    assert (await chat.session())["mode"] == "plan"
    await chat.mode.select_option("ask")
    await chat.ask("plan to write a.txt with Hello")
    await chat.page.get_by_role("button", name="Go ahead, and edit without asking").click()
    await expect(chat.answers.last).to_contain_text("I read it back")
    await expect(chat.mode).to_have_value("edit")
    assert (await chat.workspace() / "a.txt").read_text() == "Hello\n"
