"""Looking through sessions over REST."""

import io
import json
from zipfile import ZipFile

import httpx2
import pytest

from tests.app.api.streams import turn
from tests.app.serving import Server


def test_what_was_said_is_found_and_its_session_listed(api: httpx2.Client, session: str) -> None:
    turn(api, session, "say hello to quartz")
    [hit, *_] = [
        hit for hit in api.get("search", params={"q": "quar"}).json()["hits"] if hit["kind"] == "prompt"
    ]
    start, end = hit["snippet"]["marks"][0]
    assert (hit["session"]["id"], hit["snippet"]["text"][start:end]) == (session, "quartz")
    assert hit["row_id"] in {row["id"] for row in api.get(f"sessions/{session}").json()["rows"]}
    [listed] = api.get("sessions", params={"q": "quartz"}).json()["sessions"]
    assert (listed["id"], listed["state"]) == (session, "idle")


def test_a_session_is_pinned_and_archived(api: httpx2.Client, session: str) -> None:
    at = f"sessions/{session}"
    assert api.patch(at, json={"is_pinned": True}).json()["pinned_at"]
    assert api.get("sessions").json()["sessions"][0]["id"] == session
    changed = api.patch(at, json={"is_archived": True, "name": "Put away"}).json()
    assert (bool(changed["archived_at"]), changed["pinned_at"], changed["name"]) == (True, None, "Put away")
    assert session not in [one["id"] for one in api.get("sessions").json()["sessions"]]
    archived = api.get("sessions", params={"state": "archived"}).json()["sessions"]
    assert session in [one["id"] for one in archived]


def test_several_are_deleted_and_one_comes_back(api: httpx2.Client) -> None:
    ids = [api.post("sessions", json={"name": "Bulk"}).json()["id"] for _ in range(2)]
    assert api.post("sessions/bulk", json={"ids": ids, "action": "delete"}).json() == {"ids": ids}
    assert api.get(f"sessions/{ids[0]}").status_code == 404
    assert api.post(f"sessions/{ids[0]}/undelete").json()["id"] == ids[0]
    assert api.get(f"sessions/{ids[0]}").status_code == 200
    assert api.post(f"sessions/{ids[0]}/undelete").status_code == 404
    api.delete(f"sessions/{ids[0]}")


def test_a_session_is_taken_away_as_a_file(api: httpx2.Client, session: str) -> None:
    turn(api, session, "count to 2")
    told = api.get(f"sessions/{session}/export")
    assert told.headers["content-type"] == "text/markdown; charset=utf-8"
    assert told.headers["content-disposition"].startswith('attachment; filename="count-to-2-')
    assert "w1 w2" in told.text
    told = api.get(f"sessions/{session}/export", params={"format": "json"})
    assert json.loads(told.text)["session"]["id"] == session


def test_several_sessions_are_taken_away_as_one_archive(api: httpx2.Client, session: str) -> None:
    other = api.post("sessions", json={"name": "Other"}).json()["id"]
    told = api.get("export", params={"ids": f"{session},{other}", "format": "json"})
    assert told.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(told.content)) as archive:
        assert [json.loads(archive.read(name))["session"]["id"] for name in archive.namelist()] == [
            session,
            other,
        ]
    api.delete(f"sessions/{other}")


@pytest.mark.parametrize(
    "address",
    [
        "search?q=x&state=asleep",
        "search?q=x&since=yesterday",
        "search?q=x&since=2026-01-01T00:00:00",
        "search?q=x&cursor=-1",
        "search?q=" + "x" * 201,
        "sessions?has_changes=maybe",
    ],
)
def test_a_malformed_question_is_refused(api: httpx2.Client, address: str) -> None:
    assert api.get(address).status_code == 422


def test_a_foreign_session_is_one_that_is_not_there(server: Server, api: httpx2.Client) -> None:
    _, theirs = server.neighbour()
    before = server.stored(theirs)
    for action in ("pin", "archive", "delete"):
        answer = api.post("sessions/bulk", json={"ids": [theirs], "action": action})
        assert (answer.status_code, answer.json()["code"]) == (404, "session")
    assert api.post(f"sessions/{theirs}/undelete").status_code == 404
    assert api.get(f"sessions/{theirs}/export").status_code == 404
    assert api.get(f"export?ids={theirs}").status_code == 404
    assert api.get("search", params={"q": "private"}).json()["hits"] == []
    assert api.get("search", params={"q": "private", "session_id": theirs}).json()["hits"] == []
    assert server.stored(theirs) == before
