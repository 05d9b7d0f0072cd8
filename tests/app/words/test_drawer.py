from agent.core.trace import Span
from app.words.drawer import file_size, took


def test_a_size_is_said_as_people_say_it() -> None:
    assert [file_size(size) for size in (0, 999, 1000, 16 << 20)] == ["0 B", "999 B", "1 kB", "16.8 MB"]


def test_what_was_never_begun_took_no_time() -> None:
    assert took(Span(kind="tool", name="edit", after=1, outcome="rejected")) == ""
