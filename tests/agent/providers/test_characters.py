"""What JSON cannot carry on, in every wire: halves of characters are joined or marked, the rest is told."""

from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import EVENT, Delta, StepFinished
from agent.core.messages import Message, Text, ToolCall, Unknown
from agent.core.provider import Request, Said
from agent.providers._characters import Joining, mended, whole
from tests.agent.providers.test_asking import DONE, Moody, patient
from tests.agent.providers.test_faults import case
from tests.agent.providers.wires import Reached, after, finish, outcome, prompt

everywhere = pytest.mark.parametrize("name", ["anthropic", "openai", "compatible", "gemini", "vertex"])
over_http = pytest.mark.asyncio(loop_scope="session")
IN_HALVES = {
    '"Grüße, "': r'"Grüße\ud83d"',
    '"Welt "': r'"\ude00Welt "',
    '"Grüße, Welt': r'"Grüße\ud83d\ude00Welt',
}
DEEP = {"deep": 150, "deeper than a reader goes": 5000}
"""Lists within lists."""


def told(name: str, fixture: str, changes: dict[str, str]) -> dict[str, Any]:
    """An exchange of our own fixtures, whose answer says something else."""
    exchange = case(name, fixture)
    body: str = exchange["response"]["body"]
    for before, now in changes.items():
        body = body.replace(before, now)
    assert body != exchange["response"]["body"]
    return {**exchange, "response": {**exchange["response"], "body": body}}


async def heard(moody: Moody) -> tuple[list[str], StepFinished]:
    """The pieces a person sees, and the end."""
    said = [one async for one in patient(moody).stream_completion(prompt())]
    (end,) = [one for one in said if isinstance(one, StepFinished)]
    return [one.text for one in said if isinstance(one, Delta)], end


class Halved(Moody):
    """Says these pieces, and in the end all of them."""

    def __init__(self, *pieces: str) -> None:
        super().__init__()
        self.pieces = pieces

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        self.requests.append(request)
        for piece in self.pieces:
            yield Delta(kind="text", text=piece)
        yield StepFinished(
            message=Message(role="assistant", parts=(Text(text="".join(self.pieces)),)), stop="end_turn"
        )


async def test_halves_of_a_character_meet_again() -> None:
    pieces, end = await heard(Halved("A \ud83d", "\ude00", " b", "\ud83d", "\ude00\ud83d", "\ude00"))
    assert pieces == ["A ", "😀", " b", "😀", "😀"]
    assert end.message.text == "A 😀 b😀😀"


async def test_a_half_that_stays_alone_is_marked() -> None:
    pieces, end = await heard(Halved("a\ud83d", "b\ude00", "\ud83d"))
    assert ("".join(pieces), end.message.text) == ("a\ufffdb\ufffd\ufffd", "a\ufffdb\ufffd\ufffd")


@given(st.text(st.characters(exclude_categories=("Cs",))), st.data())
def test_a_text_cut_anywhere_comes_as_it_was(text: str, data: st.DataObject) -> None:
    units = text.encode("utf-16-le")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(units) // 2), max_size=5)))
    edges = [0, *(2 * cut for cut in cuts), len(units)]
    pieces = [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(edges)]
    joining = Joining()
    found = [joining.hear(Delta(kind="text", text=piece)) for piece in pieces]
    assert "".join(one.text for one in found if one) == text
    (end,) = joining.end(DONE)
    assert end == DONE


def test_the_pieces_of_two_calls_do_not_mix() -> None:
    joining = Joining()
    said = [("1", "\ud83d"), ("2", "\ud83d"), ("1", "\ude00"), ("2", "\ude01")]
    found = [joining.hear(Delta(kind="arguments", text=text, call_id=call)) for call, text in said]
    assert [(one.call_id, one.text) for one in found if one] == [("1", "😀"), ("2", "😁")]


def test_every_part_of_a_message_is_made_whole() -> None:
    half = "\ud83d"
    parts = (
        Text(text="whole"),
        ToolCall(id="c", name=half, arguments={half: [half]}, malformed=half),
        Unknown(opaque={"anthropic": {"type": half}}),
    )
    message = whole(Message(role="assistant", parts=parts))
    step = StepFinished(message=message, stop="tool_use")
    assert EVENT.validate_json(step.model_dump_json()) == step
    assert message.calls[0].arguments == {"\ufffd": ["\ufffd"]}


def test_a_message_without_halves_is_left_alone() -> None:
    assert whole(DONE.message) is DONE.message
    assert mended("Grüße 🌍") == "Grüße 🌍"


@over_http
@everywhere
async def test_a_character_in_two_events_is_one(name: str, reach: dict[str, Reached]) -> None:
    reach[name].told(told(name, "text", IN_HALVES))
    step = await finish(reach[name].provider, prompt())
    joining = Joining()
    pieces = [joining.hear(delta) for delta in step.deltas]
    (end,) = joining.end(step.finished)
    assert "".join(piece.text for piece in pieces if piece and piece.kind == "text") == "Grüße😀Welt 🌍."
    assert isinstance(end, StepFinished)
    assert end.message.text == "Grüße😀Welt 🌍."


@over_http
@everywhere
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
async def test_a_number_that_is_none_goes_back_to_the_model(
    name: str, number: str, reach: dict[str, Reached]
) -> None:
    reach[name].told(told(name, "calls", {r"\"b.txt\"": number, '"b.txt"': number}))
    step = await finish(reach[name].provider, prompt())
    good, bad = step.finished.message.calls
    assert (good.arguments, good.malformed, bad.arguments) == ({"path": "a.txt"}, "", {})
    assert bad.malformed.startswith('{"path": ')
    # The history that holds it can still be sent.
    reach[name].told(case(name, "text"))
    assert (await finish(reach[name].provider, after(step.finished))).finished.message.text


@over_http
@everywhere
@pytest.mark.parametrize("depth", DEEP.values(), ids=DEEP)
async def test_arguments_nested_without_end_go_back_to_the_model(
    name: str, depth: int, reach: dict[str, Reached]
) -> None:
    nested = "[" * depth + "]" * depth
    reach[name].told(told(name, "calls", {r"\"b.txt\"": nested, '"b.txt"': nested}))
    step, error = await outcome(reach[name].provider)
    if error is not None:  # Google's arguments are no text: its SDK reads them, or fails
        assert (error.kind, name in {"gemini", "vertex"}, depth) == ("cut", True, max(DEEP.values()))
        return
    bad = step.finished.message.calls[1]
    assert (bad.arguments, bad.malformed.startswith('{"path": [[')) == ({}, True)
    assert EVENT.validate_json(step.finished.model_dump_json()) == step.finished


@over_http
async def test_an_event_nested_without_end_is_cut(reach: dict[str, Reached]) -> None:
    nested = "[" * 5000 + "]" * 5000
    reach["compatible"].told(told("compatible", "text", {'"Welt "': nested}))
    step, error = await outcome(reach["compatible"].provider)
    assert error is not None
    assert (error.kind, step.heard("text")) == ("cut", "Grüße, ")
