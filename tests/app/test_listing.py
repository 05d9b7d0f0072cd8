from datetime import UTC, datetime, timedelta, timezone

import httpx2

from agent.core.identity import Session
from agent.sessions import Listed
from agent.sessions.browsing import State
from app.listing import grouped
from tests.app.serving import Server
from tests.app.tabs import CHAT, LIST, opened


async def test_the_list_has_ones_own_sessions_the_last_used_first(server: Server, api: httpx2.Client) -> None:
    _, theirs = server.neighbour()
    named = api.post("sessions", json={"name": "Named"}).json()["id"]
    unused = api.post("sessions").json()["id"]
    async with opened(server) as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(LIST, "entries"))
        entries = tab.of(LIST, "entries")
    known = {"id": named, "name": "Named", "href": f"/s/{named}", "heading": "Today", "how": "", "label": ""}
    assert known.items() <= entries[0].items()
    assert datetime.fromisoformat(entries[0]["at"]) <= datetime.now(UTC)
    assert not {theirs, unused} & {entry["id"] for entry in entries}


def listed(session: dict[str, object], state: State = "idle") -> Listed:
    return Listed(session=Session.model_validate(session), state=state)


def test_what_works_or_asks_says_so_in_the_list() -> None:
    at = datetime(2026, 1, 30, 23, tzinfo=UTC)
    known = {"user_id": "1", "name": "Plan", "model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0}
    session = {**known, "id": "s", "created_at": at, "updated_at": at}
    states: tuple[State, ...] = ("idle", "running", "needs_me")
    entries = [grouped([listed(session, state)], at)[0] for state in states]
    assert [(one.how, one.label) for one in entries] == [
        ("", ""),
        ("running", "Running"),
        ("needs_me", "Needs me"),
    ]


def test_each_group_has_its_heading_once() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    known = {"user_id": "1", "name": "Plan", "model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0}
    found = [
        listed({**known, "id": str(days), "created_at": at, "updated_at": at, **more})
        for days, more in ((9, {"pinned_at": now}), (0, {}), (0, {}), (1, {}), (3, {}), (30, {}), (400, {}))
        for at in [now - timedelta(days=days)]
    ]
    headings = [entry.heading for entry in grouped(found, now)]
    assert headings == ["Pinned", "Today", "", "Yesterday", "Last 7 days", "Older", ""]


def test_days_are_those_of_the_person() -> None:
    at = datetime(2026, 1, 30, 23, tzinfo=UTC)
    known = {"user_id": "1", "name": "Plan", "model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0}
    session = listed({**known, "id": "s", "created_at": at, "updated_at": at})
    hours = {0: "Yesterday", 2: "Today", -3: "Today"}
    for ahead, heading in hours.items():
        now = (at + timedelta(hours=2)).astimezone(timezone(timedelta(hours=ahead)))
        assert grouped([session], now)[0].heading == heading
