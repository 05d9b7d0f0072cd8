"""Pictures of the page in its states, light, dark and on a phone: `… FOLDER [SCENE …]`."""

# ruff: noqa: INP001  tools/ holds programs, and is no package

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from playwright.async_api import Browser, expect
from pydantic import JsonValue

from agent.core.events import (
    Event,
    Noticed,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.mending import CUT_OFF
from agent.core.messages import Message, Source, Text, ToolCall, ToolResult
from tests.app.serving import Server, serving
from tests.browser.chat import Chat
from tests.browser.chromium import chromium
from tests.browser.model_server import model_server

Screen = tuple[int, int, Literal["light", "dark"]]
Scene = Callable[[Chat], Awaitable[None]]
SCREENS: dict[str, Screen] = {
    "light": (1280, 800, "light"),
    "dark": (1280, 800, "dark"),
    "phone": (390, 844, "light"),
}
SETTINGS = {"MAESTRO_DEFAULT_MODEL": "demo:scripted", "ANTHROPIC_API_KEY": "none", "GEMINI_API_KEY": "none"}
"""Keys bring their models into the list; nobody is asked at their addresses."""
NOBODY = "http://127.0.0.1:9"
SETTINGS |= {"ANTHROPIC_BASE_URL": NOBODY, "GOOGLE_GEMINI_BASE_URL": NOBODY}
CALL = ToolCall(
    id="c", name="write_file", arguments={"path": "monday.md", "content": "# Monday\n\nBuy milk.\n"}
)
RULES = (
    {"tool": "shell", "decision": "allow", "commands": ["git status", "git log"]},
    {"tool": "shell", "decision": "deny", "commands": ["rm"]},
)
NOTES = "notes.txt with Buy milk, call the plumber, and write down what was said on Monday"


async def empty(chat: Chat) -> None:
    """Nothing has been asked."""
    await expect(chat.page.locator(".welcome")).to_be_visible()


async def streaming(chat: Chat) -> None:
    """An answer is being given."""
    await chat.ask("count to 600 slowly")
    await expect(chat.answers.last).to_contain_text("w60 ")


async def tools(chat: Chat) -> None:
    """Calls that went well and badly, opened."""
    await chat.mode.select_option("edit")
    await chat.work(f"create {NOTES}")
    await chat.work("read nowhere.txt")
    for summary in await chat.page.locator(".tool > summary").all():
        await summary.click()


async def changed(chat: Chat) -> None:
    """The drawer, with what was changed."""
    await chat.mode.select_option("edit")
    await chat.work(f"create {NOTES}")
    await chat.page.keyboard.press("ControlOrMeta+Shift+g")
    await expect(chat.page.locator(".changed .diff")).to_be_visible()


async def approval(chat: Chat) -> None:
    """A question waits."""
    await chat.ask(f"create {NOTES}")
    await expect(chat.approval).to_be_visible()


async def question(chat: Chat) -> None:
    """The agent asks two questions."""
    await chat.ask("ask me something")
    await expect(chat.approval).to_be_visible()
    await chat.page.get_by_label("Blue").check()


async def plan(chat: Chat) -> None:
    """The agent presents its plan."""
    await chat.ask(f"plan to write {NOTES}")
    await expect(chat.approval).to_be_visible()


async def waiting(chat: Chat) -> None:
    """A prompt waits for the turn before it."""
    await streaming(chat)
    await chat.ask("list files")


async def editing(chat: Chat) -> None:
    """Prompts wait behind a question; one goes in with the next step, one is being edited."""
    await chat.ask("create a.txt with hello")
    await expect(chat.approval).to_be_visible()
    for prompt in ("Use a heading, please", "Then list the files\nand count them", "And read a.txt aloud"):
        await chat.ask(prompt)
    await chat.waiting.first.get_by_label("Steer").click()
    await chat.waiting.nth(1).get_by_label("Edit this prompt").click()
    await expect(chat.editor).to_be_focused()


async def stopping(chat: Chat) -> None:
    """Somebody pressed Stop, and the turn has not ended yet."""
    await show(
        chat,
        lambda turn: [
            *begun(turn),
            ToolCallStarted(turn_id=turn, call=CALL, effect="once"),
            Noticed(turn_id=turn, code="stopping"),
        ],
    )


async def restarted(chat: Chat) -> None:
    """The server was restarted while a tool ran, and nobody knows what came of it."""
    unknown = ToolResult(call_id=CALL.id, outcome="unknown", text=CUT_OFF)
    said = Message(role="assistant", parts=(Text(text="I will look at the file before I write it again."),))
    await show(
        chat,
        lambda turn: [
            *begun(turn),
            ToolCallStarted(turn_id=turn, call=CALL, effect="once"),
            Noticed(turn_id=turn, code="restart"),
            ToolCallFinished(turn_id=turn, result=unknown),
            StepFinished(turn_id=turn, message=said, stop="end_turn"),
            TurnFinished(turn_id=turn, reason="end_turn"),
        ],
    )


def begun(turn: str) -> list[Event]:
    """A turn that calls a tool."""
    asked = Message(role="assistant", parts=(Text(text="I write it down."), CALL))
    prompt = (Text(text="Write down what was said on Monday"),)
    return [
        TurnStarted(turn_id=turn, prompt=prompt, model="demo:scripted", mode="edit"),
        StepFinished(turn_id=turn, message=asked, stop="tool_use"),
    ]


async def show(
    chat: Chat, happened: Callable[[str], list[Event]], calls: int = 1, session_id: str = ""
) -> None:
    """Open a session in which this has happened, as its log says; nothing runs there."""
    with chat.server.client() as api:
        session = session_id or api.post("sessions", json={"name": "Monday"}).json()["id"]
    events = happened(uuid4().hex)
    with chat.server.database() as database:
        for seq, event in enumerate(events, 1):
            database.execute(
                "INSERT INTO events (session_id, seq, key, turn_id, type, body, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    UUID(session).hex,
                    seq,
                    uuid4().hex,
                    event.turn_id,
                    event.type,
                    event.model_dump_json(),
                    event.at.isoformat(" "),
                ],
            )
        database.execute("UPDATE sessions SET last_seq = ? WHERE id = ?", [len(events), UUID(session).hex])
    await chat.open(f"/s/{session}")
    await expect(chat.calls).to_have_count(calls)


async def error(chat: Chat) -> None:
    """A turn that failed, and a sentence about it."""
    await choose(chat, "openai:gpt-x")
    await chat.work("hello")


async def markdown(chat: Chat) -> None:
    """A long answer with everything in it, from its beginning."""
    await choose(chat, "compatible:x")
    await chat.work("show everything")
    await chat.prompts.first.scroll_into_view_if_needed()


async def sidebar(chat: Chat) -> None:
    """The list of sessions, where it has to be opened."""
    await chat.work("a session with a rather long name that does not fit into the list of sessions")
    if await (menu := chat.page.get_by_role("button", name="Sessions", exact=True)).is_visible():
        await menu.click()


async def models(chat: Chat) -> None:
    """The list of models, and who stands in for the one that is picked."""
    await chat.page.get_by_role("button", name="Pick a model").click()
    await expect(chat.page.get_by_role("button", name="anthropic:opus")).to_be_visible()
    await chat.page.get_by_label("If it does not answer, ask").fill("compatible:x, demo:scripted")


async def stands_in(chat: Chat) -> None:
    """One model asks for a pause, and another goes on."""
    await choose(chat, "compatible:x")
    await chat.page.get_by_role("button", name="Pick a model").click()
    await chat.page.get_by_label("If it does not answer, ask").fill("demo:scripted")
    await chat.page.keyboard.press("Escape")
    await chat.work("be busy")


async def asked_again(chat: Chat) -> None:
    """A model fell over and is about to be asked again."""
    await choose(chat, "compatible:x")
    await chat.work("hello")
    await chat.ask("fall over")
    await expect(chat.notices).to_contain_text("It is asked again")


async def todo(chat: Chat) -> None:
    """What is to be done, and the instructions that lie in the workspace."""
    items: list[JsonValue] = [
        {"content": "Read what was said on Monday", "status": "done"},
        {"content": "Write it down in monday.md, with all that is to be bought", "status": "in_progress"},
        {"content": "Read it back", "status": "pending"},
    ]
    call = ToolCall(id="t", name="todo", arguments={"items": items})
    listed = ToolResult(call_id="t", outcome="ok", text="3 items: 1 done, 1 in progress, 1 pending.")
    with chat.server.client() as api:
        session = api.post("sessions", json={"name": "Monday"}).json()
    file = Path(session["workspace"], "AGENTS.md")
    await asyncio.to_thread(file.write_text, "Write short sentences.\n")
    await show(
        chat,
        lambda turn: [
            TurnStarted(
                turn_id=turn,
                prompt=(Text(text="Write down what was said on Monday"),),
                model="demo:scripted",
                mode="edit",
            ),
            StepFinished(turn_id=turn, message=Message(role="assistant", parts=(call,)), stop="tool_use"),
            ToolCallStarted(turn_id=turn, call=call, effect="pure"),
            ToolCallFinished(turn_id=turn, result=listed),
        ],
        session_id=session["id"],
    )
    await chat.page.locator(".todos summary").click()


async def settings(chat: Chat) -> None:
    """The settings of somebody who has used it for a while."""
    with chat.server.client() as api:
        for number, rule in enumerate(RULES):
            api.post("rules", json=rule).raise_for_status()
            api.post("tokens", json={"name": f"program {number}"}).raise_for_status()
    await chat.page.goto(f"{chat.server.url}/settings")
    await expect(chat.page.locator("[data-sign-in]").first).to_be_visible()


async def asked_twice(chat: Chat) -> None:
    """What cannot be taken back is asked about once more, in its place."""
    await settings(chat)
    await chat.page.get_by_role("button", name="Enter a key").first.click()
    await chat.page.get_by_role("button", name="Run outside of the sandbox").click()
    await chat.page.get_by_role("button", name="Switch the sandbox off").click()


async def sources(chat: Chat) -> None:
    """An answer that says where it comes from."""
    where = (
        Source(url="https://example.org/milk", title="How milk is kept"),
        Source(url="https://example.org/" + "a-long-address/" * 6),
    )
    said = Text(text="Milk keeps for **five days** once it is opened, when it stays cold.", sources=where)
    await show(
        chat,
        lambda turn: [
            TurnStarted(
                turn_id=turn,
                prompt=(Text(text="How long does milk keep?"),),
                model="demo:scripted",
                mode="ask",
            ),
            StepFinished(turn_id=turn, message=Message(role="assistant", parts=(said,)), stop="end_turn"),
            TurnFinished(turn_id=turn, reason="end_turn"),
        ],
        calls=0,
    )
    await chat.page.locator(".sources summary").click()


async def browsing(chat: Chat) -> None:
    """All sessions, searched, with one of them chosen."""
    await chat.work("say that the milk is in the fridge")
    await chat.page.goto(f"{chat.server.url}/sessions")
    await chat.page.locator("#search").fill("milk")
    await expect(chat.page.locator(".hits mark").first).to_be_visible()
    await chat.page.locator(".choose input").first.click()
    await expect(chat.page.locator(".bar")).to_be_visible()


SCENES: tuple[Scene, ...] = (
    empty,
    streaming,
    tools,
    changed,
    approval,
    question,
    plan,
    waiting,
    editing,
    stopping,
    restarted,
    error,
    markdown,
    sidebar,
    models,
    stands_in,
    asked_again,
    sources,
    todo,
    settings,
    asked_twice,
    browsing,
)


async def choose(chat: Chat, model: str) -> None:
    """Type another model."""
    await chat.model.fill(model)
    await chat.model.press("Tab")


async def picture(browser: Browser, server: Server, screen: str, scene: Scene, folder: Path) -> None:
    """Play one scene on one screen and keep what is seen."""
    width, height, scheme = SCREENS[screen]
    size = {"width": width, "height": height}
    async with await browser.new_context(viewport=size, color_scheme=scheme) as context:
        chat = Chat(await context.new_page(), server)
        await chat.open()
        await scene(chat)
        await chat.page.screenshot(path=folder / f"{scene.__name__}-{screen}.png")


async def main(folder: Path, names: list[str]) -> None:
    """Take these pictures, or all."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(model_server())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(serving(place / "server", OPENAI_COMPATIBLE_BASE_URL=url, **SETTINGS))
        browser = await stack.enter_async_context(chromium())
        if browser is None:
            sys.exit("pictures: Chromium is not installed")
        for screen in SCREENS:
            for scene in SCENES:
                if names and scene.__name__ not in names:
                    continue
                await picture(browser, server, screen, scene, folder)


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004  the program and the folder
        sys.exit("pictures: name the folder they go to")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target, sys.argv[2:]))
