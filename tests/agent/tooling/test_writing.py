import codecs
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import ToolFailed
from agent.tooling._writing import Writing, decode, has_windows_line_ends, readable, with_line_ends

MARKS = {"utf-16-le": "utf16le", "utf-16-be": "utf16be", "utf-32-le": "utf32le", "utf-32-be": "utf32be"}


@given(st.binary(max_size=200))
def test_whatever_is_read_is_written_back_the_same(raw: bytes) -> None:
    decoded = decode(raw)
    if decoded:
        text, writing = decoded
        assert writing.encode(text) == raw


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_every_byte_order_mark_is_known(encoding: str, mark: bytes) -> None:
    assert decode(mark + "Grüße 🌍".encode(encoding)) == ("Grüße 🌍", Writing(encoding, mark))


@pytest.mark.parametrize("raw", [b"a\0b", codecs.BOM_UTF16_LE + b"a", b"\x7fELF\0\0"])
def test_what_is_no_text_is_not_decoded(raw: bytes) -> None:
    assert decode(raw) is None


def test_half_a_character_cannot_be_written() -> None:
    with pytest.raises(ToolFailed, match="Line 2"):
        Writing().encode("a\nb\ud800")
    with pytest.raises(ToolFailed, match="Line 1"):
        Writing("utf-16-le").encode("\udcff")


@given(st.text(st.characters(categories=["L", "Cs"])))
def test_readable_text_can_always_be_sent(text: str) -> None:
    assert len(readable(text).encode().decode()) == len(text)


def test_line_ends_follow_the_majority() -> None:
    assert has_windows_line_ends("a\r\nb\r\nc\n")
    assert not has_windows_line_ends("a\nb\nc\r\n")
    assert not has_windows_line_ends("a")
    assert with_line_ends("a\r\nb\n", windows=False) == "a\nb\n"


def test_what_others_read_is_read(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    for row in cases("edit.jsonl"):
        if row["op"] == "decode":
            assert decode(bytes.fromhex(row["bytes_hex"]))[0] == row["text"], row["id"]
        if row["op"] == "bom" and row["bom"]:
            writing = decode(bytes.fromhex(row["bytes_hex"]))[1]
            assert MARKS[writing.encoding] == row["bom"]["encoding"], row["id"]
            assert len(writing.mark) == row["bom"]["length"], row["id"]
        if row["op"] == "bom" and not row["bom"]:
            assert decode(bytes.fromhex(row["bytes_hex"])) == ("", Writing()), row["id"]
