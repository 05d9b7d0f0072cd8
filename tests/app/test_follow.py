"""Following a session in a tab: each tab sees all of it, and is sent little."""

import httpx2

from agent.core.events import Delta, TurnStarted
from agent.core.messages import Text
from app.follow import HistoryState, LiveState, QueueState, RunState, Tiers, TurnState, tiers
from app.view import View
from tests.app.serving import Server
from tests.app.tabs import CHAT, RUN, TURN, opened

STARTED = TurnStarted(turn_id="t", prompt=(Text(text="Do it"),), model="demo:scripted", mode="ask")


def test_rows_travel_only_when_they_have_changed() -> None:
    view = View()
    view.apply(STARTED)
    assert tiers(view).keys() == {LiveState, RunState, HistoryState, TurnState, QueueState}
    view.apply(Delta(kind="text", text="Hello", turn_id="t"))
    assert tiers(view).keys() == {LiveState, RunState}


def test_what_a_tab_has_is_not_sent_again() -> None:
    view, sent = View(), Tiers()
    view.apply(STARTED)
    assert sent._changes(tiers(view)).keys() == {LiveState, RunState, HistoryState, TurnState, QueueState}
    assert sent._changes(tiers(view)) == {}
    view.apply(Delta(kind="text", text="Hello", turn_id="t"))
    changes = sent._changes(tiers(view))
    assert changes[RunState] == {"label": "Answering"}
    assert changes[LiveState]["has_answer"]
    assert "settled" not in changes[LiveState]


async def test_two_tabs_and_a_late_one_see_the_same(server: Server, api: httpx2.Client) -> None:
    session = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    path = f"/s/{session}"
    async with opened(server, path) as one, opened(server, path) as two:
        for tab in (one, two):
            await tab.send(f"{CHAT}.arrive")
            await tab.until(lambda tab=tab: tab.of(CHAT, "session_id") == session)
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 300"})
        await one.until(lambda: "w10 " in one.answer)
        async with opened(server, path) as late:
            await late.send(f"{CHAT}.arrive")
            await late.until(lambda: "w10 " in late.answer)
            for tab in (one, two, late):
                await tab.idle_after(1)
                assert tab.answer.endswith("w299 w300")
                assert [row["kind"] for row in tab.rows] == ["user", "thinking"]
        sent = sum(map(len, two.heard))
        assert sent < 100 * len(two.answer)


async def test_a_tab_that_comes_back_sees_the_answer_among_the_rows(
    server: Server, api: httpx2.Client
) -> None:
    session = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    async with opened(server, f"/s/{session}") as tab:
        await tab.send(f"{CHAT}.arrive")
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 3"})
        await tab.idle_after(1)
        first = tab.answer or "".join(tab.rows[-1]["chunks"])
    async with opened(server, f"/s/{session}") as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(TURN, "rows"))
        assert "".join(tab.rows[-1]["chunks"]) == first
        assert tab.of(RUN, "label") == "Idle"
