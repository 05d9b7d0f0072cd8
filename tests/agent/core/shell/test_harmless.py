import pytest

from agent.core.shell import is_harmless, is_plain, is_trusted, parse
from agent.core.shell.line import Command

HARMLESS = [
    "ls -la *.py", "cat $file", "head -n 5 a b", "tail -f log", "wc -l < names", "pwd", "echo $x `pwd`",
    "printf '%s\\n' \"$x\"", "true", "grep -rn 'a b' $folder", "diff <(ls a) <(ls b)", "cut -d: -f1",
    "tr a-z A-Z", "stat a", "du -sh .", "df", "date", "date +%s", "date -u", "which git", "type ls",
    "sort -u names", "uniq -c a", "file a", "tree -L 2", "find . -name '*.py'",
    "find . -type f -exec grep -l x {} +", "rg -n x src", "ps aux", "find . -name '*.py' | xargs grep x",
    "find . -print0 | xargs -0 -n 1 wc -l", "xargs", "id", "hostname", "uname -a", "basename a/b",
    "realpath a", "/usr/bin/ls", "/bin/cat a", "git", "git status", "git log --oneline -5",
    "git diff HEAD~1 -- src", "git show HEAD:a", "git branch", "git branch -a", "git branch --show-current",
    "git tag", "git remote -v", "git stash list", "git config --get user.name", "git config --list",
    "git reflog", "git blame a", "git -C sub log", "git --no-pager diff", "git worktree list", "cd src",
    "cd src && ls", "command -v git", "timeout 5 ls", "nice -n 5 ls", "env LANG=C ls", "LC_ALL=C sort a",
    "time ls", "nohup ls", "bash -c 'ls; pwd'", "sh -c 'ls | wc'", "eval 'ls'", "x=1", "x=$(ls); echo $x",
    'for f in *; do wc -l "$f"; done', 'while read -r line; do echo "$line"; done < a',
    "if [ -f a ]; then cat a; fi", '[ -z "$x" ]', '[ "$x" = y ]', "test -d a", "[[ -n $x && $y == z* ]]",
    "ls 2>/dev/null", "ls >/dev/null 2>&1", "ls >&2", "cat <<END\n$x\nEND", "cat <<< $x",
    "jq .name package.json", 'test "$x"', "[ ! -e a ]", "ls &", "(ls; pwd)",
]  # fmt: skip
NOT_HARMLESS = [
    "rm a", "ls > out", "ls >> out", "ls &> out", "ls > $x", "cat <> a", "cat < /dev/tcp/1.2.3.4/80",
    "cat < $x", "echo $(rm a)", "diff <(rm a) b", "./ls", "/home/ls", "bin/ls", "$x a", "PATH=. ls",
    "LD_PRELOAD=a ls", "GIT_PAGER=a git log", "PATH=.; ls", "IFS=x; ls", "https_proxy=x; ls", "export a=b",
    "for PATH in .; do ls; done", "sort -o a a", "sort -uo a a", "sort --out=a a",
    "sort --compress-prog=x a", "sort *.txt", "uniq a b", "uniq - b", "date -s tomorrow", "date -us tomorrow",
    "date 01010000", "hostname x", "file -C -m a", "tree -o a", "find . -delete", "find . -exec rm {} ;",
    "find . -exec rm {} \\;", "find . -fprint a", "find $x", "find . -exec $x {} +", "rg --pre x a",
    "rg -z a", "rg --hostname-bin=x a", "git commit", "git push", "git -c a=b log", "git log $x",
    "git log --output=a", "git log --outp=a", "git diff --ext-diff", "git grep -O x", "git branch new",
    "git branch -D a", "git tag v1", "git stash", "git remote add a b", "git config a b",
    "git config --unset a", "git reflog expire", "git --exec-path=. log", "git -p log", "git ls-remote",
    "git fetch", "git worktree add a", "cd ..", "cd /", "cd $x", "cd -", "cd", "sudo ls", "doas ls",
    "chroot . ls", "ssh host ls", "watch ls", "bash", "bash a.sh", 'bash -c "$x"', "bash -c 'rm a'",
    "bash -i -c ls", "sh -c '[[ a > b ]]'", "zsh -c ls", "echo ls | sh", "eval $x", "xargs rm",
    "xargs -I{} sh -c '{}'", "xargs sort", "env PATH=. ls", "env -S 'rm a'", "timeout $x ls",
    "printf -v a b", "printf $x", "read PATH", "[ -v 'a[$(b)]' ]", "[ $x b ]", "[ $x ]", '[ "$x" "$y" ]',
    "test -v a", "[[ $x -eq 1 ]]", "[[ -v x ]]", "(( n ))", "echo $((n))", "source a", ". a", "tee a",
    "sed -n p a", "awk 1 a", "python -c 1", "curl x", "exec ls > a", "trap 'rm a' EXIT", "set -a", "env",
    "alias a=b", "''", "less a", "vim", "coproc rm a", "command rm a", "nohup $x", "unknown",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_is_harmless(text: str) -> None:
    line = parse(text)
    assert line.is_understood, line.why
    assert [command.words for command in line.commands if not is_harmless(command)] == []


@pytest.mark.parametrize("text", NOT_HARMLESS)
def test_what_may_do_more_is_not(text: str) -> None:
    line = parse(text)
    assert not line.is_understood or not all(map(is_harmless, line.commands))


def test_a_variable_that_programs_heed_is_not_plain() -> None:
    assert is_plain(Command(words=("make",), assignments=("CI", "LC_ALL")))
    assert not is_plain(Command(words=("make",), assignments=("x",)))
    assert is_plain(Command(assignments=("x",)))


def test_a_program_of_the_workspace_is_not_the_one_of_its_name() -> None:
    assert is_trusted(Command(words=("/usr/local/bin/npm",)), "npm")
    assert not is_trusted(Command(words=("/usr/local/bin/../../../tmp/npm",)), "npm")
    assert is_trusted(Command(words=("./build",)), "./build")
