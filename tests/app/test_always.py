"""A person sees what “always” would mean, picks another meaning, and says it."""

from types import SimpleNamespace
from typing import cast

import httpx2
import pytest

from agent.core.commands import Choice
from app.always import AlwaysState, choice_of
from tests.app.serving import Server
from tests.app.tabs import CHAT, RUN, STATE, Tab, opened

ALWAYS = f"{STATE}.app___always____always_state"


@pytest.fixture
def session(api: httpx2.Client) -> str:
    return str(api.post("sessions", json={"model": "demo:scripted"}).json()["id"])


async def asked(tab: Tab, prompt: str) -> str:
    await tab.send(f"{CHAT}.arrive")
    await tab.until(lambda: tab.of(RUN, "label"))
    await tab.send(f"{CHAT}.send", {"form": {"prompt": prompt}})
    await tab.until(lambda: tab.of(RUN, "asking"))
    return str(tab.of(RUN, "asking")[0]["approval_id"])


async def weighed(tab: Tab, session: str, question: str, changed: dict[str, str], words: str) -> None:
    await tab.send(f"{ALWAYS}.weigh", {"session_id": session, "approval_id": question, "changed": changed})
    await tab.until(lambda: words in (tab.of(ALWAYS, "rule") or ""))


async def test_what_was_picked_is_shown_and_is_what_holds(
    server: Server, api: httpx2.Client, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        question = await asked(tab, "write picked/a.txt with Hello")
        shown = tab.of(RUN, "asking")[0]
        assert shown["always"] == "in this session, for every call of “Write a file”."
        assert [shape["id"] for shape in shown["shapes"]] == ["tool", "folder", "exact"]
        await weighed(tab, session, question, {}, "in this session, for every call")
        await weighed(
            tab, session, question, {"shape": "folder"}, "in this session, for “Write a file” on picked/**"
        )
        await weighed(
            tab, session, question, {"scope": "person"}, "everywhere, for “Write a file” on picked/**"
        )
        assert tab.of(ALWAYS, "preview")[0] == "This call would now pass: yes."
        await tab.send(f"{CHAT}.answer", {"approval_id": question, "answer": "allow_always"})
        await tab.idle_after(1)
    rule = next(rule for rule in api.get("rules").json() if rule["paths"] == ["picked/**"])
    assert (rule["decision"], rule["session_id"], rule["source"]) == ("allow", "", "answer")


async def test_what_is_no_choice_is_told_and_changes_nothing(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        question = await asked(tab, "write b.txt with Hello")
        await weighed(tab, session, question, {}, "in this session")
        wrong = {"session_id": session, "approval_id": question, "changed": {"scope": "world"}}
        await tab.send(f"{ALWAYS}.weigh", wrong)
        await tab.until(lambda: tab.sentence)
        assert tab.of(ALWAYS, "scope") == "session"


def test_another_question_has_a_choice_of_its_own() -> None:
    state = SimpleNamespace(approval_id="one", shape="exact", scope="person", lasts="hour")
    seen = cast("AlwaysState", state)
    assert choice_of(seen, "one") == Choice(shape="exact", scope="person", lasts="hour")
    assert choice_of(seen, "other") is None
