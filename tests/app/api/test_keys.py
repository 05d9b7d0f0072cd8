"""Requests with an Idempotency-Key are done once, whoever repeats them."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx2
import pytest

from agent.accounts.tokens import hashed
from app.api.keys import Answer
from tests.app.api.test_application import is_problem
from tests.app.serving import Server


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def made(api: httpx2.Client, **fields: object) -> list[str]:
    """The sessions of this name."""
    return [one["id"] for one in api.get("sessions", params={"q": fields["name"]}).json()["sessions"]]


def test_a_request_sent_twice_is_done_once(api: httpx2.Client) -> None:
    new, same = {"name": f"Once {uuid4()}"}, key()
    first = api.post("sessions", json=new, headers=same)
    again = api.post("sessions", json=new, headers=same)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert made(api, **new) == [first.json()["id"]]


def test_without_a_key_it_is_done_as_often_as_it_is_sent(api: httpx2.Client) -> None:
    new = {"name": f"Twice {uuid4()}"}
    assert {api.post("sessions", json=new).status_code for _ in range(2)} == {201}
    assert len(made(api, **new)) == 2


def test_a_problem_is_repeated_too(api: httpx2.Client) -> None:
    same = key()
    first, again = (api.post("sessions/x/fork", json={"seq": 1}, headers=same) for _ in range(2))
    assert first.status_code == again.status_code == 404
    assert is_problem(again)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("other", ["body", "address"])
def test_another_request_under_the_same_key_is_refused(api: httpx2.Client, session: str, other: str) -> None:
    same, new = key(), {"name": "x" * 100_000 + "a"}
    before = api.post(f"sessions/{session}/checkpoints", json=new, headers=same)
    path = f"sessions/{session}/fork" if other == "address" else f"sessions/{session}/checkpoints"
    changed = {"name": "x" * 100_000 + "b"} if other == "body" else new
    answer = api.post(path, json=changed, headers=same)
    assert before.status_code == 422
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")


def test_keys_of_two_people_are_two(api: httpx2.Client, server: Server) -> None:
    same, new = key(), {"name": "Mine"}
    token, _ = server.neighbour()
    theirs = {**same, "authorization": f"Bearer {token}"}
    mine = api.post("sessions", json=new, headers=same).json()["id"]
    assert api.post("sessions", json=new, headers=theirs).json()["id"] != mine


def test_what_comes_at_the_same_moment_is_done_once(api: httpx2.Client) -> None:
    same, new = key(), {"name": f"Race {uuid4()}"}
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(api.post, "sessions", json=new, headers=same) for _ in range(8)]
    answers = [each.result() for each in asked]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"key_in_use"}
    assert {answer.json()["id"] for answer in answers if answer.status_code == 201} == {*made(api, **new)}
    assert len(made(api, **new)) == 1


@pytest.mark.parametrize("wrong", ["", "short", "x" * 201, "with a space", "tab\there"])
def test_a_key_that_is_none_is_refused(api: httpx2.Client, wrong: str) -> None:
    answer = api.post("sessions", json={}, headers={"idempotency-key": wrong})
    assert is_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_unusable")


def test_an_answer_with_a_secret_is_not_kept(api: httpx2.Client, server: Server) -> None:
    same, new = key(), {"name": "ci", "scopes": ["sessions:read"]}
    answers = [api.post("tokens", json=new, headers=same) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["token"] for answer in answers}) == 2
    with server.database() as database:
        kept = database.execute("SELECT answer FROM request_keys").fetchall()
    assert "mst_" not in str(kept)
    for answer in answers:
        api.delete(f"tokens/{answer.json()['id']}")


def test_what_reads_takes_no_notice_of_a_key(api: httpx2.Client) -> None:
    same = key()
    for _ in range(2):
        assert "idempotency-replayed" not in api.get("me", headers=same).headers


def test_a_key_is_not_kept_itself(api: httpx2.Client, server: Server) -> None:
    same = key()
    api.post("sessions", json={}, headers=same)
    word = same["idempotency-key"]
    with server.database() as database:
        rows = database.execute("SELECT key_hash FROM request_keys").fetchall()
    assert (hashed(word),) in rows
    assert word not in str(rows)
    assert UUID(word)


@pytest.mark.parametrize(
    ("status", "size", "is_kept"),
    [
        (201, 10, True),
        (404, 10, True),
        (429, 10, False),
        (500, 10, False),
        (503, 10, False),
        (200, 64_001, False),
    ],
)
def test_what_is_of_no_use_later_is_not_kept(status: int, size: int, *, is_kept: bool) -> None:
    answer = Answer()
    answer.note({"type": "http.response.start", "status": status})
    answer.note({"type": "http.response.body", "body": b"x" * (size - 1), "more_body": True})
    assert not answer.is_whole
    answer.note({"type": "http.response.body", "body": b"x"})
    assert answer.is_whole
    assert answer.is_worth_keeping is is_kept
