import pytest
from playwright.async_api import expect

from tests.app.serving import Server, serving
from tests.browser.chromium import marks
from tests.browser.conftest import SOON, Opening
from tests.servers import free_port

pytestmark = marks("keyed")


@pytest.mark.parametrize(
    ("prompt", "sentences"),
    [
        ("refuse the key", ["The model server refused the key."]),
        ("be busy", ["The model server asks for a pause of 120 s."]),
        (
            "fall over",
            [
                "The model server is overloaded and was asked again.",
                "The model server is overloaded or out of order.",
            ],
        ),
        ("talk garbage", ["The model server broke off in mid-answer."]),
        ("break off", ["The model server broke off in mid-answer."]),
    ],
)
async def test_a_fault_of_the_provider_is_one_sentence_and_the_next_prompt_works(
    tab: Opening, keyed_server: Server, prompt: str, sentences: list[str]
) -> None:
    chat = await tab(keyed_server)
    await chat.work(prompt)
    await expect(chat.notices).to_contain_text(sentences)
    await chat.work("hello")
    await expect(chat.answers.last).to_have_text("You said: hello")
    kinds = [row["kind"] for row in (await chat.session())["rows"]]
    assert kinds[0] == "user"
    assert kinds[-2:] == ["user", "text"]


async def test_a_model_that_stumbles_is_asked_again_and_that_is_said(
    tab: Opening, keyed_server: Server
) -> None:
    chat = await tab(keyed_server)
    await chat.ask("stumble")
    await expect(chat.notices).to_contain_text("is overloaded. It is asked again in 1.0 s (1 of 4).")
    await expect(chat.answers.last).to_have_text("You said: stumble")
    await expect(chat.notices).to_have_text(["The model server is overloaded and was asked again."])


async def test_another_model_stands_in_for_one_that_does_not_answer(
    tab: Opening, keyed_server: Server
) -> None:
    chat = await tab(keyed_server)
    await chat.page.get_by_role("button", name="Pick a model").click()
    await chat.page.get_by_label("If it does not answer, ask").fill("demo:scripted")
    await chat.page.keyboard.press("Escape")
    await chat.work("be busy")
    await expect(chat.notices).to_have_text(
        ["The model server asks for a pause, so demo:scripted goes on with this turn."]
    )
    assert (await chat.session())["fallbacks"] == ["demo:scripted"]
    await chat.work("hello")
    await expect(chat.answers.last).to_have_text("You said: hello")


async def test_what_was_said_before_a_cut_stays(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.work("break off")
    await expect(chat.answers.last).to_have_text("The beginning of", timeout=SOON)


@pytest.mark.usefixtures("built")
async def test_a_provider_that_is_not_there_is_said(
    tab: Opening, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    settings = {"OPENAI_COMPATIBLE_BASE_URL": nobody, "MAESTRO_DEFAULT_MODEL": "compatible:x"}
    with serving(tmp_path_factory.mktemp("nobody"), **settings) as server:
        chat = await tab(server)
        await chat.work("hello")
        await expect(chat.notices.last).to_contain_text("The model server could not be reached. Is its")
        await expect(chat.composer).to_be_enabled()


async def test_a_hostile_answer_harms_nobody(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.work("do harm")
    for _ in range(2):
        answer = chat.answers.last
        await expect(answer).to_contain_text("The hostile end.")
        await expect(chat.page.locator("#composer")).to_be_visible()
        assert await answer.locator("script, iframe, svg, style, img, object, embed").count() == 0
        targets = await answer.locator("a").evaluate_all("all => all.map(one => one.protocol)")
        assert set(targets) <= {"https:", "http:"}
        for link in await answer.locator('a[href^="https"]').all():
            await expect(link).to_have_attribute("rel", "noopener noreferrer")
            await expect(link).to_have_attribute("target", "_blank")
        assert await chat.page.evaluate("() => window.harmed") is None
        await chat.page.reload()
    await expect(chat.prompts).to_have_count(1)
    await chat.work("hello")
    await expect(chat.answers.last).to_have_text("You said: hello")


async def test_an_answer_in_markdown_is_drawn(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.work("show everything")
    for _ in range(2):
        answer = chat.answers.last
        await expect(answer.get_by_role("heading", name="A plan")).to_be_visible()
        await expect(answer.get_by_role("table")).to_have_count(1)
        await expect(answer.locator("pre code")).to_contain_text("def greet(name: str) -> str:")
        await expect(answer.locator("li input[type=checkbox]")).to_have_count(2)
        await expect(answer).to_contain_text("The end.")
        await chat.page.reload()


async def test_lists_have_their_marks_and_blocks_their_distance(tab: Opening, keyed_server: Server) -> None:
    chat = await tab(keyed_server)
    await chat.work("show everything")
    answer = chat.answers.last
    await expect(answer.locator("ol").first).to_have_css("list-style-type", "decimal", timeout=SOON)
    await expect(answer.locator("ol ul").first).to_have_css("list-style-type", "disc")
    await expect(answer.locator("ul.contains-task-list").first).to_have_css("list-style-type", "none")
    for block in ("p + ol", ".code", ".table"):
        await expect(answer.locator(block).first).to_have_css("margin-top", "12px")
