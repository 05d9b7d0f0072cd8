import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.core.errors import ToolFailed
from agent.tooling.openapi.checking import check, takes
from agent.tooling.openapi.describing import describe
from agent.tooling.openapi.description import Description


def by_body(schema: Any, **schemas: Any) -> Description:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    paths = {"/a/{id}": {"post": {"operationId": "go", "requestBody": body}}}
    return describe({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}})


def refusal(found: Description, **arguments: Any) -> str:
    with pytest.raises(ToolFailed) as told:
        check(found, found.operations[0], arguments)
    return str(told.value)


def test_arguments_are_one_valid_schema_with_what_it_needs(everything: Description) -> None:
    for operation in everything.operations:
        schema = takes(everything, operation)
        Draft202012Validator.check_schema(schema)
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert schema.keys() - {"$defs", "required"} == {"type", "properties", "additionalProperties"}
    named = {operation.name: takes(everything, operation) for operation in everything.operations}
    assert named["createItem"]["$defs"].keys() == {"Item"}
    assert "$defs" not in named["getItem"]
    assert named["getItem"]["properties"]["id"]["description"] == "Which item"
    assert named["putBytes"].get("required") is None


def test_what_is_wrong_is_named() -> None:
    item = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}},
        "additionalProperties": False,
    }
    found = by_body({"type": "array", "items": {"$ref": "#/components/schemas/I"}}, I=item)
    check(found, found.operations[0], {"id": "x", "body": [{"n": 1}]})
    assert refusal(found, id="x", body=[{"n": "1"}]) == "go: `body.0.n`: '1' is not of type 'integer'."
    assert "'body' is a required property" in refusal(found, id="x")
    assert "('z' was unexpected)" in refusal(found, id="x", body=[], z=1)
    assert refusal(found, id=1, body=[{}] * 9).count("`body.") == 2
    assert len(refusal(found, id="x", body="y" * 100_000)) < 500


def test_patterns_take_linear_time_and_only_what_can_be_told() -> None:
    found = by_body({"type": "string", "pattern": "^(a+)+$"})
    began = time.monotonic()
    assert "does not match" in refusal(found, id="x", body="a" * 100_000 + "b")
    assert time.monotonic() - began < 5
    lookahead = by_body({"pattern": "^(?=b)", "type": "string"})
    check(lookahead, lookahead.operations[0], {"id": "x", "body": "a"})
    named = by_body({"patternProperties": {"^(a+)+$": {"type": "integer"}}, "additionalProperties": False})
    check(named, named.operations[0], {"id": "x", "body": {"a" * 1000 + "b": "c"}})
    assert "does not match" in refusal(by_body({"pattern": "^a"}), id="x", body="b")
    check(by_body({"pattern": "^a"}), by_body({"pattern": "^a"}).operations[0], {"id": "x", "body": 3})


def test_schemas_that_multiply_are_given_up_in_time() -> None:
    schemas: dict[str, Any] = {"S0": {"type": "integer"}}
    for number in range(1, 60):
        schemas[f"S{number}"] = {"anyOf": [{"$ref": f"#/components/schemas/S{number - 1}"}] * 2}
    began = time.monotonic()
    assert "cannot be checked" in refusal(
        by_body({"$ref": "#/components/schemas/S59"}, **schemas), id="x", body="y"
    )
    assert time.monotonic() - began < 20


def test_a_schema_that_is_itself_is_given_up() -> None:
    schemas = {
        "A": {"allOf": [{"$ref": "#/components/schemas/B"}]},
        "B": {"anyOf": [{"$ref": "#/components/schemas/A"}]},
    }
    assert "cannot be checked" in refusal(
        by_body({"$ref": "#/components/schemas/A"}, **schemas), id="x", body=1
    )


def test_schemas_that_contain_themselves_are_checked_all_the_way_down() -> None:
    tree = {
        "type": "object",
        "properties": {"in": {"$ref": "#/components/schemas/T"}, "n": {"type": "integer"}},
    }
    found = by_body({"$ref": "#/components/schemas/T"}, T=tree)
    check(found, found.operations[0], {"id": "x", "body": {"in": {"in": {"n": 1}}}})
    assert "`body.in.in.n`" in refusal(found, id="x", body={"in": {"in": {"n": "1"}}})
