"""A composer's files, draft and paths over REST."""

from pathlib import Path

import httpx2
import pytest

from tests.app.api.streams import turn
from tests.app.api.test_application import is_problem


def test_a_file_is_sent_ahead_and_goes_with_a_prompt(api: httpx2.Client, session: str) -> None:
    at = f"sessions/{session}"
    sent = api.post(f"{at}/attachments", params={"name": "a.html"}, content=b"<b>milk</b>")
    assert sent.status_code == 201
    assert sent.json() | {"id": ""} == {"id": "", "name": "a.html", "media_type": "text/plain", "size": 11}
    assert api.get(f"{at}/draft").json()["attachments"] == [sent.json()]
    command = {"type": "prompt", "text": "count to 1", "attachments": [sent.json()["id"]]}
    assert api.post(f"{at}/commands", json=command).status_code == 202
    turn(api, session, "count to 1")
    assert api.get(f"{at}").json()["rows"][0]["text"] == "count to 1[a.html]"
    assert api.get(f"{at}/draft").json()["attachments"] == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "attachment_empty"),
        (b"\0\1\2\3", 422, "attachment_type"),
        (b"x" * 8_000_001, 413, "too_large"),
    ],
)
def test_what_cannot_be_attached_is_refused(
    api: httpx2.Client, session: str, content: bytes, status: int, code: str
) -> None:
    answer = api.post(f"sessions/{session}/attachments", content=content)
    assert is_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_file_is_taken_away_once(api: httpx2.Client, session: str) -> None:
    sent = api.post(f"sessions/{session}/attachments", content=b"milk").json()
    at = f"sessions/{session}/attachments/{sent['id']}"
    assert [api.delete(at).status_code for _ in range(2)] == [204, 404]


def test_a_draft_is_kept_and_given_back(api: httpx2.Client, session: str) -> None:
    at = f"sessions/{session}/draft"
    assert api.put(at, json={"text": "Half a sentence"}).status_code == 204
    assert api.get(at).json() == {"text": "Half a sentence", "attachments": []}
    assert api.put(at, json={"text": "x" * 100_001}).status_code == 422


def test_paths_are_those_of_the_sessions_workspace(api: httpx2.Client, session: str) -> None:
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    (workspace / "src").mkdir()
    (workspace / "src" / "app.py").write_text("")
    assert api.get(f"sessions/{session}/paths", params={"q": "ap"}).json() == ["src/app.py"]
    assert api.get(f"sessions/{session}/paths").json() == ["src/", "src/app.py"]
