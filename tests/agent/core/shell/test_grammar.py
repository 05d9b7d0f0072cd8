import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.core.shell import Command, Line, parse
from agent.core.shell.grammar import MAX_DEPTH

UNDERSTOOD: dict[str, list[str]] = {
    "ls -l": ["ls -l"],
    "": [],
    "# nothing": [],
    "git log && rm -rf /": ["git log", "rm -rf /"],
    "git log; rm x": ["git log", "rm x"],
    "git log\n rm -rf /": ["git log", "rm -rf /"],
    "git log & rm x": ["git log", "rm x"],
    "git log || rm x | wc": ["git log", "rm x", "wc"],
    "a |& b": ["a", "b"],
    "! a": ["a"],
    "(a; b)": ["a", "b"],
    "{ a; b; }": ["a", "b"],
    "if a; then b; elif c; then d; else e; fi": ["a", "b", "c", "d", "e"],
    "while a; do b; done": ["a", "b"],
    "until a; do b; done": ["a", "b"],
    "for x in $(a) `b`; do c; done": ["", "a", "b", "c"],
    "select x in a; do b; done": ["", "b"],
    "case $(a) in x|y) b ;; *) c ;; esac": ["a", "b", "c"],
    "f() { a; }; f": ["a", "f"],
    "function f { a; }": ["a"],
    "echo $(a $(b))": ["echo $(a $(b))", "a $(b)", "b"],
    "echo `a; b`": ["echo `a; b`", "a", "b"],
    'echo "x $(a)"': ['echo "x $(a)"', "a"],
    "echo '$(a)'": ["echo $(a)"],
    "diff <(a) <(b c)": ["diff <(a) '<(b c)'", "a", "b c"],
    "a > >(b)": ["a", "b"],
    "echo ${x:-$(a)}": ["echo ${x:-$(a)}", "a"],
    "echo ${x} ${#x} ${x%.py} ${x/a/b}": ["echo ${x} ${#x} ${x%.py} ${x/a/b}"],
    "echo $((1 + 2))": ["echo $((1 + 2))"],
    "echo $((1 + $(a)))": ["echo $((1 + $(a)))", "((", "a"],
    "(( n + 1 ))": ["(("],
    "cat <<END\nx $(a)\nEND": ["cat", "a"],
    "cat <<'END'\nx $(a)\nEND\nb": ["cat", "b"],
    "cat <<-END\n\tx\n\tEND\nb": ["cat", "b"],
    "cat <<END | a && b\nx\nEND": ["cat", "a", "b"],
    "cat <<END > out\nx\nEND": ["cat"],
    "cat <<< $(a)": ["cat", "a"],
    "A=b C=$(d) e f": ["e f", "d"],
    "A=$(b)": ["", "b"],
    "a=(1 $(b) 3)": ["", "b"],
    "export A=$(b) C": ["export A=$(b) C", "b"],
    "[ -f a ] && [[ a == b* || -n $(c) ]]": ["[ -f a ]", "[[ a == b* || -n $(c) ]]", "c"],
    "ls > a -l b": ["ls -l b"],
    "a &>/dev/null 2>&1 </dev/null": ["a"],
    "> out": [""],
    "a # it's b\nc": ["a", "c"],
    "x a#b 'c d' \"e\"f\\ g": ["x a#b 'c d' 'ef g'"],
    "a \\\n  b": ["a b"],
    "a 'x\ny'": ["a 'x\ny'"],
    "a {b,c} ~/d *.e {} f@{0}": ["a {b,c} ~/d *.e {} f@{0}"],
    "a é 日本 \U0001f600": ["a é 日本 \U0001f600"],
    "time a | b": ["time a", "a", "b"],
    "coproc a": ["coproc a", "a"],
    "echo if then fi": ["echo if then fi"],
    "a;": ["a"],
    "a &": ["a"],
    "\n\n a \n\n": ["a"],
}
"""The commands of a line; a word that is quoted here is passed without its quotes."""

NOT_UNDERSTOOD: dict[str, str] = {
    "echo 'open": "syntax",
    'echo "open': "syntax",
    "a &&": "syntax",
    "(a": "syntax",
    "a)": "syntax",
    "if a; then b": "syntax",
    "fi": "syntax",
    "then a": "syntax",
    "time ! a": "syntax",
    "git log\r\nrm x": "control_character",
    "git log\0rm x": "control_character",
    "git log\u00a0rm": "control_character",
    "git log\u3000rm": "control_character",
    "git\u200blog": "control_character",
    "git \u202elog": "control_character",
    "git\x0blog": "control_character",
    "git \ud800": "control_character",
    "l\\\ns": "syntax",
    "a\\\nb c": "syntax",
    "echo ${x@P}": "expansion",
    "echo ${!x}": "expansion",
    "echo ${x:=y}": "expansion",
    "echo ${a[$(b)]}": "expansion",
    "echo ${x:1:2}": "expansion",
    "echo $[1 + 2]": "quoting",
    "echo $((a[1]))": "arithmetic",
    "a[$(b)]=c": "assignment",
    'echo $"x"': "syntax",
    "echo `a \\`b\\``": "substitution",
    "cat <<A <<B\na\nA\nb\nB": "syntax",
    "cat <<A\n`b`\nA": "substitution",
    "cat <<A\nb\\\nA\nA": "here_document",
    "cat <<$x\na\n$x": "substitution",
    "echo $(cat <<A\na\nA\n)": "substitution",
    "[ a > b ]": "test",
    "[[ a =~ ^b.*$ ]]": "test",
    "a {x}>b": "redirection",
    "a -l2>b": "redirection",
    "alias ls=rm\nls": "alias",
    "shopt -s expand_aliases; a": "alias",
    "hash -p /tmp/x ls; ls": "alias",
    "for ((i=0;i<3;i++)); do a; done": "unknown_construct",
    "bash -c 'a; \"'": "syntax",
    "eval 'a; if'": "syntax",
    "unset 'a[$(b)]'": "subscript",
    "let 'a[`b`]=1'": "subscript",
    "printf -v 'a[$(b)]' c": "subscript",
    "read 'a[$(b)]' && c": "subscript",
    "test -v 'a[$(b)]'": "subscript",
    "[[ 'a[$(b)]' -eq 1 ]]": "subscript",
    "declare -i 'x=a[$(b)]'": "subscript",
    "x='a[$(b)]'; ((x))": "subscript",
}


def shown(command: Command) -> str:
    """Its words; quoted where that makes a difference."""
    return " ".join(
        f"'{word}'" if {*word} & {" ", "\n"} and "$" not in word and "`" not in word else word
        for word in command.words
    )


@pytest.mark.parametrize(("text", "commands"), UNDERSTOOD.items())
def test_a_line_has_these_commands(text: str, commands: list[str]) -> None:
    line = parse(text)
    assert line.is_understood, line.why
    assert [shown(command) for command in line.commands] == commands


@pytest.mark.parametrize(("text", "why"), NOT_UNDERSTOOD.items())
def test_s22_what_is_not_surely_understood_has_no_commands(text: str, why: str) -> None:
    assert parse(text) == Line(is_understood=False, why=why)


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("rm -rf a", 3),
        ("rm $x a", 1),
        ('rm "$x" a', 1),
        ("$x a", 0),
        ("rm a*", 1),
        ("rm a?", 1),
        ("rm [ab]", 1),
        ("rm {a,b}", 1),
        ("rm {1..3}", 1),
        ("rm {} a@{1}", 3),
        ("rm ~/a", 1),
        ("rm a~", 2),
        ("rm 'a*' \"b?\" \\*", 4),
        ("rm $'a' $'\\x62'", 2),
        ("rm $(a) b", 1),
        ("rm $ a$", 3),
        ('git commit -m "it\'s"', 4),
    ],
)
def test_a_word_that_may_become_something_else_is_not_certain(text: str, certain: int) -> None:
    assert parse(text).commands[0].certain == certain


def test_redirections_belong_to_their_command() -> None:
    first, second = parse("a && b 2>>log > out").commands
    assert not first.redirections
    assert [(each.operator, each.target) for each in second.redirections] == [("2>>", "log"), (">", "out")]


def test_what_a_group_writes_is_seen() -> None:
    for text in (
        "{ a; } > out",
        "(a) > out",
        "for x in y; do a; done > out",
        "f() { a; } > out",
        "$(a) > out",
    ):
        assert any(each.target == "out" for command in parse(text).commands for each in command.redirections)


def test_assignments_are_named() -> None:
    assert parse("A=b PATH+=c ls").commands[0].assignments == ("A", "PATH")
    assert parse("A=b c=d").commands[0].assignments == ("A", "c")
    assert parse("export A=b").commands[0].assignments == ("A",)
    assert parse("for PATH in /tmp; do ls; done").commands[0].assignments == ("PATH",)


def test_a_command_is_shown_as_it_was_written() -> None:
    texts = [command.text for command in parse("A=b echo 'é' > out && (c $(d))").commands]
    assert texts == ["A=b echo 'é'", "c $(d)", "d"]


@pytest.mark.parametrize(
    "text",
    [
        "<" * 60_000,
        "a=(" * 20_000,
        "(" * 60_000,
        "$(" * 30_000,
        "f() " * 15_000,
        "'\"$(" * 20_000,
        "sudo " * 12_000,
        "xargs " * 10_000,
        "eval " * 12_000,
        "[[ " + "( " * 10_000 + "a" + " )" * 10_000 + " ]]",
        "a && " * 12_000 + "a",
        "a " * 40_000,
    ],
    ids=lambda text: text[:8],
)
def test_a_monstrous_line_is_not_understood(text: str) -> None:
    assert not parse(text).is_understood


def test_a_line_within_a_line_is_bounded() -> None:
    assert parse(f"bash -c '{'a; ' * 500}'").is_understood
    assert parse(f"bash -c '{'a; ' * 3000}'").why == "too_long"
    assert parse("eval " * 12_000).why == "too_long"


def test_depth_is_bounded() -> None:
    assert parse("{ " * 20 + "a" + "; }" * 20).is_understood
    assert parse("{ " * MAX_DEPTH + "a" + "; }" * MAX_DEPTH).why == "too_deep"
    assert parse("a && " * 30 + "a").is_understood


def test_threads_do_not_disturb_each_other() -> None:
    expected = {text: parse(text) for text in UNDERSTOOD}
    wrong: list[str] = []

    def read() -> None:
        wrong.extend(text for text in UNDERSTOOD if parse(text) != expected[text])

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_grammar_is_loaded_with_the_first_line() -> None:
    code = "import sys, agent.core.policy; print('tree_sitter' in sys.modules)"
    folder = Path(__file__).parents[4]
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]


# What bash really starts. Its PATH holds nothing but five programs that note how they were called, and a few
# wrappers; whatever a line says, nothing else can be found.

PROGRAMS = ("aa", "bb", "cc", "dd", "ee")
NOTES = """#!/bin/sh
/usr/bin/printf '%s\\0' "${0##*/}" "$@" > "$NOTES/$$"
[ "$1" = aa ] && echo bb || echo x
"""
WORDS = [
    *(
        "a",
        "-l",
        "x.y",
        "w=1",
        "aa",
        "{}",
        "a#b",
        "2",
        "{a,b}",
        "*",
        "%",
        "a\\ b",
        "\\;",
        "x\\\ny",
        " \\\n b",
    ),
    *("!", "in", "do", "if", "fi", "$", "a$", "{", "}", "[", "=", "==", "!x", "@", "a{1..2}", "cc$x", "-l2"),
    *("'a b'", "'$(aa)'", "'`bb`'", "'x;y'", "'\n'", "'\"'", '"a b"', '"\\$(aa)"', '"`bb`"', '"\n"', '"\'"'),
    *('"\\\\"', '"\\""', '"$x"', '"${x:-$(bb)}"', "$'a'", "$'\\'aa;bb'", "$'\\\\'", "`aa`", "`aa; bb`"),
    *("$x", "${x}", "${x:-a}", "${x:-$(cc)}", "$((1+2))", "$((1+$(aa)))", "${x#a}", "${#x}", "${x/a/b}"),
]
STARTS = [
    *(
        *PROGRAMS,
        *PROGRAMS,
        "'aa'",
        "a\\a",
        '"bb"',
        "b''b",
        "A=b aa",
        "x=$(aa)",
        "x=y",
        "$x",
        "time aa",
        "! aa",
    ),
    *("command bb", "eval aa", "eval 'aa; bb'", "exec aa", "env cc", "nice dd", "bash -c 'aa x; bb'", "echo"),
    *("coproc aa", "true", ":", "test", "timeout 5 cc", "xargs dd", "time A=b aa", "builtin echo"),
]
ENDS = [
    *(
        "",
        "",
        "",
        " >/dev/null",
        " 2>&1",
        " <<< x",
        "2>/dev/null",
        " >/dev/null bb",
        " &>/dev/null",
        " >(cc)",
    ),
    *(" <<E\nq $(aa)\nE\n", " <<'E'\nq $(aa)\nE\n", " <<E | bb\nq\nE\n", " <<E >/dev/null\nq\nE\n"),
]
JOINTS = [
    " && ",
    "; ",
    " | ",
    " || ",
    "\n",
    " & ",
    " |& ",
    ";",
    "&",
    "|",
    " ; # it's x\n",
    " #bb\n",
    " \\\n",
    "\\\n",
]
FRAMES = [
    *("(%s)", "{ %s; }", "if %s; then bb; fi", "for i in a b; do %s; done", "while false; do %s; done; cc"),
    *("case x in x) %s;; esac", "f() { %s; }; f", "! %s", "{ %s\n}", "for i in $(%s); do cc $i; done"),
    *("until true; do %s\ndone", "[[ a == a ]] && %s", "function g { %s; }\ng a", "time %s", "echo $(%s)"),
    *("case a in (a|b) %s ;; *) bb;; esac", "cc <(%s)", 'cc "$(%s)"', "if aa; then %s; else dd; fi"),
]


def some_line(dice: random.Random, depth: int = 0) -> str:
    chance = dice.random()
    if depth < 3 and chance < 0.3:
        return dice.choice(FRAMES) % some_line(dice, depth + 1)
    words = " ".join(
        "".join(dice.choices(WORDS, k=dice.choice([1, 1, 1, 2]))) for _ in range(dice.choice([0, 1, 1, 2, 3]))
    )
    simple = f"{dice.choice(STARTS)} {words}{dice.choice(ENDS)}"
    if depth < 3 and chance < 0.6:
        return simple + dice.choice(JOINTS) + some_line(dice, depth + 1)
    return simple


def started(text: str, folder: Path) -> list[tuple[str, ...]]:
    """What bash starts when it runs a line."""
    notes = folder / "notes"
    shutil.rmtree(notes, ignore_errors=True)
    notes.mkdir()
    environment = {"PATH": str(folder / "bin"), "NOTES": str(notes)}
    command = ["/usr/bin/timeout", "--kill-after=1", "2", "/bin/bash", "--noprofile", "--norc", "-c", text]
    # A pipe that everything inherits: it ends when the last process does.
    subprocess.run(
        command,
        cwd=folder / "work",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    found = (note.read_bytes().decode().split("\0")[:-1] for note in notes.iterdir())
    return [tuple(words) for words in found if words]


def is_expected(line: Line, words: tuple[str, ...]) -> bool:
    return any(
        command.words == words
        if not command.unknown
        else command.words[: command.certain] == words[: command.certain]
        for command in line.commands
    )


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="no bash")
def test_s22_whatever_bash_starts_was_seen(tmp_path: Path, rng: random.Random) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    for name in PROGRAMS:
        (tmp_path / "bin" / name).write_text(NOTES)
        (tmp_path / "bin" / name).chmod(0o755)
    for name in ("bash", "env", "nice", "timeout", "xargs"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    met = 0
    while met < 100:
        text = some_line(rng)
        line = parse(text)
        if line.is_understood:
            for words in started(text, tmp_path):
                met += 1
                assert is_expected(line, words), (text, words, line.commands)
