"""Command lines as a model writes them, calls that run them, and what is known of such a call."""

from typing import Any

from hypothesis import strategies as st

from agent.core.messages import ToolCall
from agent.core.rules import Facts
from agent.core.shell import parse

PIECES = [
    *(
        "ls",
        "ls -la src",
        "cat a.txt",
        "git log --oneline",
        "git log",
        "git status",
        "git commit -m 'x y'",
        "git push",
    ),
    *(
        "git logout",
        "rm -rf build",
        "rm a",
        "npm test",
        "npm run build",
        "python3 a.py",
        "echo $x",
        "$x a",
        '"$x"',
    ),
    *(
        "make",
        "sudo rm a",
        "sudo git push",
        "bash -c 'rm a; git push'",
        "env A=b npm test",
        "xargs rm",
        "./run.sh",
    ),
    *(
        "find . -exec rm {} ';'",
        "PATH=. npm test",
        "npm test > out",
        "npm test 2>&1",
        "timeout 5 npm test",
        "x=$(rm a)",
    ),
    *(
        "cat <(git push)",
        "echo `rm a`",
        "git -C sub commit",
        "git -c a=b push",
        "eval $x",
        "touch a",
        "mkdir -p a/b",
    ),
]
JOINTS = [" && ", "; ", " | ", " || ", "\n", " & "]
ODD = ["echo 'open", "a\r\nb", "[ a > b ]", "${x@P}", "alias a=b\na", "cat <<A <<B\nA\nB"]

lines = st.one_of(
    st.sampled_from(PIECES),
    st.sampled_from(ODD),
    st.builds(lambda one, joint, other: one + joint + other, *map(st.sampled_from, (PIECES, JOINTS, PIECES))),
)
shapes = st.sampled_from(
    [
        "ls",
        "git",
        "git log",
        "git push",
        "git commit",
        "rm",
        "rm -rf",
        "npm test",
        "npm",
        "make",
        "sudo",
        "echo",
        "./run.sh",
    ]
)


def shell(line: str) -> ToolCall:
    return ToolCall(id="c", name="shell", arguments={"command": line})


def known(line: str, **facts: Any) -> Facts:
    return Facts(kind="execute", line=parse(line), **facts)
