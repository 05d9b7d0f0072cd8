from datetime import UTC, datetime, timedelta, timezone

import httpx2

from agent.core.identity import Session
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
    assert entries[0] == {"id": named, "name": "Named", "href": f"/s/{named}", "heading": "Today"}
    assert not {theirs, unused} & {entry["id"] for entry in entries}


def test_each_group_has_its_heading_once() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    known = {"user_id": "1", "name": "Plan", "model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0}
    found = [
        Session.model_validate({**known, "id": str(days), "created_at": at, "updated_at": at, **more})
        for days, more in ((9, {"pinned_at": now}), (0, {}), (0, {}), (1, {}), (3, {}), (30, {}), (400, {}))
        for at in [now - timedelta(days=days)]
    ]
    headings = [entry.heading for entry in grouped(found, now)]
    assert headings == ["Pinned", "Today", "", "Yesterday", "Last 7 days", "Older", ""]


def test_days_are_those_of_the_person() -> None:
    at = datetime(2026, 1, 30, 23, tzinfo=UTC)
    known = {"user_id": "1", "name": "Plan", "model": "m", "mode": "ask", "workspace": "/w", "last_seq": 0}
    session = Session.model_validate({**known, "id": "s", "created_at": at, "updated_at": at})
    hours = {0: "Yesterday", 2: "Today", -3: "Today"}
    for ahead, heading in hours.items():
        now = (at + timedelta(hours=2)).astimezone(timezone(timedelta(hours=ahead)))
        assert grouped([session], now)[0].heading == heading
