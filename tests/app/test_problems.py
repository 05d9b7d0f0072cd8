import json

import pytest
import structlog

from agent.core.errors import (
    Conflict,
    Invalid,
    LimitReached,
    MaestroError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from app.problems import problem, status_of, told


def test_a_problem_has_a_code_and_a_sentence() -> None:
    answer = problem(403, MaestroError("foreign_host"))
    body = json.loads(bytes(answer.body))
    assert (answer.status_code, body["status"], body["code"]) == (403, 403, "foreign_host")
    assert body["detail"].endswith("Host.")
    assert answer.media_type == "application/problem+json"


def test_an_unknown_code_still_gets_a_sentence() -> None:
    assert json.loads(bytes(problem(500, MaestroError("never_heard_of")).body))["detail"].endswith(".")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotSignedIn(), 401),
        (NotAllowed("wrong_scope"), 403),
        (NotFound("session"), 404),
        (Conflict("key_in_use"), 409),
        (Invalid("number"), 422),
        (LimitReached("too_often"), 429),
        (Unavailable("database"), 503),
        (MaestroError("internal"), 500),
    ],
)
def test_every_kind_of_error_has_its_status(error: MaestroError, status: int) -> None:
    assert status_of(error) == told(error).status_code == status


def test_who_has_asked_too_often_is_told_when_to_come_back() -> None:
    assert told(LimitReached("too_often", seconds=17)).headers["retry-after"] == "17"
    assert "retry-after" not in told(LimitReached("fallbacks", most=10)).headers


def test_nobody_known_is_told_how_to_be_known() -> None:
    assert told(NotSignedIn()).headers["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in told(NotAllowed("wrong_scope")).headers


def test_a_problem_names_its_request() -> None:
    with structlog.contextvars.bound_contextvars(request_id="one"):
        assert json.loads(bytes(told(NotFound("session")).body))["request_id"] == "one"
    assert json.loads(bytes(told(NotFound("session")).body))["request_id"] == ""
