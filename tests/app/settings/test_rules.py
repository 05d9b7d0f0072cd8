from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from agent.tooling import StoredRule
from app.settings.rules import parted, rule_shown
from tests.app.serving import Server
from tests.app.tabs import FLASH, STATE, opened

RULES = f"{STATE}.app___settings___rules____rules_state"
SAID = f"{STATE}.app___settings___said____said_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def rule(**more: object) -> StoredRule:
    known = {"id": "1", "tool": "shell", "decision": "allow", "commands": ("git log",), "source": "answer"}
    times = {
        "is_wide": False,
        "shuts_off": False,
        "created_at": NOW - timedelta(days=2),
        "hits": 0,
        "last_hit_at": None,
    }
    return StoredRule.model_validate({**known, **times, **more})


@pytest.fixture
def kept(api: httpx2.Client) -> Iterator[str]:
    made = api.post("rules", json={"tool": "shell", "decision": "deny", "commands": ["shutdown"]}).json()
    yield made["id"]
    api.delete(f"rules/{made['id']}")


def test_a_rule_is_told_in_words() -> None:
    shown = rule_shown(rule(hits=3, last_hit_at=NOW, expires_at=NOW + timedelta(days=30)), NOW)
    assert (shown.label, shown.reach) == ("Allow", "everywhere, for commands that begin with git log.")
    assert shown.notes == "from your answer 2 days ago · applied 3 times, last just now · ends in 30 days"


def test_a_rule_that_lets_anything_run_is_marked() -> None:
    assert rule_shown(rule(is_wide=True, commands=()), NOW).warning
    assert rule_shown(rule(decision="deny", shuts_off=True, commands=()), NOW).warning
    assert not rule_shown(rule(), NOW).warning


def test_what_has_ended_stands_apart() -> None:
    holding, over = rule(), rule(expires_at=NOW)
    assert parted([holding, over], NOW) == ([holding], [over])


async def test_a_rule_is_listed_and_removed(server: Server, api: httpx2.Client, kept: str) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{RULES}.look")
        await tab.until(lambda: kept in [each["id"] for each in tab.of(RULES, "rules") or []])
        await tab.send(f"{RULES}.remove", {"rule_id": kept})
        await tab.until(lambda: tab.of(SAID, "sentence") == "The rule is removed.")
        assert kept not in [each["id"] for each in tab.of(RULES, "rules")]
    assert kept not in [each["id"] for each in api.get("rules").json()]


async def test_a_rule_is_tried_on_past_calls(server: Server, kept: str) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{RULES}.weigh", {"rule_id": kept})
        await tab.until(lambda: tab.of(RULES, "tried_id") == kept)
        assert "30 days" in tab.of(RULES, "trial")
        assert tab.of(SAID, "sentence") == tab.of(RULES, "trial")


async def test_another_persons_rule_is_neither_seen_nor_removed(server: Server) -> None:
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        made = theirs.post(
            "rules", json={"tool": "shell", "decision": "deny", "commands": ["private"]}
        ).json()
        async with opened(server, "/settings") as tab:
            await tab.send(f"{RULES}.look")
            for event in ("weigh", "remove"):
                await tab.send(f"{FLASH}.close")
                await tab.until(lambda: not tab.sentence)
                await tab.send(f"{RULES}.{event}", {"rule_id": made["id"]})
                await tab.until(lambda: tab.sentence)
                assert tab.sentence == "There is no such rule here."
            assert "private" not in "".join(tab.heard)
        assert [each["id"] for each in theirs.get("rules").json()] == [made["id"]]
