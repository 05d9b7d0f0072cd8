from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.settings.new_rule import Written, new_rule
from tests.app.serving import Server
from tests.app.tabs import FLASH, STATE, Tab, opened

NEW = f"{STATE}.app___settings___new_rule____new_rule_state"
RULES = f"{STATE}.app___settings___rules____rules_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FORM = {"tool": "shell", "decision": "deny", "commands": "git  push\n\nrm", "lasts": "hour"}


@pytest.fixture
def kept(api: httpx2.Client) -> Iterator[set[str]]:
    """The rules there are; what is added in a test is removed behind it."""
    before = {one["id"] for one in api.get("rules").json()}
    yield before
    for one in api.get("rules").json():
        if one["id"] not in before:
            api.delete(f"rules/{one['id']}")


async def tried(tab: Tab, form: dict[str, Any]) -> None:
    await tab.send(f"{NEW}.weigh", {"form": form})
    await tab.until(lambda: tab.of(NEW, "decision") == form["decision"])


def test_each_line_is_a_command_and_time_begins_now() -> None:
    rule = new_rule(Written.model_validate(FORM), NOW)
    assert rule.commands == ("git push", "rm")
    assert rule.expires_at == NOW + timedelta(hours=1)
    assert new_rule(Written(tool="shell", lasts="revoked"), NOW).expires_at is None


def test_only_what_runs_commands_has_some() -> None:
    assert new_rule(Written(tool="edit", commands="git push"), NOW).commands == ()


async def test_what_was_tried_is_added(server: Server, api: httpx2.Client, kept: set[str]) -> None:
    async with opened(server, "/settings") as tab:
        await tried(tab, FORM)
        assert tab.of(NEW, "reach") == "everywhere, for commands that begin with git push, rm."
        assert "30 days" in tab.of(NEW, "trial")
        assert {one["id"] for one in api.get("rules").json()} == kept
        await tab.send(f"{NEW}.add")
        await tab.until(lambda: tab.of(NEW, "added") == 1)
        assert tab.of(NEW, "decision") == ""
    [made] = [one for one in api.get("rules").json() if one["id"] not in kept]
    assert (made["commands"], made["source"], made["decision"]) == (["git push", "rm"], "person", "deny")


async def test_what_was_not_tried_is_not_added(server: Server, api: httpx2.Client, kept: set[str]) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{NEW}.add")
        await tab.until(lambda: tab.sentence)
        assert tab.sentence.startswith("Try the rule first")
        await tried(tab, FORM)
        await tab.send(f"{NEW}.reconsider")
        await tab.until(lambda: tab.of(NEW, "decision") == "")
        await tab.send(f"{FLASH}.close")
        await tab.until(lambda: not tab.sentence)
        await tab.send(f"{NEW}.add")
        await tab.until(lambda: tab.sentence)
    assert {one["id"] for one in api.get("rules").json()} == kept


async def test_a_rule_for_everything_is_warned_of_or_refused(server: Server) -> None:
    async with opened(server, "/settings") as tab:
        await tried(tab, {"tool": "shell", "decision": "allow"})
        assert tab.of(NEW, "warning") == "It lets programs run that nobody has looked at."
        await tried(tab, {"tool": "grep", "decision": "deny"})
        assert "models are not told" in tab.of(NEW, "warning")
        await tab.send(f"{NEW}.weigh", {"form": {"tool": "*", "decision": "allow"}})
        await tab.until(lambda: tab.sentence)
        assert "would be no rule" in tab.sentence
        assert tab.of(NEW, "decision") == ""
