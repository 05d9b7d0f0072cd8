import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.messages import ToolCall
from agent.core.offers import Offer, offers
from agent.core.policy import Mode, judge, passes
from agent.core.rules import Facts, Rule
from agent.core.shell import is_harmless
from tests.agent.core import shell_lines, strategies
from tests.agent.core.shell_lines import known, shell

paths = st.sampled_from(["a.py", "src/a.py", "src/b/c.py", "docs/[x]/a", "docs/x/a", "../a", "/etc/a"])


def shapes(line: str, mode: Mode = "ask", **facts: bool) -> dict[str, tuple[str, ...]]:
    return {offer.shape: offer.rule.commands for offer in offers(shell(line), known(line, **facts), mode)}


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("git commit -m 'x'", ("git commit",)),
        ("npm run build -- --fast", ("npm run build",)),
        ("npm test && git commit -m x | tail", ("npm test", "git commit")),
        ("uv run pytest -q", ("uv run pytest",)),
        ("pytest -q tests", ("pytest",)),
        ("./deploy.sh prod", ("./deploy.sh",)),
        ("timeout 60 cargo test", ("cargo test",)),
        ("mkdir -p a && touch a/b", ("mkdir", "touch")),
    ],
)
def test_what_begins_alike_may_be_allowed_at_once(line: str, commands: tuple[str, ...]) -> None:
    assert shapes(line) == {"exact": (), "command": commands}


@pytest.mark.parametrize(
    "line",
    [
        *(
            "python a.py",
            "python3.11 a.py",
            "bash a.sh",
            "sudo git commit",
            "rm a",
            "npm test > out",
            "$x a",
            "npx a",
            "source a",
            ". a",
            "trap 'make a' EXIT",
            "sqlite3 a.db",
            "git rebase -x 'make a' main",
            "git submodule foreach make",
            "tmux new make",
        ),
        *(
            "A=b npm test",
            "uv run python a.py",
            "npm exec a",
            "git",
            "git -c a=b commit",
            "npm $x",
        ),
        *(
            "npm test && rm a",
            "curl example.com",
            "xargs rm",
            "find . -delete",
            "git config a b",
            "echo 'open",
            "a\rb",
        ),
    ],
)
def test_what_says_nothing_about_the_next_is_allowed_by_itself(line: str) -> None:
    assert [*shapes(line)] == ["exact"]


def test_outside_of_the_sandbox_the_harmless_are_named_too() -> None:
    assert shapes("npm test | tail", is_confined=False)["command"] == ("npm test", "tail")


def test_what_no_rule_takes_away_is_offered_none() -> None:
    call = shell("npm test")
    assert not offers(call, known("npm test", sends_out=True, is_tainted=True), "ask")
    assert not offers(call, known("npm test", asks="question"), "ask")
    assert not offers(call, known("npm test"), "plan")
    assert not offers(call, known("npm test"), "ask", [Rule(tool="shell", decision="deny")])
    assert not offers(call, known("npm test"), "ask", [Rule(tool="shell", decision="ask", commands=("npm",))])


def test_a_file_at_the_top_or_outside_has_no_folder() -> None:
    for path in ("a.py", "../x/a.py", "/etc/passwd", "{a,b}/c"):
        call, facts = (
            ToolCall(id="1", name="edit", arguments={"path": path}),
            Facts(kind="edit", paths=(path,)),
        )
        assert [offer.shape for offer in offers(call, facts, "ask")] == ["exact", "tool"], path


def is_said(offer: Offer, call: ToolCall, facts: Facts) -> bool:
    """Whether a call is what an offered rule speaks of, told without the code of the rules."""
    rule = offer.rule
    if call.name != rule.tool:
        return False
    if offer.shape == "exact":
        return rule.arguments == call.arguments
    if offer.shape == "folder":
        folders = [glob.removesuffix("**").replace("\\", "") for glob in rule.paths]
        return all(any(path.startswith(folder) for folder in folders) for path in facts.paths)
    if offer.shape == "command":
        commands = facts.line.commands if facts.line else ()
        return all(
            is_harmless(each) or any(" ".join(each.words).startswith(shape) for shape in rule.commands)
            for each in commands
        )
    return True


@given(shell_lines.lines, shell_lines.lines, strategies.modes)
def test_s23_an_always_for_a_line_never_asks_again_and_lets_nothing_else_pass(
    line: str, other: str, mode: Mode
) -> None:
    for offer in offers(shell(line), known(line), mode):
        assert passes(offer.rule, shell(line), known(line), mode)
        call, facts = shell(other), known(other)
        before, after = judge(call, facts, mode), judge(call, facts, mode, [offer.rule])
        if not is_said(offer, call, facts):
            assert before == after, (offer, other)


@given(paths, paths, st.sampled_from(["edit", "write_file"]), strategies.modes)
def test_an_always_for_a_file_never_asks_again_and_lets_nothing_else_pass(
    path: str, other: str, name: str, mode: Mode
) -> None:
    call, facts = ToolCall(id="1", name="edit", arguments={"path": path}), Facts(kind="edit", paths=(path,))
    for offer in offers(call, facts, mode):
        assert judge(call, facts, mode, [offer.rule]).decision == "allow"
        next_call = ToolCall(id="2", name=name, arguments={"path": other})
        next_facts = Facts(kind="edit", paths=(other,))
        if not is_said(offer, next_call, next_facts):
            assert judge(next_call, next_facts, mode) == judge(next_call, next_facts, mode, [offer.rule])
