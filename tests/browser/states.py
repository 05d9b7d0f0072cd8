"""Every page and state that is looked at: its name, and how one gets there."""

from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from agent.core.events import ToolCallFinished, ToolCallStarted, TurnFinished, TurnStarted
from agent.core.messages import Text, ToolCall, ToolResult
from tests.browser.chat import Chat
from tools import pictures

State = Callable[[Chat], Awaitable[None]]


async def unknown(chat: Chat) -> None:
    """A session that is not there, and a sentence about it."""
    await chat.page.goto(f"{chat.server.url}/s/nowhere")
    await expect(chat.flash).to_be_visible()


async def models(chat: Chat) -> None:
    """The list of models, and who stands in for the one that is picked."""
    await chat.page.get_by_role("button", name="Pick a model").click()
    await expect(chat.page.get_by_role("button", name="compatible:y")).to_be_visible()
    await chat.page.get_by_label("If it does not answer, ask").fill("compatible:x, demo:scripted")


async def sessions(chat: Chat) -> None:
    """All sessions, with the actions of one."""
    await chat.work("list files")
    await chat.page.goto(f"{chat.server.url}/sessions")
    await chat.page.locator(".acts-of > button").first.click()
    await expect(chat.page.get_by_role("button", name="Rename")).to_be_visible()


async def nothing_found(chat: Chat) -> None:
    """Words that stand nowhere."""
    await chat.page.goto(f"{chat.server.url}/sessions?q=xylophone")
    await expect(chat.page.locator(".nothing")).to_be_visible()


async def changed_sessions(chat: Chat) -> None:
    """One session is deleted, and another is given a new name."""
    for prompt in ("list files", "count to 3"):
        await chat.open()
        await chat.work(prompt)
    await chat.page.goto(f"{chat.server.url}/sessions")
    for action in ("Delete", "Rename"):
        await chat.page.locator(".acts-of > button").first.click()
        await chat.page.locator(".actions:popover-open").get_by_role("button", name=action).click()
        await expect(chat.page.get_by_role("button", name="Undo")).to_be_visible()
    await expect(chat.page.get_by_label("New name")).to_be_visible()


async def rule(chat: Chat) -> None:
    """A rule is written and tried, and everything that opens is open."""
    await pictures.settings(chat)
    form = chat.page.locator(".new-rule")
    await chat.page.get_by_role("button", name="Add a rule").click()
    await form.locator("textarea").fill("git push\ngit commit")
    await form.get_by_role("button", name="Try it").click()
    await expect(form.locator(".trial")).to_be_visible()
    await chat.page.locator("[data-rule]").first.get_by_role("button", name="Try it").click()
    await expect(chat.page.locator("[data-rule] .trial")).to_be_visible()
    await chat.page.evaluate("document.querySelectorAll('#settings details').forEach(one => one.open = true)")


async def token(chat: Chat) -> None:
    """A token was made, and is shown this once."""
    await pictures.settings(chat)
    await chat.page.get_by_role("button", name="Make a token").click()
    await chat.page.get_by_label("What it is for").fill("backup")
    await chat.page.get_by_role("button", name="Make", exact=True).click()
    await expect(chat.page.locator("output code")).to_be_visible()


async def device(chat: Chat) -> None:
    """A code is to be typed."""
    await chat.page.goto(f"{chat.server.url}/device")
    await expect(chat.page.locator("#user-code")).to_be_visible()


async def device_question(chat: Chat) -> None:
    """A program wants in."""
    with chat.server.stranger() as program:
        body = {"client_name": "maestro on a laptop", "scope": ""}
        codes = program.post("/api/v1/cli/auth/initiate", json=body).raise_for_status().json()
    await device(chat)
    await chat.page.locator("#user-code").fill(codes["user_code"])
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.locator("#allow")).to_be_visible()


async def device_allowed(chat: Chat) -> None:
    """A program was let in."""
    await device_question(chat)
    await chat.page.locator("#allow").click()
    await expect(chat.page.get_by_role("status")).to_be_visible()


async def palette(chat: Chat) -> None:
    """The palette over a session, with something found."""
    await chat.work("say that the milk is in the fridge")
    await chat.page.keyboard.press("ControlOrMeta+k")
    await chat.page.locator("#palette-field").fill("milk")
    await expect(chat.page.locator("[data-found-by=milk]:visible").first).to_be_visible()


async def palette_empty(chat: Chat) -> None:
    """The palette before anything is typed."""
    await chat.page.keyboard.press("ControlOrMeta+k")
    await expect(chat.page.locator("#palette-field")).to_be_focused()


async def shortcuts(chat: Chat) -> None:
    """The list of shortcuts, one of them about to be changed."""
    await chat.page.keyboard.press("ControlOrMeta+/")
    button = chat.page.locator('[data-action="sidebar"]')
    await expect(button).to_have_text("Ctrl+B")  # the script has drawn it
    await button.click()
    await expect(chat.page.locator("#shortcuts output")).to_contain_text("Press")


async def drawer_files(chat: Chat) -> None:
    """The drawer with the files of the workspace, one of them opened."""
    await pictures.changed(chat)
    await chat.page.locator("#tab-files").click()
    await chat.page.locator(".tree button", has_text="notes.txt").click()
    await expect(chat.page.locator("#drawer .code")).to_be_visible()


async def drawer_trace(chat: Chat) -> None:
    """The drawer with the steps of a turn, one of them opened."""
    await pictures.changed(chat)
    await chat.page.locator("#tab-trace").click()
    await chat.page.locator(".spans th button").nth(1).click()
    await expect(chat.page.locator(".spans pre")).to_be_visible()


async def drawer_jobs(chat: Chat) -> None:
    """The drawer where nothing runs beside the work."""
    await pictures.changed(chat)
    await chat.page.locator("#tab-jobs").click()
    await expect(chat.page.locator("#drawer .nothing-here")).to_be_visible()


async def drawer_context(chat: Chat) -> None:
    """The drawer with what fills the model's window."""
    await pictures.changed(chat)
    await chat.page.locator("#tab-context").click()
    await expect(chat.page.locator("#drawer .filling")).to_be_visible()


async def renaming(chat: Chat) -> None:
    """The session is about to get another name."""
    await chat.work("hello")
    await chat.page.locator("h1 button").click()
    await expect(chat.page.locator("#renaming input")).to_be_visible()


async def skipping(chat: Chat) -> None:
    """The first link that Tab finds."""
    await chat.page.locator(".skips button").first.focus()


async def commands(chat: Chat) -> None:
    """The list of commands that a slash opens."""
    await chat.composer.press_sequentially("/")
    await expect(chat.page.locator("#mentions").get_by_role("option").first).to_be_visible()


async def guide(chat: Chat) -> None:
    """All commands, over the composer."""
    await chat.work("count to 1")
    await chat.send("/help")
    await expect(chat.page.locator(".guide")).to_be_visible()


async def own_line(chat: Chat) -> None:
    """A command line that the person ran, and an earlier prompt in the composer."""
    call = ToolCall(id="own", name="shell", arguments={"command": "date"})
    text = (Text(text="! date"),)
    began = TurnStarted(turn_id="a", prompt=text, model="demo:scripted", mode="ask", call=call)
    result = ToolResult(call_id="own", outcome="ok", text="Monday")
    await pictures.show(
        chat,
        lambda turn: [
            began.model_copy(update={"turn_id": turn}),
            ToolCallStarted(turn_id=turn, call=call, effect="once"),
            ToolCallFinished(turn_id=turn, result=result),
            TurnFinished(turn_id=turn, reason="end_turn"),
        ],
    )
    await chat.work("count to 1")
    await chat.prompts.first.hover()
    await chat.page.locator("[data-edit]").click()
    await expect(chat.page.locator("#editing")).to_be_visible()


async def palette_help(chat: Chat) -> None:
    """The shortcuts, in the palette."""
    await palette_empty(chat)
    await chat.page.locator("#palette-field").fill("?")
    await expect(chat.page.get_by_role("option", name="Commands of the composer")).to_be_visible()


STATES: dict[str, State] = {
    "chat: empty": pictures.empty,
    "chat: an answer streams": pictures.streaming,
    "chat: tool cards, opened": pictures.tools,
    "chat: an approval waits": pictures.approval,
    "chat: the agent asks": pictures.question,
    "chat: a plan waits": pictures.plan,
    "chat: the queue, a prompt being edited": pictures.editing,
    "chat: a turn is being stopped": pictures.stopping,
    "chat: cut off by a restart": pictures.restarted,
    "chat: a turn failed": pictures.error,
    "chat: Markdown": pictures.markdown,
    "chat: the list of models": models,
    "chat: sources of an answer": pictures.sources,
    "chat: to do": pictures.todo,
    "chat: no such session": unknown,
    "chat: a link to skip": skipping,
    "chat: commands are offered": commands,
    "chat: the commands": guide,
    "chat: a line of one's own, and a prompt said anew": own_line,
    "palette: shortcuts and help": palette_help,
    "drawer: changes": pictures.changed,
    "drawer: a file": drawer_files,
    "drawer: trace": drawer_trace,
    "drawer: no jobs": drawer_jobs,
    "drawer: what fills the window": drawer_context,
    "chat: a session is renamed": renaming,
    "palette: something is found": palette,
    "palette: nothing typed": palette_empty,
    "shortcuts: one is changed": shortcuts,
    "settings": pictures.settings,
    "settings: asked twice": pictures.asked_twice,
    "settings: a rule is tried, everything is open": rule,
    "settings: a token is shown once": token,
    "sessions: searched and chosen": pictures.browsing,
    "sessions: the actions of one": sessions,
    "sessions: nothing is found": nothing_found,
    "sessions: one is deleted, one renamed": changed_sessions,
    "device: a code is to be typed": device,
    "device: a program wants in": device_question,
    "device: a program is let in": device_allowed,
}
