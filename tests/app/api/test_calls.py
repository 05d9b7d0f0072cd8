"""Open questions weighed, and jobs, over REST; jobs that really run have tests of their own."""

import httpx2
import pytest

from tests.app.api.streams import following, is_, until
from tests.app.serving import Server


def asked(api: httpx2.Client, session: str) -> str:
    with following(api, session) as events:
        api.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "write d/a.txt with Hi"})
        return str(until(events, is_("ApprovalRequested"))[-1].data["approval_id"])


def test_what_always_means_is_told_and_then_holds(api: httpx2.Client, session: str) -> None:
    question = asked(api, session)
    path = f"sessions/{session}/approvals/{question}/preview"
    first = api.get(path).json()
    assert (first["rule"]["tool"], first["rule"]["session_id"]) == ("write_file", session)
    assert first["would_pass"] is True
    narrow = api.get(path, params={"shape": "exact", "scope": "workspace", "lasts": "hour"}).json()
    assert narrow["rule"]["arguments"] == {"path": "d/a.txt", "content": "Hi\n"}
    assert narrow["rule"]["workspace"] == api.get(f"sessions/{session}").json()["workspace"]
    assert narrow["rule"]["expires_at"]
    answer = {
        "type": "Answer",
        "approval_id": question,
        "answer": "allow_always",
        "rule": {"shape": "exact", "scope": "workspace", "lasts": "hour"},
    }
    with following(api, session) as events:
        assert api.post(f"sessions/{session}/commands", json=answer).status_code == 202
        until(events, is_("TurnFinished"))
    assert api.get(path).json()["code"] == "approval_closed"
    assert narrow["rule"]["arguments"] in [rule["arguments"] for rule in api.get("rules").json()]


@pytest.mark.parametrize(
    "query", ["shape=everything", "scope=world", "lasts=ever", "shape=", "scope=" + "x" * 5000]
)
def test_a_choice_there_is_not_is_refused(api: httpx2.Client, session: str, query: str) -> None:
    answered = api.get(f"sessions/{session}/approvals/none/preview?{query}")
    assert (answered.status_code, answered.json()["code"]) == (422, "bad_arguments")


def test_a_rule_that_is_not_offered_is_refused(api: httpx2.Client, session: str) -> None:
    path = f"sessions/{session}/approvals/{asked(api, session)}/preview"
    assert api.get(path, params={"shape": "command"}).json()["code"] == "no_such_offer"


def test_a_session_without_jobs_has_none(api: httpx2.Client, session: str) -> None:
    assert api.get(f"sessions/{session}/jobs").json() == []
    gone = api.delete(f"sessions/{session}/jobs/1")
    assert (gone.status_code, gone.json()["code"]) == (404, "job")
    assert api.delete(f"sessions/{session}/jobs/0").status_code == 422


def test_anothers_questions_and_jobs_are_not_there(server: Server, api: httpx2.Client) -> None:
    _, theirs = server.neighbour()
    for path in (f"sessions/{theirs}/jobs", f"sessions/{theirs}/approvals/x/preview"):
        assert api.get(path).status_code == 404
    assert api.delete(f"sessions/{theirs}/jobs/1").status_code == 404
