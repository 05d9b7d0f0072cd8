import pytest

from agent.core.shell.redirections import redirections
from agent.core.shell.source import Source
from agent.core.shell.tree import root
from agent.core.shell.words import NotUnderstood


def read(text: str) -> list[tuple[str, str, int]]:
    content = text.encode()
    nodes = [node for node in root(content).children[0].children if node.type.endswith("_redirect")]
    found = [each for node in nodes for each in redirections(Source(content), node)]
    return [(each.redirection.operator, each.redirection.target, len(each.words)) for each in found]


def test_words_behind_the_target_are_the_commands() -> None:
    assert read("ls > a -l b") == [(">", "a", 2)]


def test_numbers_are_read_with_their_sign() -> None:
    assert read("ls 2>&1 2>> a >| b <&- >&2") == [
        ("2>&", "1", 0), ("2>>", "a", 0), (">|", "b", 0), ("<&-", "", 0), (">&", "2", 0),
    ]  # fmt: skip


def test_behind_a_document_its_line_goes_on() -> None:
    assert read("cat <<E > out\na\nE") == [("<<", "E", 0), (">", "out", 0)]


@pytest.mark.parametrize("text", ["ls -l2>a", "ls {x}>a"])
def test_a_number_that_bash_may_see_otherwise_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(text)
