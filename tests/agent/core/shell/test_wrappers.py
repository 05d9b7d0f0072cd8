import pytest

from agent.core.shell import parse
from agent.core.shell.line import NOBODY_KNOWS
from agent.core.shell.wrappers import MAX_DEPTH

RUN: dict[str, str] = {
    "sudo rm x": "rm x",
    "sudo -n -u bob -- rm x": "rm x",
    "sudo -ubob A=b rm x": "rm x",
    "doas -u bob rm x": "rm x",
    "env rm x": "rm x",
    "env -i -u A B=c rm x": "rm x",
    "env --unset=A rm x": "rm x",
    "nice -n 5 rm x": "rm x",
    "nice rm x": "rm x",
    "ionice -c 3 rm x": "rm x",
    "nohup rm x &": "rm x",
    "setsid rm x": "rm x",
    "timeout -k 5 -s KILL 10 rm x": "rm x",
    "timeout --signal=KILL 10 rm x": "rm x",
    "time -p rm x": "rm x",
    "time A=b rm x": "rm x",
    "stdbuf -oL rm x": "rm x",
    "command rm x": "rm x",
    "builtin echo x": "echo x",
    "exec -a name rm x": "rm x",
    "busybox rm x": "rm x",
    "chroot / rm x": "rm x",
    "flock -n lock rm x": "rm x",
    "xargs rm": "rm {}",
    "xargs -0 -n 1 rm -f": "rm -f {}",
    "xargs -I@ rm @ x": "rm @ x",
    "find . -exec rm {} +": "rm {}",
    "find \"$d\" -name x -exec rm {} ';'": "rm {}",
    "find . -ok rm x ';'": "rm x",
    "bash -c 'rm x'": "rm x",
    "sh -ec 'rm x' name": "rm x",
    "bash -o pipefail -c 'rm x'": "rm x",
    "/bin/bash -c 'rm x'": "rm x",
    "eval 'rm' x": "rm x",
    "trap 'rm x' EXIT": "rm x",
    "git -C a --no-pager rm x": "git rm x",
    "git -c a.b=c rm x": "git rm x",
    "git --git-dir a rm x": "git rm x",
    "sudo nice bash -c 'env rm x'": "rm x",
}
UNKNOWN = [
    "sudo --new rm x", "env -S 'rm x'", "nice -x rm x", "timeout $t rm x", "xargs --weird rm", "bash",
    "sh -s", "ssh a b", 'bash -c "$x"', "bash -lc 'rm x'", "zsh -c 'rm x'", "eval $x", "find . -exec rm {}",
    "watch rm x", "parallel rm", "git -c alias.x='!rm x' x", "su -c 'rm x'", "sh -c \"echo $'a'\"",
    'trap "$x" EXIT', "find . -exec sh -c '{}' ';'",
]  # fmt: skip


@pytest.mark.parametrize(("text", "inner"), RUN.items())
def test_what_a_wrapper_runs_is_a_command_of_the_line(text: str, inner: str) -> None:
    first, *others = parse(text).commands
    assert not first.is_within
    assert others[-1].is_within
    assert " ".join(others[-1].words) == inner


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_hidden_is_known_to_be_there(text: str) -> None:
    assert NOBODY_KNOWS in parse(text).commands


def test_what_runs_nothing_is_no_wrapper() -> None:
    for text in ("command -v git", "env", "sudo", "git status", "bash a.sh", "find . -name x", "nohup"):
        assert [command.is_wrapper for command in parse(text).commands] == [False]


def test_what_env_sets_is_set_for_what_it_runs() -> None:
    assert parse("env PATH=. ls").commands[1].assignments == ("PATH",)


def test_what_is_filled_in_is_not_certain() -> None:
    assert parse("find . -exec rm -f x{} y ';'").commands[1].certain == 2
    assert parse("xargs -I% rm a% b").commands[1].certain == 1
    assert parse("xargs rm a").commands[1].certain == 2


def test_wrappers_one_in_the_other_have_a_bound() -> None:
    assert parse("nice " * (MAX_DEPTH - 1) + "ls").is_understood
    assert parse("nice " * MAX_DEPTH + "ls").why == "too_deep"
    assert parse("eval " * 7 + "ls").why == "too_deep"
