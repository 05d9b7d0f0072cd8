"""The page's socket is closed to all but its own events, and those to wrong arguments and other people."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.app.serving import ROOT, Server
from tests.app.tabs import CHAT, FLASH, HISTORY, STATE, TURN, Tab, opened

LISTING = """
import json
from agent.config import Settings
from app.server import page_application
page_application(Settings())
from reflex_base.registry import RegistrationContext
known = RegistrationContext.get()
found = [[state.__module__, state.__name__, name] for state in known.base_states.values()
         for name in state.event_handlers if name in vars(state).get("event_handlers", {})]
print(json.dumps({"listed": found, "registered": sorted(known.event_handlers)}))
"""

OURS = {
    ("app.chatting", "ChatState", "arrive"): "follows the session of the page's address, if it is the user's",
    ("app.chatting", "ChatState", "get_ready"): "looks after the page, then offers models; takes nothing",
    ("app.chatting", "ChatState", "offer"): "lists the models the user can pick; takes nothing",
    ("app.chatting", "ChatState", "send"): "submits a prompt in the user's name",
    ("app.chatting", "ChatState", "show_earlier"): "shows the tab more rows; takes nothing",
    ("app.chatting", "ChatState", "jump"): "shows the tab more rows of its own session",
    ("app.chatting", "ChatState", "stop"): "interrupts a turn of the tab's session",
    ("app.chatting", "ChatState", "edit"): "changes a waiting prompt of the tab's session",
    ("app.chatting", "ChatState", "steer"): "tells a waiting prompt to the turn of the tab's session",
    ("app.chatting", "ChatState", "drop"): "takes a waiting prompt of the tab's session back",
    ("app.chatting", "ChatState", "answer"): "answers an approval of the tab's session",
    ("app.chatting", "ChatState", "reply"): "replies to questions of the tab's session",
    ("app.chatting", "ChatState", "decline"): "sends a plan of the tab's session back",
    ("app.chatting", "ChatState", "choose_model"): "changes the tab's session's model",
    ("app.chatting", "ChatState", "fork"): "copies the tab's session up to a turn",
    ("app.chatting", "ChatState", "again"): "asks once more what a turn of the tab's session was asked for",
    ("app.chatting", "ChatState", "rename"): "names the tab's session",
    ("app.chatting", "ChatState", "name_model"): "changes the tab's session's model",
    ("app.chatting", "ChatState", "choose_fallbacks"): "changes the tab's session's fallbacks",
    ("app.chatting", "ChatState", "choose_mode"): "changes the tab's session's mode",
    ("app.commanding", "CommandingState", "close"): "takes the list of commands away, in the tab alone",
    ("app.always", "AlwaysState", "weigh"): "weighs a rule for an open question of the user's own session",
    ("app.jobs", "JobsState", "stop"): "stops a job of the user's own session",
    ("app.drawer.opening", "DrawerState", "show"): "opens the drawer at a tab, about the user's own session",
    ("app.drawer.opening", "DrawerState", "toggle"): "opens or closes it, about the user's own session",
    ("app.drawer.opening", "DrawerState", "close"): "closes it, and forgets what it showed",
    ("app.drawer.opening", "DrawerState", "show_file"): "shows a file of the user's own session",
    ("app.drawer.opening", "DrawerState", "show_output"): "shows an output of the user's own session",
    ("app.drawer.opening", "DrawerState", "turn_to_output"): "shows the output again that the tab has",
    ("app.drawer.changes", "ChangesState", "choose"): "lists changes of the user's own session",
    ("app.drawer.files", "FilesState", "unfold"): "lists a folder of the user's own session",
    ("app.drawer.files", "FilesState", "open"): "shows a file of the user's own session",
    ("app.drawer.files", "FilesState", "leave"): "shows the tree again, of the user's own session",
    ("app.drawer.trace", "TraceState", "choose"): "shows a turn of the user's own session",
    ("app.drawer.trace", "TraceState", "unfold"): "shows events of the user's own session",
    ("app.drawer.output", "OutputState", "more"): "shows more of an output of the user's own session",
    ("app.pace", "PaceState", "drawn"): "sets the sender's own pace",
    ("app.pages.device", "DeviceState", "arrive"): "writes the code of the page's address down",
    ("app.pages.device", "DeviceState", "look"): "shows whose code was typed; guesses are counted",
    ("app.pages.device", "DeviceState", "allow"): "lets the program in that the tab has been shown",
    ("app.pages.device", "DeviceState", "deny"): "keeps the program out that the tab has been shown",
    ("app.pages.settings", "SettingsState", "arrive"): "shows what there is for the user; takes nothing",
    ("app.settings.keys", "KeysState", "look"): "lists the user's own credentials, without secrets",
    ("app.settings.keys", "KeysState", "return_from"): "says to the tab how a sign-in ended; does nothing",
    ("app.settings.keys", "KeysState", "test"): "says to the tab that a provider is being asked",
    ("app.settings.keys", "KeysState", "prove"): "asks a provider with the user's own credential",
    ("app.settings.keys", "KeysState", "remove"): "removes the user's own credential",
    ("app.settings.tools", "ToolsState", "look"): "lists the user's own permissions; takes nothing",
    ("app.settings.tools", "ToolsState", "switch"): "changes the user's own permission",
    ("app.settings.tools", "ToolsState", "confine"): "changes the user's own permission",
    ("app.settings.tools", "ToolsState", "let_out"): "changes the user's own permission",
    ("app.settings.rules", "RulesState", "look"): "lists the user's own rules; takes nothing",
    ("app.settings.rules", "RulesState", "weigh"): "tries the user's own rule on their own past calls",
    ("app.settings.new_rule", "NewRuleState", "look"): "lists the user's own workspaces; takes nothing",
    ("app.settings.new_rule", "NewRuleState", "weigh"): "tries what was typed on the user's own past calls",
    ("app.settings.new_rule", "NewRuleState", "reconsider"): "forgets what the tab tried; takes nothing",
    ("app.settings.new_rule", "NewRuleState", "add"): "adds the rule that the tab has tried, for the user",
    ("app.settings.account", "AccountState", "leave"): "deletes the user's own account, by its address",
    ("app.settings.rules", "RulesState", "remove"): "removes the user's own rule",
    ("app.settings.services", "ServicesState", "look"): "lists the user's own services; takes nothing",
    ("app.settings.services", "ServicesState", "switch"): "changes the user's own service",
    ("app.settings.services", "ServicesState", "read_again"): "reads the user's own service again",
    ("app.settings.services", "ServicesState", "remove"): "removes the user's own service",
    ("app.settings.tokens", "TokensState", "look"): "lists what is known of the user's own tokens",
    ("app.settings.tokens", "TokensState", "revoke"): "revokes the user's own token",
    ("app.settings.sign_ins", "SignInsState", "look"): "lists where the user is signed in; takes nothing",
    ("app.settings.sign_ins", "SignInsState", "end"): "ends the user's own sign-in",
    ("app.settings.people", "PeopleState", "look"): "lists people, for administrators; takes nothing",
    ("app.settings.people", "PeopleState", "appoint"): "changes who is an administrator, for administrators",
    ("app.browsing", "BrowsingState", "arrive"): "shows the user's own sessions, by the page's address",
    ("app.browsing", "BrowsingState", "type"): "says to the tab what is looked for",
    ("app.browsing", "BrowsingState", "clear"): "looks for nothing; takes nothing",
    ("app.browsing", "BrowsingState", "choose_how"): "filters the user's own sessions",
    ("app.browsing", "BrowsingState", "choose_model"): "filters the user's own sessions",
    ("app.browsing", "BrowsingState", "choose_workspace"): "filters the user's own sessions",
    ("app.browsing", "BrowsingState", "choose_age"): "filters the user's own sessions",
    ("app.browsing", "BrowsingState", "choose_changes"): "filters the user's own sessions",
    ("app.browsing", "BrowsingState", "narrow"): "searches one of the user's own sessions",
    ("app.browsing", "BrowsingState", "find"): "lists the user's own sessions; takes nothing",
    ("app.browsing", "BrowsingState", "show_more"): "lists more of them; takes nothing",
    ("app.browsing", "BrowsingState", "choose"): "ticks a session that the tab shows",
    ("app.browsing", "BrowsingState", "choose_all"): "ticks what the tab shows",
    ("app.browsing", "BrowsingState", "choose_none"): "ticks nothing",
    ("app.browsing", "BrowsingState", "do"): "changes the user's own sessions that are ticked",
    ("app.browsing", "BrowsingState", "do_one"): "changes the user's own session",
    ("app.browsing", "BrowsingState", "undo"): "brings back what this tab deleted",
    ("app.browsing", "BrowsingState", "begin_rename"): "says to the tab which name is being changed",
    ("app.browsing", "BrowsingState", "rename"): "renames the user's own session",
    ("app.browsing", "BrowsingState", "fork"): "copies the user's own session",
    ("app.palette", "PaletteState", "look"): "searches the user's own sessions",
    ("app.state", "FlashState", "close"): "takes the tab's sentence away",
}
REFLEXS = {
    ("reflex.state", "State", "hydrate"): "sends the tab its own values",
    ("reflex.state", "State", "hydrate_and_load"): "the same, and begins the page's events",
    ("reflex.state", "State", "set_is_hydrated"): "a flag of the tab's own",
    ("reflex.state", "OnLoadInternalState", "on_load_internal"): "begins the page's events",
    ("reflex.state", "OnLoadInternalState", "set_is_hydrated"): "a flag of the tab's own",
    ("reflex.state", "UpdateVarsInternalState", "update_vars_internal"): "we keep none",
    ("reflex.state", "FrontendEventExceptionState", "handle_frontend_exception"): "logs what broke",
}
SETVAR = "setvar"
"""On every State; it only reaches setters named `set_…`, and we have none."""

WRONG: list[Any] = [
    {},
    {"a": 1, "b": 2, "c": 3, "d": 4},
    {
        "form": None,
        "approval_id": None,
        "answer": None,
        "model": None,
        "mode": None,
        "mark": None,
        "prompt_id": None,
        "turn_id": None,
    },
    {
        "form": [1],
        "approval_id": {"$gt": ""},
        "answer": "allow_always ",
        "model": [],
        "mode": {},
        "mark": "x",
        "prompt_id": ["x"],
        "turn_id": {},
    },
    {
        "form": {"prompt": {"a": 1}, "prompt_id": [1], "steers": {}},
        "approval_id": "x" * 10_000,
        "prompt_id": "x" * 10_000,
        "turn_id": "x" * 10_000,
        "model": "x" * 10_000,
        "mode": "root",
        "mark": 1e308,
    },
    {"user": {"id": "someone"}, "self": 1, "_user": 1, "form": {"prompt": ""}, "mode": "plan"},
    {
        "tool": {"$gt": ""},
        "on": "maybe",
        "provider": ["x"],
        "query": {"failed": {"a": 1}},
        "rule_id": 7,
        "service_id": None,
        "token_id": {},
        "sign_in_id": [],
        "user_id": 1e308,
    },
    {
        "tool": "x" * 10_000,
        "on": [],
        "provider": "x" * 10_000,
        "query": "text",
        "rule_id": "../x",
        "service_id": "x" * 36,
        "token_id": "x" * 10_000,
        "sign_in_id": "00000000-0000-0000-0000-000000000000",
        "user_id": "",
    },
    {"q": ["x"], "how": "root", "age": {}, "workspace": 7, "has_changes": "maybe", "session_id": None},
    {"form": {"tool": "shell", "decision": "root", "lasts": "ever", "email": ["x"]}},
    {"form": {"tool": {"$gt": ""}, "commands": "x" * 20_000, "email": ""}, "rule_id": "x" * 36},
    {"form": {"tool": "shell", "decision": "deny", "workspace": "../x", "lasts": "hour", "email": "x"}},
    {"session_id": "../x", "action": "sudo", "q": "x" * 10_000, "form": {"name": {"a": 1}}},
    {"session_id": "00000000-0000-0000-0000-000000000000", "action": "delete", "form": {"name": "x"}},
    {"session_id": "../x", "tab": "nowhere", "path": {"a": 1}, "number": -1, "turn_id": [1], "scope": "all"},
    {"session_id": "00000000-0000-0000-0000-000000000000", "tab": "files", "path": "../x", "number": 10**30},
    [1, 2, 3],
    "text",
    7,
]


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-c", LISTING],
        cwd=tmp_path_factory.mktemp("listing"),
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.mark.xdist_group("handlers")
def test_every_event_that_can_be_sent_is_known_by_name_and_reason(handlers: dict[str, Any]) -> None:
    listed = {tuple(found) for found in handlers["listed"]}
    assert {found for found in listed if found[2] != SETVAR} == OURS.keys() | REFLEXS.keys()
    assert len(handlers["registered"]) == len(listed)


@pytest.mark.xdist_group("handlers")
def test_no_state_of_ours_has_a_setter(handlers: dict[str, Any]) -> None:
    setters = [
        found for found in handlers["listed"] if found[2].startswith("set_") and found[0].startswith("app")
    ]
    assert setters == []


def full_name(module: str, state: str) -> str:
    """Reflex's name of a State."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in state).lstrip("_")
    return f"{STATE}.{module.replace('.', '___')}____{snake}"


async def settled(tab: Tab) -> None:
    """Wait until everything sent so far has been dealt with: a tab's events are handled in order."""
    await tab.send(f"{FLASH}.close")
    await tab.send(f"{CHAT}.choose_mode", {"mode": "auto"})
    await tab.until(lambda: tab.of(CHAT, "mode") == "auto")


@pytest.mark.parametrize("event", OURS, ids=lambda event: event[2])
async def test_wrong_arguments_and_other_peoples_ids_change_nothing(
    server: Server, event: tuple[str, str, str]
) -> None:
    _, theirs = server.neighbour()
    before = server.stored(theirs)
    name = f"{full_name(*event[:2])}.{event[2]}"
    async with opened(server, f"/s/{theirs}") as tab:
        await tab.send(f"{STATE}.hydrate")
        for payload in WRONG:
            await tab.send(name, payload)
        await settled(tab)
        assert "Traceback" not in "".join(tab.heard)
        assert "Private" not in "".join(tab.heard)
        assert not tab.of(TURN, "rows")
        assert not tab.of(HISTORY, "rows")
    assert server.stored(theirs) == before


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("answer", {}),
        ("answer", {"approval_id": "x", "answer": "sudo"}),
        ("answer", {"approval_id": 7, "answer": "allow_once"}),
        ("answer", {"approval_id": "x", "answer": "allow_once", "user": "someone"}),
        ("choose_mode", {"mode": "root"}),
        ("choose_model", {"model": "x" * 10_000}),
        ("choose_fallbacks", {"chain": "x" * 10_000}),
        ("send", {}),
        ("send", {"form": "text"}),
        ("stop", {}),
        ("stop", {"session_id": "x"}),
        ("stop", {"turn_id": ""}),
        ("edit", {}),
        ("edit", {"form": "text"}),
        ("edit", {"form": {"prompt": "Hi", "prompt_id": "x"}}),
        ("steer", {"prompt_id": "x"}),
        ("steer", {"prompt_id": 7}),
        ("drop", {"prompt_id": ""}),
        ("drop", {"prompt_id": "x"}),
    ],
)
async def test_what_makes_no_sense_is_answered_with_a_sentence(
    server: Server, name: str, payload: dict[str, Any]
) -> None:
    async with opened(server) as tab:
        await tab.send(f"{CHAT}.{name}", payload)
        await tab.until(lambda: tab.sentence)
        assert tab.sentence.endswith(".")
        assert "Error" not in tab.sentence
        await tab.send(f"{FLASH}.close")
        await tab.until(lambda: not tab.sentence)


@pytest.mark.parametrize(
    "event",
    [
        {"name": f"{CHAT}.setvar", "payload": {"var_name": "session_id", "value": "{theirs}"}},
        {"name": f"{CHAT}.set_session_id", "payload": {"value": "{theirs}"}},
        {"name": f"{CHAT}._show", "payload": {"user": {}, "session_id": "{theirs}"}},
        {"name": f"{CHAT}.reset", "payload": {}},
        {"name": f"{CHAT}.get_state", "payload": {}},
        {"name": f"{STATE}.update_vars_internal_state.update_vars_internal", "payload": {}},
        {
            "name": f"{STATE}.reflex___state____update_vars_internal_state.update_vars_internal",
            "payload": {"vars": {f"{CHAT}.session_id": "{theirs}"}},
        },
        {"name": "__import__('os').system", "payload": {}},
        {"name": "", "payload": None},
        {"name": None},
        {},
        None,
        [],
        "text",
    ],
    ids=str,
)
async def test_what_is_no_event_of_ours_changes_nothing(server: Server, event: object) -> None:
    _, theirs = server.neighbour()
    before = server.stored(theirs)
    async with opened(server) as tab:
        await tab.send(f"{STATE}.hydrate")
        await tab.send_raw(json.loads(json.dumps(event).replace("{theirs}", theirs)))
        await tab.send(f"{CHAT}.stop")
        await settled(tab)
        assert tab.of(CHAT, "session_id") in {"", None}
        assert "Traceback" not in "".join(tab.heard)
    assert server.stored(theirs) == before


async def test_the_address_of_another_persons_session_shows_nothing(server: Server) -> None:
    _, theirs = server.neighbour()
    async with opened(server, f"/s/{theirs}") as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "There is no such session here."
        assert not tab.of(CHAT, "session_id")


async def test_a_tabs_token_is_no_proof_of_who_asks(server: Server) -> None:
    """Another browser that knows the token of a tab still speaks in its own name only."""
    async with opened(server) as tab:
        await tab.send(f"{CHAT}.choose_mode", {"mode": "plan"})
        await tab.until(lambda: tab.of(CHAT, "mode") == "plan")
        with pytest.raises(InvalidStatus, match="401"):
            async with opened(server, cookie="maestro=mss_forged", token=tab.token):
                pass


async def test_the_log_has_what_happened_and_no_credential(server: Server) -> None:
    cookie = server.cookie()
    async with opened(server, cookie=cookie) as tab:
        await tab.send(f"{CHAT}.no_such_event")
        await settled(tab)
    log = await asyncio.to_thread(Path(server.log).read_text)
    assert "no_such_event" in log
    assert cookie.partition("=")[2] not in log
