import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from agent.core.messages import Message, Text, ToolCall, Usage, any_case
from tests.agent.core import strategies


@settings(max_examples=40)
@given(strategies.messages)
def test_a_message_survives_json(message: Message) -> None:
    assert Message.model_validate_json(message.model_dump_json()) == message


def test_a_value_never_changes() -> None:
    with pytest.raises(ValidationError):
        Text(text="a").text = "b"


def test_a_value_has_no_other_fields() -> None:
    with pytest.raises(ValidationError):
        Text.model_validate({"text": "a", "colour": "red"})


def test_a_message_knows_its_calls_in_order() -> None:
    calls = tuple(ToolCall(id=name, name=name, arguments={}) for name in ("b", "a"))
    assert Message(role="assistant", parts=(calls[0], Text(text="x"), calls[1])).calls == calls


@given(strategies.usages, strategies.usages)
def test_usage_adds_up(first: Usage, second: Usage) -> None:
    total = first + second
    assert total.input == first.input + second.input
    assert total.reasoning == first.reasoning + second.reasoning
    assert (total.cost is None) == (first.cost is None or second.cost is None)


@pytest.mark.parametrize("value", [None, 3, {"type": 3}, {"type": "Else"}, {}])
def test_what_has_no_known_type_stays_as_it_is(value: object) -> None:
    assert any_case("Text")(value) == value
