"""Every code has its sentence, and every sentence the values it names."""

import ast
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from agent.core import errors
from agent.core.errors import MaestroError, ProviderErrorKind
from agent.core.events import TurnStop
from agent.core.policy import Mode
from agent.core.transcript import UNTOLD, RowStatus
from agent.tooling.registry import registry
from app import words

ROOT = Path(__file__).parent.parent.parent
TOLD = {
    name
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, MaestroError)
}
ALWAYS_THERE = {"model", "message", "reference", "what", "wait", "trouble"}
"""Values that a sentence finds in any case."""


def calls(*folders: str) -> list[tuple[str, ast.Call]]:
    """All calls in these folders, with the name of what is called."""
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [call for file in files for call in calls_of(file)]


@cache
def calls_of(file: Path) -> list[tuple[str, ast.Call]]:
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return [(called(node.func), node) for node in nodes if isinstance(node, ast.Call)]


def called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((found.value for found in call.keywords if found.arg == name), None)


def raised(*folders: str) -> Iterator[tuple[str, set[str]]]:
    """The codes that are raised there, each with the names of its values."""
    for name, call in calls(*folders):
        if name in TOLD and call.args and (code := text(call.args[0])):
            yield code, {found.arg or "" for found in call.keywords}


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_there_is_something_to_find() -> None:
    assert {"session", "key_missing", "foreign_host"} <= {code for code, _ in raised("agent", "app")}


@pytest.mark.parametrize(("code", "values"), sorted(raised("agent", "app"), key=lambda found: found[0]))
def test_every_error_has_its_sentence_and_all_values(code: str, values: set[str]) -> None:
    assert code in words.ERRORS
    assert gaps(words.ERRORS[code]) <= values | ALWAYS_THERE


def turn_errors() -> set[str]:
    """The codes with which a turn may end."""
    of_models = {code for code, _ in raised("agent/providers")}
    of_crashes = {
        text(call.args[1]) for name, call in calls("agent") if name == "mend" and len(call.args) > 1
    }
    given_up = {text(call.args[0]) for name, call in calls("agent") if name == "_close" and call.args}
    steps = {text(keyword(call, "code")) for name, call in calls("agent") if name == "StepFailed"}
    said = {text(keyword(call, "error")) for name, call in calls("agent") if name == "TurnFinished"}
    return (of_models | of_crashes | given_up | steps | said | set(get_args(ProviderErrorKind))) - {""}


def test_the_ends_of_turns_are_found() -> None:
    assert {"internal", "restart", "cut", "key_missing"} <= turn_errors()


@pytest.mark.parametrize("code", sorted(turn_errors()))
def test_every_end_of_a_turn_has_its_sentence(code: str) -> None:
    assert code in words.TURN_ERRORS.keys() | words.ERRORS.keys()


def test_every_notice_has_its_sentence() -> None:
    told = {text(keyword(call, "code")) for name, call in calls("agent") if name == "Noticed"} - {""}
    stops = set(get_args(TurnStop)) - {"end_turn", "error"}
    assert UNTOLD | {"restart"} <= told
    assert (told - UNTOLD) | stops | {"model_switched", "went_back", "taken_back"} <= words.NOTICES.keys()


def test_every_reason_to_ask_has_its_words() -> None:
    judged = [call for name, call in calls("agent") if name == "Judgement"]
    reasons = {
        text(keyword(call, "reason"))
        for call in judged
        if text(keyword(call, "decision")) not in {"allow", "deny"}
    }
    assert reasons - {"", "decided"} <= words.REASONS.keys()  # what was decided before asks nobody again


def test_every_tool_status_and_mode_has_its_word() -> None:
    assert set(get_args(RowStatus)) - {"done", "live"} == words.STATUS.keys() | words.WAITS.keys()
    assert set(get_args(Mode)) == words.MODES.keys() == words.MODE_HINTS.keys()


def test_every_tool_has_its_verbs() -> None:
    kinds = {name: tool.definition.kind for name, tool in registry().items()}
    assert kinds.keys() <= words.VERBS.keys()
    assert {name for name, kind in kinds.items() if kind not in {"read", "think"}} <= words.ASKS.keys()


@pytest.mark.parametrize("code", sorted(words.TURN_ERRORS))
def test_a_sentence_about_a_turn_is_whole_with_the_loops_values(code: str) -> None:
    values = {"model": "openai:gpt", "retry_after": None, "message": "no", "setting": "OPENAI_API_KEY"}
    sentence = words.notice_sentence("error", code, values)
    assert "…" not in sentence.replace("=…", "")
    assert "{" not in sentence
    assert sentence.endswith((".", "no", "?"))


def test_a_pause_is_told_in_seconds_and_a_provider_by_its_name() -> None:
    sentence = words.notice_sentence("error", "rate", {"model": "anthropic:x", "retry_after": 21.6})
    assert sentence.startswith("Anthropic asks for a pause of 22 s.")


def test_an_unknown_code_has_a_sentence_with_a_reference() -> None:
    assert "never_heard_of" in words.error_sentence(MaestroError("never_heard_of"))
    assert "ab12" in words.notice_sentence("error", "never_heard_of", {"reference": "ab12"})


def test_the_braces_of_a_value_are_left_alone() -> None:
    error = MaestroError("bad_arguments", what="{oops} {0}")
    assert "{oops} {0}" in words.error_sentence(error)
