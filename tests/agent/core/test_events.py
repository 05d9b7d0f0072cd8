from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.core.events import EVENT, Delta, Event, Said, joined
from tests.agent.core import strategies


@given(strategies.events)
def test_every_event_survives_json(event: Event) -> None:
    assert EVENT.validate_json(EVENT.dump_json(event)) == event
    assert EVENT.validate_python(event.model_dump(mode="json")) == event


def test_there_is_a_value_of_every_event() -> None:
    made = {branch.wrapped_strategy.target for branch in strategies.events.original_strategies}
    assert made == set(get_args(Event))


@pytest.mark.parametrize("stored", [{}, {"type": "TurnEnded"}, {"type": "PromptDropped"}, [], "TurnStarted"])
def test_what_is_no_event_is_refused(stored: object) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_python(stored)


@given(st.lists(strategies.deltas, max_size=20))
def test_joining_loses_no_character(deltas: list[Delta]) -> None:
    for key in {(delta.kind, delta.call_id) for delta in deltas}:
        said = "".join(delta.text for delta in deltas if (delta.kind, delta.call_id) == key)
        assert "".join(run.text for run in joined(deltas) if (run.kind, run.call_id) == key) == said


def test_neighbours_of_another_call_are_not_joined() -> None:
    deltas = [Delta(kind="arguments", text="{}", call_id=call_id) for call_id in ("a", "b", "b")]
    assert joined(deltas) == (
        Said(kind="arguments", text="{}", call_id="a"),
        Said(kind="arguments", text="{}{}", call_id="b"),
    )
