import json

from agent.core.errors import MaestroError
from app.problems import problem


def test_a_problem_has_a_code_and_a_sentence() -> None:
    answer = problem(403, MaestroError("foreign_host"))
    told = json.loads(bytes(answer.body))
    assert (answer.status_code, told["status"], told["code"]) == (403, 403, "foreign_host")
    assert told["detail"].endswith("Host.")
    assert answer.media_type == "application/problem+json"


def test_an_unknown_code_still_gets_a_sentence() -> None:
    assert json.loads(bytes(problem(500, MaestroError("never_heard_of")).body))["detail"].endswith(".")
