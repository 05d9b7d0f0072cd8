"""The whole life of a session over REST and server-sent events, with the demo model."""

from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from agent.core.events import EVENT
from agent.core.transcript import fold
from tests.app.api.streams import Sent, following, is_, turn, until
from tests.app.serving import Server


def durable(events: list[Sent]) -> list[Sent]:
    return [event for event in events if event.id]


def test_the_life_of_a_session(api: httpx2.Client) -> None:
    made = api.post("sessions", json={"name": "First", "model": "demo:scripted", "mode": "plan"}).json()
    assert (made["name"], made["mode"], made["last_seq"]) == ("First", "plan", 0)
    heard = turn(api, made["id"], "count to 5")
    opened = api.get(f"sessions/{made['id']}").json()
    assert opened["seq"] == int(durable(heard)[-1].id)
    assert [row["kind"] for row in opened["rows"]] == ["user", "thinking", "text"]
    assert opened["rows"][-1]["text"].endswith("w1 w2 w3 w4 w5")
    changed = api.patch(f"sessions/{made['id']}", json={"name": "Second", "mode": "auto"}).json()
    assert (changed["name"], changed["mode"], changed["model"]) == ("Second", "auto", "demo:scripted")
    assert api.delete(f"sessions/{made['id']}").status_code == 204
    assert api.get(f"sessions/{made['id']}").status_code == 404
    assert api.delete(f"sessions/{made['id']}").status_code == 404


def test_deltas_have_no_number_and_stored_events_have_one_each(api: httpx2.Client, session: str) -> None:
    heard = turn(api, session, "count to 100")
    assert [event.id for event in durable(heard)] == ["1", "2", "3"]
    assert [event.event for event in durable(heard)] == ["TurnStarted", "StepFinished", "TurnFinished"]
    live = [event for event in heard if not event.id]
    assert {event.event for event in live} <= {"Delta", "Snapshot"}
    assert len(live) > 50


def test_what_is_followed_is_what_is_shown(api: httpx2.Client, session: str) -> None:
    turn(api, session, "count to 3")
    heard = durable(turn(api, session, "look around"))
    with following(api, session) as events:
        everything = until(events, lambda event: event.id == heard[-1].id)
    rows = fold(EVENT.validate_python(event.data) for event in durable(everything)).rows
    shown = api.get(f"sessions/{session}").json()["rows"]
    assert [row.model_dump(mode="json") for row in rows] == shown


def test_a_follower_goes_on_where_it_was(api: httpx2.Client, session: str) -> None:
    heard = durable(turn(api, session, "count to 3")) + durable(turn(api, session, "count to 2"))
    for after in range(len(heard)):
        with following(api, f"{session}?after={after}") as events:
            assert until(events, lambda event: event.id == heard[-1].id) == heard[after:]
        with following(api, f"{session}?after=0", **{"last-event-id": str(after)}) as events:
            assert until(events, lambda event: event.id == heard[-1].id) == heard[after:]


def test_a_late_follower_hears_what_was_said_so_far(api: httpx2.Client, session: str) -> None:
    api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 60 slowly"})
    with following(api, session) as first:
        until(first, lambda event: event.event == "Delta" and "w9" in event.data["text"])
        with following(api, session) as late:
            snapshot = until(late, is_("Snapshot"))[-1]
            assert snapshot.id == ""
            assert "w8" in snapshot.data["said"][-1]["text"]
            following_deltas = [next(late) for _ in range(3)]
    assert [event.data["index"] for event in following_deltas] == [
        snapshot.data["index"] + 1 + number for number in range(3)
    ]
    api.post(f"sessions/{session}/commands", json={"type": "interrupt"})
    with following(api, session) as events:
        assert until(events, is_("TurnFinished"))[-1].data["reason"] == "cancelled"


@pytest.mark.parametrize(
    "command",
    [
        {"type": "prompt", "text": "count to 1"},
        {"type": "Prompt", "text": "count to 1"},
        {"type": "PROMPT", "parts": [{"type": "text", "text": "count to 1"}]},
        {"type": "Prompt", "parts": [{"type": "Text", "text": "count to 1"}]},
    ],
)
def test_a_prompt_may_be_spelled_as_people_do(
    api: httpx2.Client, session: str, command: dict[str, object]
) -> None:
    accepted = api.post(f"sessions/{session}/commands", json=command)
    assert accepted.status_code == 202
    assert accepted.json().keys() == {"turn_id", "seq"}
    with following(api, session) as events:
        assert until(events, is_("TurnFinished"))[-1].data["turn_id"] == accepted.json()["turn_id"]


def test_an_approval_given_over_the_api_writes_the_file(api: httpx2.Client, session: str) -> None:
    with following(api, session) as events:
        api.post(
            f"sessions/{session}/commands", json={"type": "prompt", "text": "write a.txt with Hello you"}
        )
        asked = until(events, is_("ApprovalRequested"))[-1].data
        workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
        assert not (workspace / "a.txt").exists()
        [row] = [row for row in api.get(f"sessions/{session}").json()["rows"] if row["status"] == "asking"]
        assert row["approval_id"] == asked["approval_id"]
        answer = {"type": "answer", "approval_id": asked["approval_id"], "answer": "allow_once"}
        assert api.post(f"sessions/{session}/commands", json=answer).status_code == 202
        again = api.post(f"sessions/{session}/commands", json=answer)
        assert (again.status_code, again.json()["code"]) == (409, "approval_closed")
        until(events, is_("TurnFinished"))
    assert (workspace / "a.txt").read_text() == "Hello you\n"


def test_a_refused_call_writes_nothing_and_the_note_is_told(api: httpx2.Client, session: str) -> None:
    with following(api, session) as events:
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "write b.txt with Hello"})
        asked = until(events, is_("ApprovalRequested"))[-1].data["approval_id"]
        refusal = {"type": "Answer", "approval_id": asked, "answer": "reject_once", "note": "Not there."}
        assert api.post(f"sessions/{session}/commands", json=refusal).status_code == 202
        result = until(events, is_("ToolCallFinished"))[-1].data["result"]
        until(events, is_("TurnFinished"))
    assert result["outcome"] == "rejected"
    assert "Not there." in result["text"]
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    assert list(workspace.iterdir()) == []


def test_the_same_command_id_does_it_once(api: httpx2.Client, session: str) -> None:
    command = {"type": "prompt", "text": "count to 2", "id": str(uuid4())}
    first = api.post(f"sessions/{session}/commands", json=command).json()
    assert api.post(f"sessions/{session}/commands", json=command).json() == first
    with following(api, session) as events:
        until(events, is_("TurnFinished"))
    assert api.post(f"sessions/{session}/commands", json=command).json() == first
    rows = api.get(f"sessions/{session}").json()["rows"]
    assert [row["kind"] for row in rows] == ["user", "thinking", "text"]


def test_a_prompt_that_waits_can_be_taken_back(api: httpx2.Client, session: str) -> None:
    path = f"sessions/{session}/commands"
    api.post(path, json={"type": "prompt", "text": "count to 500 slowly"})
    waiting = api.post(path, json={"type": "prompt", "text": "count to 7"}).json()["turn_id"]
    assert api.post(path, json={"type": "drop_prompt", "prompt_id": waiting}).status_code == 202
    again = api.post(path, json={"type": "DropPrompt", "prompt_id": waiting})
    assert (again.status_code, again.json()["code"]) == (409, "prompt_started")
    assert api.post(path, json={"type": "interrupt"}).status_code == 202
    with following(api, session) as events:
        heard = until(events, is_("TurnFinished"))
    assert [event.event for event in heard if event.data.get("turn_id") == waiting] == [
        "PromptQueued",
        "PromptDropped",
    ]


def waits_behind_a_long_turn(api: httpx2.Client, session: str, **fields: object) -> str:
    """Send a prompt that says when it is told, while another runs; gives its id."""
    path = f"sessions/{session}/commands"
    api.post(path, json={"type": "prompt", "text": "count to 5000 slowly"})
    with following(api, session) as events:
        until(events, is_("Delta"))  # before its first step, it would be told a prompt that steers
    waits = api.post(path, json={"type": "prompt", "text": "count to 7", **fields})
    assert waits.status_code == 202, waits.text
    return waits.json()["turn_id"]


def test_a_prompt_that_waits_can_be_edited(api: httpx2.Client, session: str) -> None:
    path = f"sessions/{session}/commands"
    waiting = waits_behind_a_long_turn(api, session, steers=True)
    edit = {"type": "edit_prompt", "prompt_id": waiting, "text": "count to 2", "steers": False}
    edited = api.post(path, json=edit)
    assert (edited.status_code, edited.json().get("turn_id")) == (202, waiting), edited.text
    assert api.post(path, json={"type": "interrupt"}).status_code == 202
    with following(api, session) as events:
        heard = durable(until(events, lambda event: event.event == "TurnFinished" and is_of(event, waiting)))
    queued = [event.data for event in heard if event.event == "PromptQueued"]
    assert [(one["prompt"][0]["text"], one["steers"]) for one in queued] == [
        ("count to 7", True),
        ("count to 2", False),
    ]
    assert api.get(f"sessions/{session}").json()["rows"][-1]["text"].endswith("w1 w2")
    again = api.post(path, json=edit)
    assert (again.status_code, again.json()["code"]) == (409, "prompt_started")


def is_of(event: Sent, turn_id: str) -> bool:
    return event.data.get("turn_id") == turn_id


def test_an_interrupt_may_name_the_turn_it_means(api: httpx2.Client, session: str) -> None:
    path = f"sessions/{session}/commands"
    running = api.post(path, json={"type": "prompt", "text": "count to 5000 slowly"}).json()["turn_id"]
    before = api.get(f"sessions/{session}").json()["seq"]
    missed = api.post(path, json={"type": "interrupt", "turn_id": str(uuid4())})
    assert missed.json() == {"turn_id": running, "seq": before}
    assert api.post(path, json={"type": "interrupt", "turn_id": running}).json()["seq"] == before + 1
    with following(api, session) as events:
        assert until(events, is_("TurnFinished"))[-1].data["reason"] == "cancelled"


def test_a_session_goes_back_to_a_checkpoint(api: httpx2.Client, session: str) -> None:
    turn(api, session, "count to 1")
    made = api.post(f"sessions/{session}/checkpoints", json={"name": "One"})
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["seq"]) == ("One", 3)
    shown = api.get(f"sessions/{session}").json()["rows"]
    turn(api, session, "count to 2")
    back = f"sessions/{session}/checkpoints/{made.json()['id']}/restore"
    assert api.post(back).json() == made.json()
    rows = api.get(f"sessions/{session}").json()["rows"]
    assert rows[: len(shown)] == shown
    assert "count to 2" not in [row["text"] for row in rows]
    api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 5000 slowly"})
    refused = api.post(back)
    assert (refused.status_code, refused.json()["code"]) == (409, "turn_runs")
    api.post(f"sessions/{session}/commands", json={"type": "interrupt"})
    nowhere = api.post(f"sessions/{session}/checkpoints/{uuid4()}/restore")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "checkpoint")


def test_checkpoints_are_listed_and_need_no_name(api: httpx2.Client, session: str) -> None:
    assert api.get(f"sessions/{session}/checkpoints").json() == []
    made = [api.post(f"sessions/{session}/checkpoints", json=body).json() for body in (None, {"name": "Two"})]
    assert [one["name"] for one in made] == ["", "Two"]
    assert api.get(f"sessions/{session}/checkpoints").json() == made


def test_a_fork_goes_on_by_itself(api: httpx2.Client, session: str) -> None:
    turn(api, session, "count to 1")
    heard = durable(turn(api, session, "count to 2"))
    made = api.post(f"sessions/{session}/fork", json={"seq": 4})
    assert made.status_code == 201
    forked = made.json()["id"]
    assert (forked != session, made.json()["name"]) == (True, "count to 1")
    with following(api, f"{forked}?after=4") as events:
        assert until(events, is_("TurnFinished"))[-1].id == heard[-1].id
    told, copied = (api.get(f"sessions/{where}").json()["rows"] for where in (session, forked))
    assert [row["text"] for row in told] == [row["text"] for row in copied]
    turn(api, forked, "count to 3")
    assert api.get(f"sessions/{session}").json()["rows"] == told


@pytest.mark.parametrize(
    "body", [{}, {"seq": 0}, {"seq": 99}, {"seq": 10**40}, {"seq": "x"}, {"seq": 1, "to": 2}]
)
def test_a_fork_at_no_event_is_refused(api: httpx2.Client, session: str, body: dict[str, object]) -> None:
    turn(api, session, "count to 1")
    refused = api.post(f"sessions/{session}/fork", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_arguments")


def test_a_list_is_searched_and_paged(server: Server) -> None:
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        for number in range(52):
            theirs.post("sessions", json={"name": f"100% of {number}"})
        first = theirs.get("sessions").json()
        second = theirs.get("sessions", params={"cursor": first["cursor"]}).json()
        ids = [one["id"] for one in [*first["sessions"], *second["sessions"]]]
        assert (len(first["sessions"]), len(ids), len(set(ids))) == (50, 53, 53)
        assert second["cursor"] == ""
        found = theirs.get("sessions", params={"q": "100% OF 51"}).json()["sessions"]
        assert [one["name"] for one in found] == ["100% of 51"]
        assert theirs.get("sessions", params={"q": "_"}).json()["sessions"] == []


def test_the_demo_is_among_the_models(api: httpx2.Client) -> None:
    assert "demo:scripted" in [model["id"] for model in api.get("models").json()]


def test_other_peoples_sessions_are_not_there(server: Server, api: httpx2.Client) -> None:
    """Every route that takes an id, with the id of another person's session and with none at all."""
    _, theirs = server.neighbour()
    before = server.stored(theirs)
    api.headers["x-request-id"] = "the-same-one"
    answers = {}
    for session in (theirs, str(uuid4()), "..%2F..%2Fetc%2Fpasswd", "x" * 300):
        answers[session] = [
            (answer.status_code, answer.json())
            for answer in (
                api.get(f"sessions/{session}"),
                api.patch(f"sessions/{session}", json={"name": "Mine"}),
                api.delete(f"sessions/{session}"),
                api.get(f"sessions/{session}/events"),
                api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 1"}),
                api.post(f"sessions/{session}/commands", json={"type": "interrupt"}),
                api.get(f"sessions/{session}/checkpoints"),
                api.post(f"sessions/{session}/checkpoints", json={"name": "Mine"}),
                api.post(f"sessions/{session}/checkpoints/{uuid4()}/restore"),
                api.post(f"sessions/{session}/fork", json={"seq": 1}),
            )
        ]
        assert {status for status, _ in answers[session]} == {404}
    theirs_told, nothing_told, *_ = answers.values()
    assert theirs_told == nothing_told
    assert theirs not in [one["id"] for one in api.get("sessions").json()["sessions"]]
    assert server.stored(theirs) == before


def test_an_approval_of_another_session_cannot_be_answered_through_ones_own(
    server: Server, api: httpx2.Client, session: str
) -> None:
    token, theirs = server.neighbour()
    with server.client() as neighbour:
        neighbour.headers["authorization"] = f"Bearer {token}"
        with following(neighbour, theirs) as events:
            command = {"type": "prompt", "text": "write a.txt with Hello"}
            neighbour.post(f"sessions/{theirs}/commands", json=command)
            asked = until(events, is_("ApprovalRequested"))[-1].data["approval_id"]
            answer = {"type": "answer", "approval_id": asked, "answer": "allow_always"}
            refused = api.post(f"sessions/{session}/commands", json=answer)
            assert (refused.status_code, refused.json()["code"]) == (409, "approval_closed")
            neighbour.post(f"sessions/{theirs}/commands", json={"type": "interrupt"})
            kinds = [event.event for event in until(events, is_("TurnFinished"))]
    assert "ApprovalGiven" not in kinds


def test_a_deleted_session_stops_its_turn(api: httpx2.Client, session: str) -> None:
    with following(api, session) as events:
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 5000 slowly"})
        until(events, is_("Delta"))
        assert api.delete(f"sessions/{session}").status_code == 204
        assert until(events, is_("TurnFinished"))[-1].data["reason"] == "cancelled"
