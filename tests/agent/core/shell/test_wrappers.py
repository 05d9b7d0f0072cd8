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
    "toybox rm x": "rm x",
    "setpriv --no-new-privs rm x": "rm x",
    "prlimit rm x": "rm x",
    "taskset -c 0 rm x": "rm x",
    "chrt -b 0 rm x": "rm x",
    "unbuffer rm x": "rm x",
    "faketime now rm x": "rm x",
    "flock -n lock -c 'rm x'": "rm x",
    "flock lock --command 'rm x'": "rm x",
    "trap -- 'rm x' EXIT": "rm x",
    "trap 'rm x' INT TERM": "rm x",
    "bash +e -c 'rm x'": "rm x",
    "rbash -c 'rm x'": "rm x",
}
UNKNOWN = [
    "sudo --new rm x", "env -S 'rm x'", "nice -x rm x", "timeout $t rm x", "xargs --weird rm", "bash",
    "sh -s", "ssh a b", 'bash -c "$x"', "bash -lc 'rm x'", "zsh -c 'rm x'", "eval $x", "find . -exec rm {}",
    "watch rm x", "parallel rm", "git -c alias.x='!rm x' x", "su -c 'rm x'", "sh -c \"echo $'a'\"",
    'trap "$x" EXIT', "find . -exec sh -c '{}' ';'", "bash +e -c 'a'", "bash +O extglob a", "tcsh -c 'a'",
    "prlimit --nproc 9 rm x", "setpriv --reuid 1 rm x", "taskset -p 1 9", "flock x -c $y", "tmux new 'rm x'",
    "systemd-run --user rm x", "sg a -c 'rm x'", "echo rm | at now", "/lib64/ld-linux-x86-64.so.2 /bin/rm x",
    "mapfile -C rm -c 1 a", "readarray -tC rm a", "complete -C rm x", "bind -x '\"a\": rm'",
    "git submodule foreach rm x", "git -C a submodule foreach rm x", "git bisect run rm",
    "git rebase -x rm a",
    "git rebase --exec=rm a", "git rebase --exe rm", "git difftool --extcmd=rm", "git difftool -x rm",
    "git filter-branch --tree-filter rm", "git clone -u rm a b", "git fetch --upload-pack=rm a",
    "git push --receive-pack=rm a", "git grep -Orm x", "PAGER='rm x' git log", "GIT_SSH_COMMAND=rm git fetch",
    "env GIT_EXTERNAL_DIFF=rm git diff", "EDITOR=rm git commit", "PS4='$(rm x)' bash -xc :",
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
    alone = (
        "command -v git",
        "env",
        "sudo",
        "git status",
        "bash a.sh",
        "find . -name x",
        "nohup",
        "trap -p A",
    )
    git = (
        "git ls-files --exclude-standard",
        "git diff --unified=3",
        "git submodule status",
        "git rebase main",
    )
    for text in (*alone, *git, "trap - EXIT", "flock 9", "mapfile -t a", "TZ=UTC date"):
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
