import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tooling._screen import SIGN, Screen, plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain\n", "plain\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2\x1b\\picture", "picture"),
        ("\x1b(Bascii", "ascii"),
        ("a\r\nb\r\n", "a\nb\n"),
        (" 1 %\r 50 %\r100 %\ndone", "100 %\ndone"),
        ("end\r", "end"),
        ("bell\x07", f"bell{SIGN}"),
        ("\x9b31m", f"{SIGN}31m"),
        ("user\u202egnp.exe", f"user{SIGN}gnp.exe"),
        ("tag\U000e0041", f"tag{SIGN}"),
        ("tab\there", "tab\there"),
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_what_a_terminal_would_do_is_no_text(written: str, shown: str) -> None:
    assert plain(written) == shown


PIECES = st.sampled_from(["a", "é", "\x1b[3", "1m", "\x1b]0;t", "\x07", "\n", "\x1b", "[0m"])


@given(st.lists(PIECES, max_size=12))
def test_it_does_not_matter_in_which_pieces_it_came(pieces: list[str]) -> None:
    whole, cut = Screen(), Screen()
    raw = "".join(pieces).encode()
    whole.add(raw)
    for byte in raw:
        cut.add(bytes([byte]))
    assert cut.text == whole.text


def test_half_a_character_waits_for_its_other_half() -> None:
    screen = Screen()
    assert [screen.add(byte) for byte in (b"\xc3", b"\xbc")] == ["", "ü"]


def test_of_much_the_beginning_and_the_end_are_kept_and_the_rest_is_counted() -> None:
    screen = Screen(head=10, tail=20)
    for number in range(100):
        screen.add(f"{number:03}\n".encode())
    assert screen.text.startswith("000\n001\n00\n[")
    assert screen.text.endswith("098\n099\n")
    assert "characters were left out here.]" in screen.text
    assert screen.end(8) == "098\n099\n"


def test_a_code_that_never_ends_hides_no_more_than_its_line() -> None:
    assert plain("\x1b]0;" + "x" * 5000 + "\nnext") == "\nnext"


def test_of_a_flood_no_more_than_head_and_tail_is_kept() -> None:
    screen, piece = Screen(), b"y\n" * 32_768
    for _ in range(200):
        screen.add(piece)
    assert len(screen.text) < 5 << 20
