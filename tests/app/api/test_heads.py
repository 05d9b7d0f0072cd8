import httpx2
import pytest


@pytest.mark.parametrize("path", ["me", "sessions", "models", "rules", "openapi.json", "sessions/{session}"])
def test_head_is_get_without_a_body(api: httpx2.Client, session: str, path: str) -> None:
    path = path.format(session=session)
    told, whole = api.head(path), api.get(path)
    assert told.status_code == whole.status_code == 200
    assert told.content == b""
    for name in ("content-type", "content-length", "cache-control"):
        assert told.headers.get(name) == whole.headers.get(name)


def test_the_head_of_a_stream_does_not_wait_for_its_end(api: httpx2.Client, session: str) -> None:
    told = api.head(f"sessions/{session}/events")
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(("path", "status"), [("nowhere", 404), ("sessions/x", 404), ("cli/auth/token", 405)])
def test_the_head_of_nothing_is_a_problem(api: httpx2.Client, path: str, status: int) -> None:
    told = api.head(path)
    assert (told.status_code, told.content) == (status, b"")
    assert told.headers["content-type"] == "application/problem+json"
