"""The manner of the code, as far as a machine can tell."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from agent.config import Settings

ROOT = Path(__file__).parent.parent
DOORS = ("accounts", "providers", "sessions", "tooling")
BANNED = frozenset(
    [
        "manager",
        "handler",
        "helper",
        "helpers",
        "utils",
        "service",
        "base",
        "common",
        "misc",
        "data",
        "info",
        "process",
    ]
)
LONGEST_FILE, LONGEST_FUNCTION = 500, 60

WITHOUT_A_TEST_OF_THEIR_OWN = {
    "agent/core/errors.py": "names and fields only",
    "agent/core/identity.py": "names and fields only",
    "agent/core/provider.py": "a protocol and its values; the providers' suite runs it",
    "agent/core/tools.py": "names and fields only",
    "agent/sessions/turns/engine.py": "a protocol and its values; the tests of durable.py run it",
    "app/app.py": "names the pages; every browser test begins with it",
}
SUITES = {
    "agent/providers": "one suite runs over every provider",
    "agent/tooling/tools": "one suite runs over every tool",
    "app/components": "seen in the browser, on the pages",
    "app/pages": "seen in the browser",
}
"""Folders whose tests stand together: in the mirrored folder, or in one file named like it."""
NOT_ASKED_BY_A_USER = {
    "whose": "finds out who asks",
    "begin_login": "nobody is known yet",
    "finish_login": "finds out who asks",
    "sign_out": "whoever has the cookie may end it",
    "identify": "finds out who asks",
    "still_known": "finds out who may still ask",
    "local_owner": "makes somebody known",
    "give_back_token": "whoever has it may give it back",
    "close": "the server's own life",
    "is_awake": "the server's own life",
    "wake": "the server's own life",
    "model_name": "reads an id and touches nothing",
    "require": "reads an id and touches nothing",
    "prepare": "the server's own life",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    return tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def public(nodes: list[ast.stmt]) -> Iterator[Function]:
    return (node for node in nodes if isinstance(node, Function) and not node.name.startswith("_"))


def says_something(path: Path) -> bool:
    """Whether there is anything to test: a function or a class."""
    return any(isinstance(node, Function | ast.ClassDef) for node in tree(path).body)


def mirrored(path: Path) -> Path:
    return (ROOT / "tests" / path.relative_to(ROOT)).with_name(f"test_{path.stem}.py")


def is_tested_together(path: Path) -> bool:
    folder = path.parent
    if where(folder) not in SUITES:
        return False
    tests = ROOT / "tests" / where(folder)
    return mirrored(folder).exists() or any(tests.glob("test_*.py"))


def modules() -> list[Path]:
    """Every module but the private ones, which are tested through those who use them."""
    return [path for path in sources("agent", "app") if not re.search(r"/_", where(path))]


def has_its_test(path: Path) -> bool:
    excepted = where(path) in WITHOUT_A_TEST_OF_THEIR_OWN or not says_something(path)
    return excepted or mirrored(path).exists() or is_tested_together(path)


def test_every_module_has_its_test() -> None:
    assert modules()
    assert [where(mirrored(path)) for path in modules() if not has_its_test(path)] == []


def test_what_has_a_test_is_no_exception() -> None:
    tested = [name for name in WITHOUT_A_TEST_OF_THEIR_OWN if mirrored(ROOT / name).exists()]
    assert not tested


def door_functions() -> list[tuple[str, Function]]:
    doors = [ROOT / "agent" / door / "__init__.py" for door in DOORS]
    return [
        (where(door), function) for door in doors if door.exists() for function in public(tree(door).body)
    ]


@pytest.mark.parametrize(
    ("door", "function"),
    [pytest.param(*found, id=f"{found[0]}:{found[1].name}") for found in door_functions()],
)
def test_a_door_takes_the_asking_user_first(door: str, function: Function) -> None:
    if function.name in NOT_ASKED_BY_A_USER:
        return
    arguments = [*function.args.posonlyargs, *function.args.args]
    assert arguments, f"{door}: {function.name} takes nobody"
    assert arguments[0].arg == "user", f"{door}: {function.name} takes {arguments[0].arg} first"


def test_every_exception_of_the_doors_exists() -> None:
    assert NOT_ASKED_BY_A_USER.keys() <= {function.name for _, function in door_functions()}


def core_functions() -> list[tuple[Path, ast.FunctionDef]]:
    paths = [*sources("agent/core"), *sources("agent/loop"), ROOT / "agent" / "loop.py"]
    return [
        (path, node)
        for path in paths
        if path.exists()
        for node in public(tree(path).body)
        if isinstance(node, ast.FunctionDef)
    ]


@pytest.mark.parametrize(
    ("path", "function"),
    [pytest.param(*found, id=f"{where(found[0])}:{found[1].name}") for found in core_functions()],
)
def test_a_pure_public_function_shows_its_use(path: Path, function: ast.FunctionDef) -> None:
    assert ">>>" in (ast.get_docstring(function) or ""), f"{where(path)}: {function.name} has no doctest"


def banned(path: Path) -> set[str]:
    definitions = (node for node in ast.walk(tree(path)) if isinstance(node, Function | ast.ClassDef))
    names = {path.stem, path.parent.name, *(node.name for node in definitions)}
    return BANNED & {name.strip("_").lower() for name in names}


def test_names_say_something() -> None:
    assert {where(path): banned(path) for path in sources("agent", "app") if banned(path)} == {}


def too_long(path: Path) -> dict[str, int]:
    """What of a file cannot be seen whole, and its lines."""
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines())}
    long = {name: count for name, count in lines.items() if count > LONGEST_FILE}
    return long | {node.name: length(node) for node in functions(path) if length(node) > LONGEST_FUNCTION}


def test_files_and_functions_can_be_seen_whole() -> None:
    assert {where(path): too_long(path) for path in sources("agent", "app") if too_long(path)} == {}


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_silent(path: Path) -> bool:
    return bool(tree(path).body) and not ast.get_docstring(tree(path))


def test_a_module_says_what_is_here() -> None:
    assert [where(path) for path in sources("agent", "app") if is_silent(path)] == []


@pytest.mark.parametrize("folder", ["tests", "alembic"])
def test_a_folder_that_would_hide_a_library_is_no_package(folder: str) -> None:
    assert not list((ROOT / folder).rglob("__init__.py"))


@pytest.mark.parametrize(
    "words",
    # In two halves, or this file would be found.
    ["registry.np" + "mjs", "py" + "pi.org", "files.python" + "hosted", "/wo" + "rk/"],
)
def test_no_machine_stands_in_the_tree(words: str) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = ["git", "grep", "--untracked", "--line-number", "--fixed-strings", "-I", words]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1, found.stdout + found.stderr


def test_every_setting_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = {line.removeprefix("# ").partition("=")[0] for line in example.splitlines() if "=" in line}
    missing = {field.upper() for field in Settings.model_fields} - names
    assert not missing


HEAVY = ("reflex", "openai", "anthropic", "google.genai", "textual")


@pytest.mark.parametrize("door", ["agent", *(f"agent.{door}" for door in DOORS)])
def test_the_agent_starts_without_screen_and_vendors(door: str) -> None:
    if not (ROOT / door.replace(".", "/") / "__init__.py").exists():
        pytest.skip(f"there is no {door} yet")
    code = f"import sys, {door}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
