"""What is known of a call; what is decided with it has the tests of the door and of `core.policy`."""

from pathlib import Path

import pytest

from agent.core.messages import ToolCall
from agent.core.rules import Rule
from agent.tooling import judging
from agent.tooling.tools.edit import edit
from agent.tooling.tools.grep import grep
from agent.tooling.tools.read_many_files import read_many_files
from agent.tooling.tools.shell import shell


def calls(name: str, **arguments: object) -> ToolCall:
    return ToolCall.model_validate({"id": "c", "name": name, "arguments": arguments})


def test_files_are_known_as_they_are_written_and_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to("deep")
    (tmp_path / "out").symlink_to("/etc")
    workspace = str(tmp_path)
    assert judging._paths(workspace, calls("x", path="./deep/../deep/a")) == ("deep/a",)
    assert judging._paths(workspace, calls("x", path="link/a")) == ("link/a", "deep/a")
    assert judging._paths(workspace, calls("x", path="out/passwd"))[1].endswith("/etc/passwd")
    assert judging._paths(workspace, calls("x", path=f"{workspace}/deep")) == ("deep",)
    assert judging._paths(workspace, calls("x", paths=["a", "b"], path=7)) == ("a", "b")
    assert judging._paths(workspace, calls("x", path="a\0b")) == ("a\0b",)


async def test_only_what_runs_a_line_has_one() -> None:
    line = await judging._line(shell, calls("shell", command="git log | head"))
    assert line is not None
    assert [command.name for command in line.commands] == ["git", "head"]
    assert await judging._line(grep, calls("grep", pattern="x", command="ls")) is None
    assert await judging._line(shell, calls("shell", command=["ls"])) is None


@pytest.mark.parametrize(
    ("rule", "covers"),
    [
        (Rule(tool="shell", decision="allow", commands=("git commit",)), True),
        (Rule(tool="shell", decision="allow", commands=("git push",)), False),
        (Rule(tool="edit", decision="allow"), False),
        (Rule(tool="*", decision="deny", commands=("git",)), True),
        (Rule(tool="shell", decision="ask", commands=("make",)), False),
    ],
)
async def test_a_past_call_is_weighed_by_its_words(rule: Rule, *, covers: bool) -> None:
    commit = calls("shell", command="git commit -m x")
    assert await judging.would_cover(shell, commit, rule) == covers


async def test_past_files_are_weighed_by_their_names() -> None:
    rule = Rule(tool="read_many_files", decision="allow", paths=("docs/**",))
    assert await judging.would_cover(
        read_many_files, calls("read_many_files", paths=["docs/a", "docs/b"]), rule
    )
    assert not await judging.would_cover(
        read_many_files, calls("read_many_files", paths=["docs/a", "b"]), rule
    )


def test_s32_every_tool_has_a_hash_of_its_own_that_says_what_it_is() -> None:
    assert judging.definition_hash(edit) == judging.definition_hash(edit)
    assert judging.definition_hash(edit) != judging.definition_hash(grep)
