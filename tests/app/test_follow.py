"""Following a session in a tab: each tab sees all of it, and is sent little."""

from uuid import UUID, uuid4

import httpx2

from agent.core.events import CheckpointRestored, CheckpointSaved, Delta, Snapshot, TurnStarted
from agent.core.messages import Text
from app.follow import HistoryState, LiveState, QueueState, RunState, Tiers, TurnState, counting, tiers
from app.view import FIRST, View
from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.app.tabs import CHAT, RUN, TURN, Tab, opened

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
    assert changes[RunState] == {"label": "Answering", "said": "Answering"}
    assert changes[LiveState]["has_answer"]
    assert "settled" not in changes[LiveState]


def test_what_the_session_went_back_before_is_left_out() -> None:
    saved, back = CheckpointSaved(id="c"), CheckpointRestored(id="c", seq=1)
    live = [Delta(kind="text", text="Hi"), Snapshot()]
    heard = counting([(1, STARTED), (2, saved), (None, live[0]), (3, saved), (4, back), (None, live[1])])
    assert heard == [STARTED, live[0], back, live[1]]
    assert counting([]) == []


def go_back(server: Server, session: str, seq: int) -> None:
    """As the session's door would, had it a route."""
    with server.database() as database:
        own = UUID(session).hex
        [(last,)] = database.execute("SELECT last_seq FROM sessions WHERE id = ?", [own]).fetchall()
        event = CheckpointRestored(id="c", seq=seq)
        database.execute(
            "INSERT INTO events (session_id, seq, key, turn_id, type, body, at)"
            " VALUES (?, ?, ?, '', ?, ?, ?)",
            [own, last + 1, uuid4().hex, event.type, event.model_dump_json(), event.at.isoformat(" ")],
        )
        database.execute("UPDATE sessions SET last_seq = ? WHERE id = ?", [last + 1, own])


async def test_a_tab_goes_back_with_its_session(server: Server, api: httpx2.Client) -> None:
    session = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    path = f"/s/{session}"
    async with opened(server, path) as tab, opened(server, path) as late:
        await tab.send(f"{CHAT}.arrive")
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 2"})
        await tab.idle_after(1)
        kept = api.get(f"sessions/{session}").json()["seq"]
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 3"})
        await tab.idle_after(2)
        go_back(server, session, kept)
        api.patch(f"sessions/{session}", json={"model": "demo:other"})  # what is told shows the gap before it
        opening = len(tab.events)
        await tab.until(lambda: went_back(tab) or len(tab.events) > opening)
        for event in tab.events[opening:]:
            await tab.send(event["name"], event["payload"])
        await late.send(f"{CHAT}.arrive")
        for one in (tab, late):
            await one.until(lambda one=one: went_back(one))
            assert [row["text"] for row in one.rows if row["kind"] == "user"] == ["count to 2"]
            assert one.of(CHAT, "model") == "demo:other"
        rows = api.get(f"sessions/{session}").json()["rows"]
        assert (
            [row["id"] for row in rows] == [row["id"] for row in tab.rows] == [row["id"] for row in late.rows]
        )


def went_back(tab: Tab) -> bool:
    asked = [row for row in tab.rows if row["kind"] == "user"]
    notices = [row["text"] for row in tab.rows if row["kind"] == "notice"]
    return len(asked) == 1 and any("went back" in text for text in notices) and "From here" in notices[-1]


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


async def test_a_session_opens_with_its_newest_rows_and_shows_the_others_after_them(
    server: Server, api: httpx2.Client
) -> None:
    session = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    for _ in range(12):
        turn(api, session, "say one")
    async with opened(server, f"/s/{session}") as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.rows)
        newest = [row["id"] for row in tab.rows]
        assert 0 < len(newest) <= FIRST
        await tab.until(lambda: len(tab.rows) > FIRST)
        assert [row["id"] for row in tab.rows][-len(newest) :] == newest


async def test_a_mode_that_changes_while_a_session_is_opened_is_heard(
    server: Server, api: httpx2.Client
) -> None:
    session = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    turn(api, session, "say one")
    async with opened(server, f"/s/{session}") as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.rows)
        plan = {"type": "prompt", "text": "plan to write a.txt with Hello"}
        api.post(f"sessions/{session}/commands", json=plan).raise_for_status()
        await tab.until(lambda: tab.of(CHAT, "mode") == "plan")
