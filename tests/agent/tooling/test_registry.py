"""What each tool is known for."""

import pytest

from agent.tooling.registry import brings, definition_hash, effect, kinds, registry


def test_the_kinds_are_those_of_the_tools() -> None:
    assert kinds().keys() == registry().keys()
    assert kinds()["shell"] == "execute"


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_tool_that_speaks_with_others_says_so(name: str) -> None:
    flow = registry()[name].flow
    outside = {"web_fetch", "web_search", "read_operation", "call_operation"}
    assert ("out" in flow) == (name in outside)
    assert ("stranger" in brings(name)) == ("in" in flow)


def test_a_tool_that_is_not_there_brings_nothing_and_is_nothing() -> None:
    assert (brings("shall"), definition_hash("shall"), effect("shall")) == (frozenset(), "", "pure")


def test_every_tool_has_a_hash_of_its_own() -> None:
    hashes = {definition_hash(name) for name in registry()}
    assert len(hashes) == len(registry())
