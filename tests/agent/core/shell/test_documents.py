import pytest

from agent.core.shell.documents import check_document
from agent.core.shell.source import Source
from agent.core.shell.tree import root
from agent.core.shell.words import NotUnderstood


def check(text: str) -> None:
    node = root(text.encode()).children[0].children[-1]
    start = next(child for child in node.children if child.type == "heredoc_start")
    check_document(Source(text.encode()), node, start)


@pytest.mark.parametrize(
    "text",
    [
        "cat <<E\nE",
        "cat <<E\na\nE\n",
        "cat <<'E'\n`a`\\\nE",
        "cat <<-E\n\ta $x\n\tE",
        "cat <<E\n\nE",
        "cat <<\\E\na\nE",
    ],
)
def test_a_plain_document_is_understood(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text", ["cat <<E\n E\nE x\nE", "cat <<E\n`a`\nE", "cat <<E\na\\\nE\nE", "cat <<E 'a\nb'\nE"]
)
def test_one_that_bash_may_end_elsewhere_is_not(text: str) -> None:
    with pytest.raises(NotUnderstood):
        check(text)
