"""What is sent with each event of the pages. An event without an entry here fails the matrix."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.app.tabs import CHAT, STATE, Tab

FRAMEWORK = "reflex."
"""Whose own events concern the tab's own state; what they are is said in the tests of app/state.py."""
SETVAR = "setvar"


@dataclass(frozen=True)
class Sent:
    """The payload of an event, things named in braces; and whether their owner's own tab can try it here."""

    payload: dict[str, Any] = field(default_factory=dict)
    positive: bool = True


CHAT_EVENTS = {
    "arrive": Sent(),
    "get_ready": Sent(),
    "offer": Sent(),
    "send": Sent({"form": {"prompt": "count to 1"}}),
    "show_earlier": Sent(),
    "jump": Sent({"form": {"row": "{turn_id}"}}),
    "edit": Sent({"form": {"prompt": "taken over", "prompt_id": "{prompt_id}"}}),
    "steer": Sent({"prompt_id": "{prompt_id}"}),
    "drop": Sent({"prompt_id": "{prompt_id}"}),
    "reply": Sent({"form": {"approval_id": "{approval_id}", "reply": "yes"}}, positive=False),
    "answer": Sent({"approval_id": "{approval_id}", "answer": "allow_once"}),
    "decline": Sent({"form": {"approval_id": "{approval_id}", "note": "no"}}, positive=False),
    "stop": Sent({"turn_id": "{turn_id}"}),
    "choose_model": Sent({"model": "demo:scripted"}),
    "fork": Sent({"form": {"turn_id": "{turn_id}"}}, positive=False),
    "again": Sent({"form": {"turn_id": "{turn_id}"}}, positive=False),
    "rename": Sent({"form": {"name": "taken over"}}),
    "name_model": Sent({"form": {"model": "demo:scripted"}}),
    "choose_fallbacks": Sent({"chain": "demo:scripted"}),
    "choose_mode": Sent({"mode": "plan"}),
}
BROWSING_EVENTS = {
    "arrive": Sent(),
    "type": Sent({"q": "heron"}),
    "find": Sent(),
    "show_more": Sent(),
    "clear": Sent(),
    "choose_how": Sent({"how": "running"}),
    "choose_model": Sent({"model": "demo:scripted"}),
    "choose_workspace": Sent({"workspace": ""}),
    "choose_age": Sent({"age": "day"}),
    "choose_changes": Sent({"has_changes": True}),
    "narrow": Sent({"session_id": "{session_id}"}),
    "choose": Sent({"session_id": "{session_id}"}),
    "choose_all": Sent(),
    "do": Sent({"action": "pin"}),
    "do_one": Sent({"session_id": "{session_id}", "action": "pin"}),
    "undo": Sent(positive=False),
    "choose_none": Sent(),
    "begin_rename": Sent({"session_id": "{session_id}"}),
    "rename": Sent({"form": {"session_id": "{session_id}", "name": "taken over"}}),
    "fork": Sent({"session_id": "{session_id}"}, positive=False),
}
SETTINGS_EVENTS = {
    "keys.KeysState.look": Sent(),
    "keys.KeysState.return_from": Sent({"query": {"connected": "compatible"}}),
    "keys.KeysState.test": Sent({"provider": "compatible"}),
    "keys.KeysState.prove": Sent({"provider": "compatible"}),
    "keys.KeysState.remove": Sent({"provider": "compatible"}),
    "account.AccountState.leave": Sent({"form": {"email": "nobody@example.org"}}, positive=False),
    "new_rule.NewRuleState.look": Sent(),
    "new_rule.NewRuleState.weigh": Sent({"form": {"tool": "shell", "decision": "deny", "lasts": "hour"}}),
    "new_rule.NewRuleState.reconsider": Sent(),
    "new_rule.NewRuleState.add": Sent(positive=False),
    "people.PeopleState.look": Sent(positive=False),
    "people.PeopleState.appoint": Sent({"user_id": "{user_id}", "on": True}, positive=False),
    "rules.RulesState.look": Sent(),
    "rules.RulesState.weigh": Sent({"rule_id": "{rule_id}"}),
    "rules.RulesState.remove": Sent({"rule_id": "{rule_id}"}),
    "services.ServicesState.look": Sent(),
    "services.ServicesState.switch": Sent({"service_id": "{service_id}", "on": False}),
    "services.ServicesState.read_again": Sent({"service_id": "{service_id}"}, positive=False),
    "services.ServicesState.remove": Sent({"service_id": "{service_id}"}),
    "sign_ins.SignInsState.look": Sent(),
    "sign_ins.SignInsState.end": Sent({"sign_in_id": "{sign_in_id}"}, positive=False),
    "tokens.TokensState.look": Sent(),
    "tokens.TokensState.revoke": Sent({"token_id": "{token_id}"}),
    "tools.ToolsState.look": Sent(),
    "tools.ToolsState.switch": Sent({"tool": "grep", "on": True}),
    "tools.ToolsState.confine": Sent({"tool": "shell"}),
    "tools.ToolsState.let_out": Sent({"tool": "shell"}, positive=False),  # for administrators
}
DRAWER_EVENTS = {
    "opening.DrawerState.show": Sent({"session_id": "{session_id}", "tab": "trace"}),
    "opening.DrawerState.toggle": Sent({"session_id": "{session_id}"}),
    "opening.DrawerState.close": Sent(),
    "opening.DrawerState.show_file": Sent({"session_id": "{session_id}", "path": "kept.json"}),
    "opening.DrawerState.show_output": Sent(
        {"form": {"session_id": "{session_id}", "call_id": "c"}}, positive=False
    ),
    "opening.DrawerState.turn_to_output": Sent(),
    "changes.ChangesState.choose": Sent({"session_id": "{session_id}", "scope": "turn"}),
    "files.FilesState.unfold": Sent({"session_id": "{session_id}", "path": "."}),
    "files.FilesState.open": Sent({"session_id": "{session_id}", "path": "kept.json"}),
    "files.FilesState.leave": Sent({"session_id": "{session_id}"}),
    "trace.TraceState.choose": Sent({"session_id": "{session_id}", "turn_id": "{turn_id}"}),
    "trace.TraceState.unfold": Sent({"session_id": "{session_id}", "number": 0}),
    "output.OutputState.more": Sent({"session_id": "{session_id}"}),
}
EVENTS: dict[str, Sent] = {
    "app.always.AlwaysState.weigh": Sent(
        {"session_id": "{session_id}", "approval_id": "{approval_id}", "changed": {}}
    ),
    **{f"app.chatting.ChatState.{name}": sent for name, sent in CHAT_EVENTS.items()},
    **{f"app.browsing.BrowsingState.{name}": sent for name, sent in BROWSING_EVENTS.items()},
    **{f"app.drawer.{name}": sent for name, sent in DRAWER_EVENTS.items()},
    **{f"app.settings.{name}": sent for name, sent in SETTINGS_EVENTS.items()},
    "app.commanding.CommandingState.close": Sent(),
    "app.jobs.JobsState.stop": Sent({"session_id": "{session_id}", "number": "{number}"}),
    "app.pages.device.DeviceState.arrive": Sent(),
    "app.pages.device.DeviceState.look": Sent({"form": {"code": "BCDF-GHJK"}}, positive=False),
    "app.pages.device.DeviceState.allow": Sent(),
    "app.pages.device.DeviceState.deny": Sent(),
    "app.pages.settings.SettingsState.arrive": Sent(),
    "app.palette.PaletteState.look": Sent({"q": "@", "session_id": "{session_id}"}),
    "app.pace.PaceState.drawn": Sent({"mark": 1}),
    "app.state.FlashState.close": Sent(),
}


def wire_name(event: str) -> str:
    """Reflex's name of an event.

    >>> wire_name("app.jobs.JobsState.stop")
    'reflex___state____state.app___jobs____jobs_state.stop'
    """
    module, state, name = event.rsplit(".", 2)
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in state).lstrip("_")
    return f"{STATE}.{module.replace('.', '___')}____{snake}.{name}"


async def settled(tab: Tab) -> None:
    """Wait until everything sent so far has been dealt with: a tab's events are handled in order."""
    for mode in ("plan", "auto"):
        await tab.send(f"{CHAT}.choose_mode", {"mode": mode})
        async with asyncio.timeout(20):
            await tab.until(lambda wanted=mode: tab.of(CHAT, "mode") == wanted)
