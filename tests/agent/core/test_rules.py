import pytest
from hypothesis import given

from agent.core.messages import ToolCall
from agent.core.rules import Facts, Rule, allows, covering, may_speak_of, needs_a_rule, speaks_of
from agent.core.shell import Command, is_harmless, parse
from tests.agent.core import shell_lines
from tests.agent.core.shell_lines import known, shell


def allow(*commands: str) -> Rule:
    return Rule(tool="shell", decision="allow", commands=commands)


def deny(*commands: str) -> Rule:
    return Rule(tool="shell", decision="deny", commands=commands)


def test_a_rule_with_arguments_speaks_of_exactly_these() -> None:
    rule = Rule(tool="edit", decision="allow", arguments={"path": "a"})
    assert rule.matches(ToolCall(id="1", name="edit", arguments={"path": "a"}))
    assert not rule.matches(ToolCall(id="1", name="edit", arguments={"path": "a", "force": True}))
    assert not rule.matches(ToolCall(id="1", name="shell", arguments={"path": "a"}))


def test_true_is_not_one() -> None:
    rule = Rule(tool="edit", decision="allow", arguments={"all": [1, {"x": True}]})
    assert rule.matches(ToolCall(id="1", name="edit", arguments={"all": [1, {"x": True}]}))
    assert not rule.matches(ToolCall(id="1", name="edit", arguments={"all": [True, {"x": True}]}))
    assert not rule.matches(ToolCall(id="1", name="edit", arguments={"all": [1, {"x": 1}]}))
    assert not rule.matches(ToolCall(id="1", name="edit", arguments={"all": [1]}))


def test_a_star_is_every_tool() -> None:
    call = ToolCall(id="1", name="edit", arguments={})
    assert speaks_of(Rule(tool="*", decision="deny"), call, Facts(kind="edit"))


DENIED = [
    *(
        "rm x",
        "/bin/rm x",
        "RM x",
        "ls; rm x",
        "ls && (rm x)",
        "sudo -u bob rm x",
        "sudo env A=b rm x",
        "A=b rm x",
    ),
    *(
        "xargs rm",
        "bash -c 'rm x'",
        "sh -c 'ls; rm x'",
        "eval rm x",
        "echo $(rm x)",
        "echo `rm x`",
        "cat <(rm x)",
    ),
    *(
        "find . -exec rm {} +",
        "find $d -execdir rm {} ';'",
        "timeout 5 rm x",
        "nohup rm x &",
        "f() { rm $1; }; f a",
    ),
    *(
        "if ls; then rm x; fi",
        "x=$(rm y)",
        "cat <<END\n$(rm x)\nEND",
        "ls > $(rm x)",
        "coproc rm x",
        "! rm x",
    ),
    *('"rm" x', "r\\m x", "'r'm x", "$'rm' x", "trap 'rm x' EXIT", "case x in x) rm y;; esac", "rm $x", "rm"),
]


@pytest.mark.parametrize("line", DENIED)
def test_one_command_is_enough_for_a_rule_that_denies(line: str) -> None:
    assert speaks_of(deny("rm"), shell(line), known(line)), parse(line)


@pytest.mark.parametrize(
    "line", ["echo rm", "git rm x", "rmdir x", "ls # rm x", "cat <<'END'\nrm x\nEND", "echo 'rm x'"]
)
def test_words_that_are_not_run_are_no_command(line: str) -> None:
    assert not may_speak_of(deny("rm"), shell(line), known(line))


@pytest.mark.parametrize(
    "line",
    [
        *("$x y", '"$(cat a)" y', "eval $x", 'bash -c "$x"', "sudo --new rm x", "echo 'rm x' | sh"),
        'f() { "$@"; }; f rm x',
    ],
)
def test_what_may_be_denied_is_known_to_be_possible(line: str) -> None:
    assert not speaks_of(deny("rm"), shell(line), known(line))
    assert may_speak_of(deny("rm"), shell(line), known(line))


@pytest.mark.parametrize("line", ["uv run rm x", "npx -- rm x", "poetry run rm x", "cd a && npm exec rm x"])
def test_who_launches_what_is_denied_is_denied(line: str) -> None:
    assert speaks_of(deny("rm"), shell(line), known(line))


@pytest.mark.parametrize("line", ["uv run --with a rm x", "npx $x", "uvx -q rm"])
def test_who_may_launch_what_is_denied_is_known(line: str) -> None:
    assert not speaks_of(deny("rm"), shell(line), known(line))
    assert may_speak_of(deny("rm"), shell(line), known(line))


def test_a_launcher_alone_launches_nothing() -> None:
    for line in ("uv run", "npx", "uv sync rm", "npm run rm"):
        assert not may_speak_of(deny("rm"), shell(line), known(line))
    assert speaks_of(deny("uv run"), shell("uv run pytest"), known("uv run pytest"))


def test_a_rule_that_allows_speaks_of_the_launcher_and_not_of_what_it_launches_alone() -> None:
    rule = Rule(tool="shell", decision="allow", commands=("uv run pytest",))
    assert speaks_of(rule, shell("uv run pytest -q"), known("uv run pytest -q"))
    assert not speaks_of(rule, shell("pytest"), known("pytest"))
    assert not speaks_of(rule, shell("uv run rm"), known("uv run rm"))


def test_options_do_not_hide_what_is_denied() -> None:
    rule = deny("git push")
    for line in (
        "git push -f",
        "git -C a push",
        "git --git-dir=a push",
        "git --git-dir a push",
        "git -c a=b push",
    ):
        assert speaks_of(rule, shell(line), known(line)), line
    for line in ("git log push", "git commit -m push x", "git pushed"):
        assert not may_speak_of(rule, shell(line), known(line)), line
    assert may_speak_of(rule, shell("git $x"), known("git $x"))
    assert not may_speak_of(rule, shell("git commit $x"), known("git commit $x"))


ALLOWED = [
    *(
        "npm test",
        "npm test -- -x",
        "npm test && ls",
        "npm test | tail -5",
        "npm test 2>&1",
        "npm test >/dev/null",
    ),
    *(
        "CI=1 npm test",
        "timeout 60 npm test",
        "cd app && npm test",
        "npm test $x",
        "/usr/bin/npm test",
        "(npm test)",
    ),
    *(
        "npm test; npm test",
        "for x in a b; do npm test; done",
        "x=$(npm test); echo $x",
        "bash -c 'npm test'",
    ),
]
NOT_ALLOWED = [
    *("npm tests", "npm", "npm run test", "npm $x", "npm test && rm x", "npm test; rm x", "npm test & rm x"),
    *(
        "npm test\nrm x",
        "npm test | sh",
        "npm test > out",
        "npm test >> out",
        "npm test $(rm x)",
        "npm test <(rm x)",
    ),
    *("PATH=. npm test", "LD_PRELOAD=x npm test", "NODE_OPTIONS=x npm test", "sudo npm test", "./npm test"),
    *(
        "bin/npm test",
        "env NODE_OPTIONS=x npm test",
        "npm -x test",
        "npm test `rm x`",
        "xargs -I{} npm {}",
        "cd .. && npm test",
    ),
    *(
        "npm test ${x@P}",
        "npm test 'open",
        "npm test > $x",
        "npm test &> out",
        "npm test <> out",
        "PATH=.; npm test",
    ),
]


@pytest.mark.parametrize("line", ALLOWED)
def test_a_rule_that_allows_speaks_of_the_whole_line(line: str) -> None:
    assert speaks_of(allow("npm test"), shell(line), known(line)), parse(line)


@pytest.mark.parametrize("line", NOT_ALLOWED)
def test_s23_a_rule_that_allows_a_part_allows_nothing(line: str) -> None:
    assert not covering([allow("npm test")], shell(line), known(line))


def test_rules_allow_together_what_none_allows_alone() -> None:
    rules = [allow("npm test"), allow("git commit", "git push")]
    line = "npm test && git commit -m x | cat"
    assert covering(rules, shell(line), known(line)) == tuple(rules)
    assert not covering(rules[:1], shell(line), known(line))


def test_outside_of_the_sandbox_each_command_needs_a_rule() -> None:
    line = "npm test | tail"
    assert not covering([allow("npm test")], shell(line), known(line, is_confined=False))
    assert covering([allow("npm test", "tail")], shell(line), known(line, is_confined=False))


@given(shell_lines.lines, shell_lines.shapes)
def test_a_line_is_allowed_only_when_each_command_is(line: str, shape: str) -> None:
    facts = known(line)
    if not covering([allow(shape)], shell(line), facts):
        return
    assert facts.line is not None
    assert facts.line.is_understood
    for command in facts.line.commands:
        begins = " ".join(command.words).startswith(shape) and command.certain >= len(shape.split())
        assert begins or is_harmless(command), (line, command)


def test_a_shape_is_words_and_not_letters() -> None:
    assert allows("git log", Command(words=("git", "log", "-1")))
    assert not allows("git lo", Command(words=("git", "log")))
    assert not allows("", Command(words=("git",)))
    assert not needs_a_rule(Command(words=("ls",)), Facts(kind="execute"))


@pytest.mark.parametrize(
    ("patterns", "path", "allowed", "denied"),
    [
        (("src/**",), "src/a/b.py", True, True),
        (("src/**",), "./src//a.py", True, True),
        (("./src/**",), "src/a.py", True, True),
        (("src/",), "src/a.py", True, True),
        (("src/**",), "src/../a.py", False, False),
        (("src/**",), "a/../src/b.py", True, True),
        (("src/**",), "SRC/a.py", False, True),
        (("src/**",), "../src/a.py", False, True),
        (("src/**",), "/src/a.py", False, True),
        (("*.py",), "a/b.py", True, True),
        (("*.{py,pyi}",), "a/b.pyi", True, True),
        (("**",), "../a", False, True),
        (("**/.env", ".env"), "../.env", False, True),
        (("**/.env",), "/home/me/.ENV", False, True),
        (("[",), "[", False, False),
        ((), "a", True, True),
    ],
)
def test_files_are_those_of_the_globs(
    patterns: tuple[str, ...], path: str, allowed: object, denied: object
) -> None:
    call, facts = ToolCall(id="1", name="edit", arguments={"path": path}), Facts(kind="edit", paths=(path,))
    assert speaks_of(Rule(tool="edit", decision="allow", paths=patterns), call, facts) is allowed
    assert speaks_of(Rule(tool="edit", decision="deny", paths=patterns), call, facts) is denied


def test_all_files_must_be_allowed_and_one_denied_is_enough() -> None:
    call, facts = ToolCall(id="1", name="edit", arguments={}), Facts(kind="edit", paths=("src/a", "etc/a"))
    assert not speaks_of(Rule(tool="edit", decision="allow", paths=("src/**",)), call, facts)
    assert speaks_of(Rule(tool="edit", decision="deny", paths=("src/**",)), call, facts)
    assert not speaks_of(Rule(tool="edit", decision="allow", paths=("**",)), call, Facts(kind="edit"))


def test_a_rule_may_name_commands_and_arguments_at_once() -> None:
    line, other = "make && git status", "make x"
    both = Rule(tool="shell", decision="allow", commands=("make",), arguments=shell(line).arguments)
    assert covering([both], shell(line), known(line)) == (both,)
    assert covering([both], shell(other), known(other)) == ()
