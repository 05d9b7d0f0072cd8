import pytest

from agent.core.shell.source import Source, places, written
from agent.core.shell.tree import root
from agent.core.shell.words import NotUnderstood


def test_places_are_those_of_the_bytes() -> None:
    content = "écho é$x".encode()
    source = Source(content)
    word = root(content).children[0].children[1]
    assert places(word, source.code(word)) == {2: 4}
    assert written(source.text(word)) == "é$x"


def test_a_folded_line_alone_is_no_gap() -> None:
    source = Source(b"a \\\n b\\\nc")
    assert source.gap(1, 5) == "  "
    with pytest.raises(NotUnderstood):
        source.gap(6, 8)


def test_letters_between_two_parts_are_no_gap() -> None:
    with pytest.raises(NotUnderstood):
        Source(b"a x b").gap(1, 4)
