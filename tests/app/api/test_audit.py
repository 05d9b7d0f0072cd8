"""The audit log over REST: what was decided for whom, to them alone, in pages."""

import httpx2
import pytest

from tests.app.api.test_application import is_problem
from tests.app.serving import Server

RULE = {"tool": "shell", "decision": "deny", "paths": ['a\n{"action":"approval_given"}\0']}


def test_what_was_set_is_written_down_the_newest_first(api: httpx2.Client) -> None:
    made = api.post("rules", json=RULE).json()
    api.delete(f"rules/{made['id']}")
    for bypassed in (True, False):
        api.put("permissions/shell", json={"sandbox_bypassed": bypassed})
    answer = api.get("audit").json()
    newest = answer["entries"][:4]
    assert [entry["action"] for entry in newest] == [
        "permission_changed",
        "permission_changed",
        "rule_removed",
        "rule_added",
    ]
    assert [entry["body"]["after"]["sandbox_bypassed"] for entry in newest[:2]] == [False, True]
    assert newest[3]["body"]["rule"]["paths"] == RULE["paths"]
    numbers = [entry["seq"] for entry in answer["entries"]]
    assert numbers == sorted(numbers, reverse=True)
    later = api.get("audit", params={"cursor": str(newest[1]["seq"])}).json()["entries"]
    assert later == answer["entries"][2:]


def test_nobody_reads_what_was_decided_for_others(
    api: httpx2.Client, server: Server, stranger: httpx2.Client
) -> None:
    api.put("permissions/shell", json={"is_enabled": False})
    api.put("permissions/shell", json={"is_enabled": True})
    token, _ = server.neighbour()
    with server.client() as theirs:
        theirs.headers["authorization"] = f"Bearer {token}"
        assert theirs.get("audit").json() == {"entries": [], "cursor": ""}
    assert stranger.get("/api/v1/audit").status_code == 401


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "%00", "1;DROP", "1 "])
def test_a_cursor_that_is_none_is_a_problem(api: httpx2.Client, cursor: str) -> None:
    assert is_problem(api.get(f"audit?cursor={cursor}"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_into_it(api: httpx2.Client, method: str) -> None:
    assert api.request(method, "audit", json={}).status_code == 405
