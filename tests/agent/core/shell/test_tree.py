import pytest

from agent.core.shell.tree import MAX_LINE, root
from agent.core.shell.words import NotUnderstood


def test_a_line_has_a_tree() -> None:
    assert [child.type for child in root(b"ls; (pwd)").children] == ["command", ";", "subshell"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"if", "syntax"),
        (b"a" * (MAX_LINE + 1), "too_long"),
        (b"a " * 30_000, "syntax|too_long"),
        (b"<" * 60_000, "too_long"),
    ],
    ids=["a fault", "long", "many parts", "slow"],
)
def test_beyond_the_bounds_there_is_none(content: bytes, why: str) -> None:
    with pytest.raises(NotUnderstood, match=why):
        root(content)
