"""The server's life: crashes, restarts, and an end that does not keep anybody waiting."""

import json
import signal
import time
from pathlib import Path

import httpx2

from agent.config import Settings
from tests.app.api.streams import following, is_, turn, until
from tests.app.serving import Server, serving
from tests.app.tabs import opened


def asked(client: httpx2.Client, text: str, seen: str) -> str:
    """Ask a new session for work, and leave it where an event of this kind was seen."""
    session = client.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    with following(client, session) as events:
        client.post(f"sessions/{session}/commands", json={"type": "prompt", "text": text})
        until(events, is_(seen))
    return session


def killed(server: Server) -> None:
    server.running.send_signal(signal.SIGKILL)
    server.running.wait()


def test_every_session_is_served_the_page_that_was_built_for_all(server: Server) -> None:
    with server.client() as api:
        pages = [api.get(f"{server.url}/s/{name}") for name in ("one", "any", "%2e%2e")]
    assert {page.status_code for page in pages} == {200}
    assert all('id="composer"' in page.text for page in pages)


def test_a_server_killed_in_mid_turn_goes_on_where_it_was(data: Path) -> None:
    with serving(data) as first, first.client() as api:
        token = first.token
        done = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
        turn(api, done, "count to 3")
        speaking = asked(api, "count to 100 slowly", "Delta")
        queued = api.post(
            f"sessions/{speaking}/commands", json={"type": "prompt", "text": "count to 7"}
        ).json()
        asking = asked(api, "write a.txt with Hello", "ApprovalRequested")
        before = {
            session: api.get(f"sessions/{session}").json()["rows"] for session in (done, speaking, asking)
        }
        killed(first)
    with serving(data) as second, second.client() as api:
        assert second.token == token
        assert api.get(f"sessions/{done}").json()["rows"] == before[done]
        with following(api, speaking) as events:
            whole = until(
                events,
                lambda event: event.data.get("turn_id") == queued["turn_id"] and is_("TurnFinished")(event),
            )
        assert [event.data["reason"] for event in whole if is_("TurnFinished")(event)] == ["end_turn"] * 2
        assert [event.data["code"] for event in whole if is_("Noticed")(event)] == ["restart"]
        may_still_be_answered(api, asking, before[asking])
        for session in (done, speaking, asking):
            assert turn(api, session, "count to 2")[-1].data["reason"] == "end_turn"


def may_still_be_answered(api: httpx2.Client, session: str, before: list[dict[str, str]]) -> None:
    """What was asked before the crash is still asked, and done once it is allowed."""
    [question] = [row for row in before if row["status"] == "asking"]
    opened = api.get(f"sessions/{session}").json()
    [row] = [row for row in opened["rows"] if row["call_id"] == question["call_id"]]
    assert (row["status"], row["approval_id"]) == ("asking", question["approval_id"])
    answer = {"type": "answer", "approval_id": question["approval_id"], "answer": "allow_once"}
    assert api.post(f"sessions/{session}/commands", json=answer).status_code == 202
    with following(api, session) as events:
        assert until(events, is_("TurnFinished"))[-1].data["reason"] == "end_turn"
    assert (Path(opened["workspace"]) / "a.txt").read_text().strip() == "Hello"
    assert api.post(f"sessions/{session}/commands", json=answer).status_code == 409


async def test_a_server_told_to_stop_does_so_whoever_still_listens(data: Path) -> None:
    with serving(data) as running, running.client() as api:
        session = asked(api, "count to 5000 slowly", "Delta")
        with following(api, session) as events:
            until(events, is_("Delta"))
            async with opened(running, f"/s/{session}") as tab:
                await tab.send("reflex___state____state.app___chatting____chat_state.arrive")
                await tab.until(lambda: tab.states)
                began = time.monotonic()
                running.running.terminate()
                running.running.wait(10)
                assert time.monotonic() - began < 3
        assert "Traceback" not in running.log.read_text()


def test_the_origin_is_where_people_reach_the_page() -> None:
    assert Settings(maestro_port=4000).origin == "http://127.0.0.1:4000"
    assert Settings(maestro_public_url="https://maestro.example.org/").origin == "https://maestro.example.org"


def test_what_fails_is_told_with_a_reference_and_logged_without_values(data: Path) -> None:
    with serving(data, MAESTRO_LOG="json") as running, running.client() as api:
        api.post("sessions")
        with running.database() as database:
            database.execute("UPDATE sessions SET mode = 'no such mode'")
        answer = api.get("sessions")
        assert answer.status_code == 500
        problem = answer.json()
        assert problem["code"] == "internal"
        lines = [line for line in running.log.read_text().splitlines() if line.startswith("{")]
        [logged] = [record for record in map(json.loads, lines) if record["event"] == "request failed"]
        assert logged["reference"] in problem["detail"]
        assert running.token not in running.log.read_text()
        assert "locals" not in json.dumps(logged)
