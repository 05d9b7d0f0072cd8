from typing import Any

import pytest

from app.api.scopes import needed
from app.problems import MEDIA_TYPE
from tests.app.documented import document

DOCUMENT = document()
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_an_operation_says_every_way_it_may_end(method: str, path: str, operation: dict[str, Any]) -> None:
    expected = {"401", "403", "404", "422", "429", "503"} | (
        set() if method == "get" else {"409", "413", "415"}
    )
    assert expected <= operation["responses"].keys()
    for status, response in operation["responses"].items():
        if int(status) >= 400 and not path.startswith("/cli/"):
            assert response["content"][MEDIA_TYPE]["schema"] == PROBLEM, status
            assert response["description"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_an_operation_says_who_may_ask(method: str, path: str, operation: dict[str, Any]) -> None:
    scope = needed(method.upper(), path)
    may = [{"bearer": [scope] if scope else []}, {"cookie": []}]
    assert operation["security"] == ([] if path.startswith("/cli/") else may)


def test_only_what_may_be_repeated_takes_a_key() -> None:
    taking = {
        path
        for method, path, operation in OPERATIONS
        if any(each["name"] == "idempotency-key" for each in operation.get("parameters", []))
        and method == "post"
    }
    assert {"/sessions", "/rules", "/sessions/{session_id}/commands"} <= taking
    assert not {path for path in taking if path.startswith(("/tokens", "/credentials", "/cli/"))}


def test_a_problem_is_described_and_what_we_do_not_answer_is_not() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert set(schemas["Problem"]["required"]) == {"code", "detail", "status", "request_id"}
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()
    assert "HTTPValidationError" not in str(DOCUMENT)
