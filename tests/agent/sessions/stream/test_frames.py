import pytest
from pydantic import ValidationError

from agent.core.events import Delta, Noticed, Said, Snapshot, StepFinished
from agent.core.messages import Message, Text, ToolCall
from agent.sessions.stream.frames import CHANNELS, Entry, channel_of, entries_in, frame

MESSAGE = Message(
    role="assistant", parts=(Text(text="ä\n"), ToolCall(id="1", name="x", arguments={"a": [1, None]}))
)
ENTRIES: list[Entry] = [
    ("s", None, Delta(kind="text", text='"€\u2028', turn_id="t", step=1, attempt=2, index=3)),
    ("s", 4, StepFinished(turn_id="t", message=MESSAGE, stop="end_turn")),
    ("t", None, Snapshot(turn_id="t", index=-1, said=(Said(kind="output", text="x", call_id="1"),))),
    ("t", None, Noticed(code="retry", values={"seconds": 1.5})),
    ("t", None, Snapshot()),
    ("t", None, None),
]


def test_what_is_framed_is_read_back() -> None:
    assert entries_in(frame("me", ENTRIES)) == ENTRIES


def test_half_a_character_costs_no_more_than_itself() -> None:
    broken: Entry = ("s", None, Delta(kind="text", text="a\ud83d"))
    mended: Entry = ("s", None, Delta(kind="text", text="a\ufffd"))
    assert entries_in(frame("me", [broken, *ENTRIES])) == [mended, *ENTRIES]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b'["me",[["s",1]]]',
        b'["me",[["s",1,{"type":"Nonsense"}]]]',
        b'["me",[["s",null,{"kind":"text","text":"x","more":1}]]]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_frame_is_said_to_be_none(sent: bytes) -> None:
    with pytest.raises(ValidationError):
        entries_in(sent)


def test_sessions_are_spread_over_all_channels() -> None:
    assert len({channel_of(str(number)) for number in range(2_000)}) == CHANNELS
