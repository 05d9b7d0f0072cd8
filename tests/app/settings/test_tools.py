import httpx2

from agent.tooling import Permission
from app.settings.tools import tools_shown
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

TOOLS = f"{STATE}.app___settings___tools____tools_state"


def shown(tab: Tab, name: str) -> dict[str, object]:
    tools = [*(tab.of(TOOLS, "acting") or []), *(tab.of(TOOLS, "looking") or [])]
    return next((tool for tool in tools if tool["name"] == name), {})


def test_what_runs_programs_comes_first() -> None:
    found = tools_shown(
        [Permission(tool="edit"), Permission(tool="shell")],
        {"edit": "edit", "shell": "execute"},
        is_admin=True,
    )
    assert [(tool.name, tool.may_leave) for tool in found] == [("shell", True), ("edit", False)]


def test_a_tool_without_words_has_its_name() -> None:
    assert tools_shown([Permission(tool="new")], {"new": "other"})[0].what == "new"


async def test_a_tool_is_switched_off_and_on(server: Server, api: httpx2.Client) -> None:
    async with opened(server, "/settings") as tab:
        for on in (False, True):
            await tab.send(f"{TOOLS}.switch", {"tool": "glob", "on": on})
            await tab.until(lambda on=on: shown(tab, "glob").get("is_enabled") is on)
            assert api.get("permissions/glob").json()["is_enabled"] is on


async def test_commands_leave_the_sandbox_and_come_back(server: Server, api: httpx2.Client) -> None:
    async with opened(server, "/settings") as tab:
        for event, is_outside in (("let_out", True), ("confine", False)):
            await tab.send(f"{TOOLS}.{event}", {"tool": "shell"})
            await tab.until(lambda out=is_outside: shown(tab, "shell").get("is_outside") is out)
            assert api.get("permissions/shell").json()["sandbox_bypassed"] is is_outside


async def test_only_what_runs_programs_can_leave_the_sandbox(server: Server) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{TOOLS}.let_out", {"tool": "grep"})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "grep runs no programs, so there is no sandbox to leave out."
