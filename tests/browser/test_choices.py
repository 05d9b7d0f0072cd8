from playwright.async_api import expect

from tests.app.serving import Server
from tests.browser.chat import Chat
from tests.browser.chromium import marks
from tests.browser.conftest import Opening

pytestmark = marks("keyed")


async def type_model(chat: Chat, model: str) -> None:
    await chat.model.fill(model)
    await chat.model.press("Tab")


async def test_a_typed_model_sticks_to_its_session(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await expect(chat.model).to_have_value("compatible:x")
    await type_model(chat, "demo:scripted")
    await chat.work("count to 3")
    assert await chat.counted() == [1, 2, 3]
    await chat.page.reload()
    await expect(chat.model).to_have_value("demo:scripted")
    assert (await chat.session())["model"] == "demo:scripted"
    other = await tab(keyed_server)
    await expect(other.model).to_have_value("compatible:x")


async def test_a_model_typed_between_turns_answers_the_next(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.work("hello")
    await expect(chat.answers.last).to_have_text("You said: hello")
    await type_model(chat, "demo:scripted")
    await expect(chat.notices.last).to_have_text("From here on demo:scripted answers.")
    await chat.work("count to 3")
    assert await chat.counted() == [1, 2, 3]


async def test_a_model_is_picked_from_the_list(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.page.get_by_role("button", name="Pick a model").click()
    await chat.page.get_by_role("button", name="compatible:y").click()
    await expect(chat.model).to_have_value("compatible:y")
    await expect(chat.page.locator("#models")).to_be_hidden()
    await chat.work("hello")
    assert (await chat.session())["model"] == "compatible:y"


async def test_the_list_of_models_opens_above_its_button(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    button = chat.page.get_by_role("button", name="Pick a model")
    await button.click()
    under, over = await button.bounding_box(), await chat.page.locator("#models").bounding_box()
    chip = await chat.model.bounding_box()
    assert under
    assert over
    assert chip
    assert under["y"] - 16 <= over["y"] + over["height"] <= under["y"] + 1
    assert chip["x"] - 1 <= over["x"] <= under["x"] + under["width"]


async def test_without_a_key_one_sentence_names_the_key_and_its_place(
    tab: Opening, keyed_server: Server
) -> None:
    chat = await tab(keyed_server)
    await type_model(chat, "openai:gpt-x")
    await chat.work("hello")
    await expect(chat.notices).to_have_count(1)
    await expect(chat.notices).to_contain_text("OPENAI_API_KEY")
    await expect(chat.notices).to_contain_text(".env")
    await type_model(chat, "compatible:x")
    await chat.work("hello")
    await expect(chat.answers.last).to_have_text("You said: hello")


async def test_what_is_no_model_id_is_said(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await type_model(chat, "gpt")
    await expect(chat.page.get_by_role("alert")).to_contain_text("gpt is no model id")
