import random
from contextlib import suppress
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.core.errors import Invalid
from agent.tooling.openapi.checking import takes
from agent.tooling.openapi.describing import describe, words
from agent.tooling.openapi.description import Description, Part
from agent.tooling.openapi.reading import read
from tests.agent.tooling.openapi.conftest import EVERYTHING, Describe


def document(paths: Any, **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, **more}


def names(found: Description) -> list[str]:
    return [operation.name for operation in found.operations]


def test_everything_is_described(everything: Description) -> None:
    assert everything.left_out == ()
    assert (everything.title, everything.version) == ("Everything", "1")
    item = everything.operations[0]
    assert (item.name, item.method, item.path, item.summary) == (
        "getItem",
        "get",
        "/items/{id}",
        "Shows an item",
    )
    places = {
        parameter.argument: (parameter.place, parameter.style, parameter.explodes)
        for parameter in item.parameters
    }
    assert places == {
        "id": ("path", "simple", False),
        "expand": ("query", "form", True),
        "packed": ("query", "form", False),
        "piped": ("query", "pipeDelimited", False),
        "spaced": ("query", "spaceDelimited", False),
        "filter": ("query", "deepObject", True),
        "where": ("query", "form", True),
        "X-Trace": ("header", "simple", False),
        "X-Numbers": ("header", "simple", False),
        "theme": ("cookie", "form", True),
    }
    assert [parameter.argument for parameter in item.parameters if parameter.is_required] == ["id", "X-Trace"]
    by_name = {operation.name: operation for operation in everything.operations}
    assert by_name["deleteItem"].schemes == (("user",), ("token",))
    assert by_name["getPicture"].schemes == ((),)
    assert by_name["getLabel"].schemes == (("asked", "session"),)
    parts = by_name["sendParts"].body
    assert parts is not None
    assert parts.parts["picture"] == Part(is_file=True)
    kinds = {name: (scheme.kind, scheme.name) for name, scheme in everything.schemes.items()}
    assert kinds == {
        "key": ("header", "X-Key"),
        "asked": ("query", "api_key"),
        "session": ("cookie", "sid"),
        "user": ("basic", ""),
        "token": ("bearer", ""),
    }


def test_a_description_survives_json(everything: Description) -> None:
    kept = everything.model_dump_json(exclude_defaults=True)
    assert Description.model_validate_json(kept) == everything


def test_operations_without_a_name_or_with_another_ones_get_their_own() -> None:
    same = {"operationId": "same"}
    found = describe(
        document(
            {
                "/a/{b}": {"get": {}, "put": same, "post": same},
                "/c": {"get": same, "put": {"operationId": "a b"}},
            }
        )
    )
    assert names(found) == ["get_a_b", "same", "same-2", "same-3", "put_c"]


def test_the_operations_own_parameter_stands_for_the_paths(operation: Describe) -> None:
    item = {
        "parameters": [{"name": "q", "in": "query", "required": True}, {"name": "r", "in": "query"}],
        "get": {"parameters": [{"name": "q", "in": "query", "schema": {"type": "integer"}}]},
    }
    [found] = describe(document({"/a": item})).operations
    assert [(each.name, each.is_required, each.accepts) for each in found.parameters] == [
        ("q", False, {"type": "integer"}),
        ("r", False, {}),
    ]
    assert operation("/a/{b}").parameters[0].name == "b"


def test_parameters_of_one_name_are_told_apart(operation: Describe) -> None:
    said = [{"name": "id", "in": place, "required": True} for place in ("query", "path", "header", "cookie")]
    found = operation("/a/{id}", "post", parameters=said, requestBody={"content": {"application/json": {}}})
    assert [each.argument for each in found.parameters] == ["path_id", "query_id", "header_id", "cookie_id"]
    body = operation(
        "/a", "post", parameters=[{"name": "body", "in": "query"}], requestBody={"content": {"a/b": {}}}
    )
    assert body.parameters[0].argument == "query_body"


@pytest.mark.parametrize("name", ["Authorization", "Host", "content-length", "Cookie", "a b", "a\r\nb", "Ü"])
def test_headers_that_are_not_the_models_are_no_parameters(operation: Describe, name: str) -> None:
    assert operation(parameters=[{"name": name, "in": "header"}]).parameters == ()


def test_what_cannot_be_called_is_left_out_with_its_reason() -> None:
    elsewhere = {"parameters": [{"$ref": "https://example.org/p.json"}]}
    found = describe(
        document({"/a": {"get": elsewhere, "put": {}}, "b": {"get": {}}, "/c": {"$ref": "c.json"}})
    )
    assert names(found) == ["put_a"]
    assert found.left_out[0].startswith("GET /a: a parameter is not in this document")


@pytest.mark.parametrize(
    "paths",
    [None, {}, [], {"/a": None}, {"/a": {"get": 3}}, {"/a": {"get": {"parameters": [{"$ref": "x"}]}}}],
)
def test_a_document_that_describes_nothing_is_refused(paths: Any) -> None:
    with pytest.raises(Invalid, match="service_unreadable"):
        describe(document(paths))


def test_endless_nesting_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"items": deep}
    body = {"content": {"application/json": {"schema": deep}}}
    with pytest.raises(Invalid) as told:
        describe(document({"/a": {"post": {"requestBody": body}}}))
    assert told.value.values["what"] == "it is nested too deeply"


def test_paths_and_bodies_may_be_referred_to() -> None:
    more = {
        "pathItems": {"a": {"post": {"requestBody": {"$ref": "#/components/requestBodies/b"}}}},
        "requestBodies": {"b": {"required": True, "content": {"text/csv": {}}}},
    }
    [found] = describe(document({"/a": {"$ref": "#/components/pathItems/a"}}, components=more)).operations
    assert found.body is not None
    assert (found.body.media_type, found.body.is_required, found.body.accepts) == (
        "text/csv",
        True,
        {"type": "string"},
    )


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (["text/plain", "application/xml", "application/json"], "application/json"),
        (["multipart/form-data", "application/vnd.api+json"], "application/vnd.api+json"),
        (["multipart/form-data", "application/x-www-form-urlencoded"], "application/x-www-form-urlencoded"),
        (["image/png", "text/plain"], "text/plain"),
        (["*/*"], "application/octet-stream"),
        (["image/png"], "image/png"),
    ],
)
def test_the_body_is_of_the_type_a_model_writes_best(
    operation: Describe, offered: list[str], taken: str
) -> None:
    body = operation("/a", "post", requestBody={"content": {media_type: {} for media_type in offered}}).body
    assert body is not None
    assert body.media_type == taken


def test_any_type_with_an_object_is_json(operation: Describe) -> None:
    body = operation("/a", "post", requestBody={"content": {"*/*": {"schema": {"type": "object"}}}}).body
    assert body is not None
    assert body.media_type == "application/json"


def test_without_a_word_on_security_what_there_is_may_be_used() -> None:
    schemes = {"k": {"type": "apiKey", "in": "header", "name": "X"}, "m": {"type": "mutualTLS"}}
    silent = describe(document({"/a": {"get": {}}}, components={"securitySchemes": schemes}))
    assert silent.operations[0].schemes == (("k",), ())
    said = document(
        {"/a": {"get": {}, "put": {"security": [{"k": []}]}}}, components={"securitySchemes": schemes}
    )
    assert [operation.schemes for operation in describe(said).operations] == [((),), (("k",),)]
    undeclared = describe(document({"/a": {"get": {}}}))
    assert undeclared.operations[0].schemes == (("bearer",), ("basic",), ())
    assert undeclared.schemes.keys() == {"bearer", "basic"}


ODD = [None, 3, "x", [], {}, [None], {"$ref": "#/paths"}, {"$ref": 3}, True, [[]], {"x": []}]


def test_a_document_with_anything_anywhere_ends_in_words(rng: random.Random) -> None:
    def spoil(value: Any) -> Any:
        if rng.random() < 0.05:
            return rng.choice(ODD)
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        return [spoil(each) for each in value] if isinstance(value, list) else value

    for _ in range(100):
        whole = read(EVERYTHING.read_text("utf-8"))
        spoiled = {name: spoil(value) for name, value in whole.items()}
        spoiled["openapi"] = rng.choice(["3.0.3", "3.1.0"])
        with suppress(Invalid):
            found = describe(spoiled)
            assert Description.model_validate_json(found.model_dump_json()) == found
            for each in found.operations:
                Draft202012Validator.check_schema(takes(found, each))


def test_words_of_a_document_are_texts() -> None:
    assert (words(" a\n"), words(3)) == ("a", "")
