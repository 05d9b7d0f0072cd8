from typing import Any

import pytest

from agent.tooling.openapi.references import as_list, as_object, followed, target

DOCUMENT: dict[str, Any] = {
    "a": {"b/c~d %": [{"e": 1}, 2]},
    "chain": {"$ref": "#/a"},
    "loop": {"$ref": "#/loop"},
}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#/a/b~1c~0d%20%25/0/e", 1),
        ("#/a/b~1c~0d%20%25/1", 2),
        ("#/a/b~1c~0d%20%25/7", None),
        ("#/a/b~1c~0d%20%25/-1", None),
        ("#/a/b~1c~0d%20%25/²", None),
        ("#/a/b~1c~0d%20%25/" + "9" * 5000, None),
        ("#/nothing/here", None),
        ("#", None),
        ("other.yaml#/a", None),
        ("https://example.org/a.json", None),
        ("file:///etc/passwd", None),
    ],
)
def test_only_what_is_in_the_document_is_found(reference: str, found: object) -> None:
    assert target(DOCUMENT, reference) == found


def test_chains_are_followed_and_circles_end() -> None:
    assert followed(DOCUMENT, {"$ref": "#/chain"}) == DOCUMENT["a"]
    assert followed(DOCUMENT, {"$ref": "#/loop"}) is None
    assert followed(DOCUMENT, None) is None
    assert followed(DOCUMENT, {}) == {}


def test_what_is_something_else_is_empty() -> None:
    assert (as_object([1]), as_list({"a": 1}), as_object(None)) == ({}, [], {})
