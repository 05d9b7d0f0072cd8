from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.tooling.openapi.schemas import Schemas


def old(schema: Any, **components: Any) -> Any:
    return Schemas({"components": {"schemas": components}}, is_old=True).convert(schema)


def new(schema: Any, **components: Any) -> Any:
    return Schemas({"components": {"schemas": components}}, is_old=False).convert(schema)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"nullable": True}, {}),
        (
            {"nullable": True, "allOf": [{"type": "object"}]},
            {"anyOf": [{"allOf": [{"type": "object"}]}, {"type": "null"}]},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
        ({"exclusiveMaximum": True}, {}),
        (
            {"type": "string", "format": "binary"},
            {"type": "string", "format": "binary", "contentEncoding": "base64"},
        ),
        ({"type": "string", "example": "x"}, {"type": "string", "examples": ["x"]}),
        ({"type": "file"}, {"type": "string"}),
        ({"title": "T", "xml": {}, "x-y": 1, "discriminator": {"propertyName": "a"}, "readOnly": True}, {}),
    ],
)
def test_version_3_0_is_rewritten(said: Any, meant: Any) -> None:
    assert old(said) == meant


def test_version_3_1_stays_what_it_is() -> None:
    schema = {
        "type": ["string", "null"],
        "exclusiveMinimum": 3,
        "const": None,
        "if": {"minLength": 3},
        "then": False,
        "prefixItems": [True, {"type": "integer"}],
        "dependentRequired": {"a": ["b"]},
    }
    assert new(schema) == schema
    assert (new(schema=True), new(schema=False)) == (True, False)


@pytest.mark.parametrize(
    "fault",
    [
        {"type": "any"},
        {"type": {"a": 1}},
        {"type": [{}]},
        {"required": True},
        {"required": [1, "a", "a"]},
        {"enum": []},
        {"properties": [1]},
        {"properties": {"a": 3}},
        {"items": [{"type": "string"}]},
        {"minLength": -1},
        {"maxLength": "3"},
        {"minimum": float("inf")},
        {"minItems": 1.5},
        {"multipleOf": 0},
        {"pattern": "("},
        {"pattern": r"\p{L}"},
        {"pattern": "(" * 5000},
        {"patternProperties": {"(": {}, "^x": {}}},
        {"allOf": {}},
        {"allOf": []},
        {"description": 3},
        {"$ref": 3},
        {"$ref": "#/components/schemas/Nothing"},
        {"$ref": "https://example.org/pet.json"},
        {"additionalProperties": "no"},
        {"exclusiveMinimum": True},
        {"dependentRequired": {"a": 3}},
        {"unevaluatedProperties": 3},
        {"$id": "https://example.org/", "$dynamicRef": "#x", "$anchor": "%"},
        "string",
        None,
        [],
    ],
)
def test_whatever_faults_a_schema_has_it_becomes_a_valid_one(fault: Any) -> None:
    for convert in (old, new):
        Draft202012Validator.check_schema(convert({"properties": {"a": fault}}))
        Draft202012Validator.check_schema(convert(fault))


def test_schemas_that_contain_themselves_stay_references() -> None:
    components = {"Tree": {"properties": {"left": {"$ref": "#/components/schemas/Tree"}}}}
    schemas = Schemas({"components": {"schemas": components}}, is_old=True)
    assert schemas.convert({"$ref": "#/components/schemas/Tree"}) == {"$ref": "#/$defs/Tree"}
    assert schemas.definitions == {"Tree": {"properties": {"left": {"$ref": "#/$defs/Tree"}}}}


@pytest.mark.parametrize("is_old", [True, False])
def test_references_that_only_refer_to_each_other_mean_anything(is_old: bool) -> None:  # noqa: FBT001
    components = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    schemas = Schemas({"components": {"schemas": components}}, is_old=is_old)
    assert "$ref" not in schemas.convert({"$ref": "#/components/schemas/A"})


def test_definitions_of_one_name_are_told_apart() -> None:
    document = {"a": {"X y": {"type": "string"}}, "b": {"X y": {"type": "integer"}}, "c": {"$ref": "#/b/X y"}}
    schemas = Schemas(document, is_old=True)
    found = schemas.convert(
        {"anyOf": [{"$ref": f"#/{where}"} for where in ("a/X y", "b/X%20y", "c", "a/X y")]}
    )
    assert found == {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in ("X_y", "X_y_2", "X_y_3", "X_y")]}
    assert schemas.definitions["X_y_2"] == schemas.definitions["X_y_3"] == {"type": "integer"}


def test_beside_a_reference_version_3_1_says_more() -> None:
    said = {"$ref": "#/components/schemas/A", "description": "Mine", "nullable": True}
    assert new(said, A={"type": "string"}) == {"$ref": "#/$defs/A", "description": "Mine"}
    assert old(said, A={"type": "string"}) == {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}


def test_properties_of_answers_alone_are_not_asked_for() -> None:
    said = {"required": ["id", "name"], "properties": {"id": {"readOnly": True}, "name": {"writeOnly": True}}}
    assert old(said) == {"required": ["name"], "properties": {"name": {}}}
