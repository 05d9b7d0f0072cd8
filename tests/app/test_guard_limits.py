"""The gate counts: who asks too often, who guesses, and what the log says of it."""

import json
from collections.abc import Iterator

import httpx2
import pytest

from tests.app.serving import Server, serving


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("limited") / "data"
    with serving(folder, MAESTRO_LIMITS="on", MAESTRO_LOG="json") as running:
        yield running


def statuses(client: httpx2.Client, path: str, times: int, **headers: str) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(times)]


@pytest.mark.xdist_group("limited")
def test_one_request_too_many_is_refused_and_nobody_else_is(limited: Server) -> None:
    token, _ = limited.neighbour()
    with limited.client() as client, limited.stranger() as other:
        assert statuses(client, "me", 600) == [200] * 600
        refused = client.get("me")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert statuses(other, "/api/v1/me", 1, authorization=f"Bearer {token}") == [200]


@pytest.mark.xdist_group("limited")
def test_guessing_tokens_and_knocking_as_a_stranger_end_soon(limited: Server) -> None:
    with limited.stranger() as client:
        assert statuses(client, "/api/v1/me", 31, authorization="Bearer mst_guess") == [401] * 30 + [429]
        assert statuses(client, "/api/v1/me", 61) == [401] * 60 + [429]
        assert statuses(client, "/healthz", 1) == statuses(client, "/", 1) == [200]


@pytest.mark.xdist_group("limited")
def test_a_line_of_the_log_says_to_which_request_it_belongs(limited: Server) -> None:
    with limited.stranger() as client:
        foreign = {"x-request-id": "one-of-the-log", "origin": "https://evil.example"}
        assert client.get("/api/v1/me?token=mst_x", headers=foreign).status_code == 403
    lines = [json.loads(line) for line in limited.log.read_text().splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == "one-of-the-log"]
    assert (line["event"], line["code"], line["path"]) == ("refused", "foreign_origin", "/api/v1/me")
    assert line["place"] == "127.0.0.1"
