"""Answers whose events lack a field, or hold another value than their wire says: cut, or understood."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from tests.agent.providers.conftest import FIXTURES
from tests.agent.providers.wires import Reached, outcome
from tests.replay import exchanges

STEP = 4
"""Of the spoilt answers every fourth is heard: neighbours are spoilt in other ways, and it stays short."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


def paths(value: Any, *before: Any) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a value."""
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield (*before, key)
        yield from paths(inner, *before, key)


def spoilt(events: list[Any]) -> Iterator[list[Any]]:
    """The events, each time with one thing in them gone or another."""
    for *way, last in paths(events):
        for other in (None, 7, "gone"):
            copy = json.loads(json.dumps(events))
            place = copy
            for key in way:
                place = place[key]
            if other == "gone":
                del place[last]
            else:
                place[last] = other
            yield copy


def stream(events: list[Any]) -> str:
    named = ((event.get("type") if isinstance(event, dict) else "odd", event) for event in events)
    return "".join(f"event: {name}\ndata: {json.dumps(event)}\n\n" for name, event in named)


@pytest.mark.parametrize(
    ("name", "case"),
    [("anthropic", "calls"), ("openai", "calls"), ("openai", "search"), ("anthropic", "search")],
)
async def test_an_answer_in_another_form_is_the_providers_mistake(
    name: str, case: str, reach: dict[str, Reached]
) -> None:
    (row,) = exchanges(FIXTURES / name / f"{case}.jsonl")
    lines = row["response"]["body"].splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    for other in islice(spoilt(events), 0, None, STEP):
        reach[name].told({**row, "response": {**row["response"], "body": stream(other)}})
        step, error = await outcome(reach[name].provider)
        assert len(step.ends) == (error is None)
