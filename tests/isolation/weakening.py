"""Ownership checks, found in the source and taken away one at a time: what notices is worth something."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

ROOT = Path(__file__).parent.parent.parent
OWNERS = frozenset({"user_id", "owner", "owner_id", "anonymous_session_id"})
"""Names of what says whose a thing is."""
BELONGS = "belongs_to"
"""The method that asks it."""
FOLDERS = (
    "agent/core",
    "agent/accounts",
    "agent/sessions",
    "agent/tooling",
    "agent/providers",
    "agent/store",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comparison = ast.Compare | ast.Call


@dataclass(frozen=True)
class Check:
    """A comparison of an owner with who asks."""

    file: str
    inside: str
    """The function it stands in, or the name that is assigned."""
    number: int
    """Among those of the same function."""
    source: str

    @property
    def name(self) -> str:
        return f"{self.file}::{self.inside}#{self.number}"


@cache
def checks() -> dict[str, Check]:
    """All ownership checks of the contexts, by name."""
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))
    found = (check for path in paths for check in _checks_of(path))
    return {check.name: check for check in found}


def _checks_of(path: Path) -> Iterator[Check]:
    file = path.relative_to(ROOT).as_posix()
    for inside, node in _outermost(ast.parse(path.read_text("utf-8"))):
        for number, compared in enumerate(_found_in(node)):
            yield Check(file, inside, number, ast.unparse(compared))


def _outermost(module: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The functions, methods and assignments of a module, by name."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, Function)
            )
        elif isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node


def _found_in(node: ast.AST) -> list[Comparison]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Compare | ast.Call) and _is_check(each)]


def _is_check(compared: Comparison) -> bool:
    """Whether an owner is compared with somebody, and not two columns of a join with each other."""
    if isinstance(compared, ast.Call):
        return isinstance(compared.func, ast.Attribute) and compared.func.attr == BELONGS
    sides = [compared.left, *compared.comparators]
    is_equality = all(isinstance(sign, ast.Eq | ast.NotEq) for sign in compared.ops)
    says_whose = any(_is_owner(side) or _is_asker(side) for side in sides)
    return is_equality and says_whose and not all(map(_is_column, sides))


def _is_asker(side: ast.expr) -> bool:
    """Whether it is the id of who asks: `user.id`, `user_id`, `bindparam("user_id")`."""
    if isinstance(side, ast.Call):
        return any(isinstance(word, ast.Constant) and word.value in OWNERS for word in side.args)
    if isinstance(side, ast.Attribute):
        return side.attr == "id" and ast.unparse(side.value).split(".")[-1] == "user"
    return isinstance(side, ast.Name) and side.id in OWNERS


def _is_owner(side: ast.expr) -> bool:
    """Whether it is the owner of a thing: `row.user_id`, `col(Row.owner)`."""
    side = side.args[0] if isinstance(side, ast.Call) and side.args else side
    return isinstance(side, ast.Attribute) and side.attr in OWNERS


def _is_column(side: ast.expr) -> bool:
    side = side.args[0] if isinstance(side, ast.Call) and side.args else side
    if not isinstance(side, ast.Attribute):
        return False
    of = ast.unparse(side.value)
    return of.endswith(("Row", ".c", "table"))


class _Indifferent(ast.NodeTransformer):
    """Compares an owner with itself: always equal, in Python and in SQL."""

    def __init__(self, compared: Comparison) -> None:
        self._compared = compared

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Constant(value=True) if node is self._compared else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if node is not self._compared:
            return self.generic_visit(node)
        owner = next(side for side in (node.left, *node.comparators) if not _is_asker(side))
        return ast.Compare(owner, node.ops, [owner])


_undo: list[Callable[[], None]] = []


def weaken(name: str) -> None:
    """Take one check away in this process."""
    check = checks()[name]
    source = (ROOT / check.file).read_text("utf-8")
    tree = ast.parse(source)
    node = dict(_outermost(tree))[check.inside]
    compared = _found_in(node)[check.number]
    changed = ast.fix_missing_locations(_Indifferent(compared).visit(node))
    module = import_module(check.file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if isinstance(changed, ast.Assign | ast.AnnAssign):
        _assign(module.__dict__, check.inside, changed)
    else:
        _replace(_function(module, check.inside), _code(tree, check))


def heal() -> None:
    """Put back what was taken away."""
    while _undo:
        _undo.pop()()


def _assign(names: dict[str, Any], name: str, changed: ast.stmt) -> None:
    before = names[name]
    _undo.append(lambda: names.update({name: before}))
    exec(compile(ast.Module([changed], []), "weakened", "exec"), names)  # noqa: S102  our own source


def _function(module: Any, inside: str) -> FunctionType:
    found = module
    for part in inside.split("."):
        found = getattr(found, part)
    found = inspect.unwrap(found)
    assert isinstance(found, FunctionType)
    return found


def _code(tree: ast.Module, check: Check) -> CodeType:
    """The compiled function with its check taken away."""
    whole = compile(tree, str(ROOT / check.file), "exec")
    found = (code for code in _nested(whole) if code.co_qualname == check.inside)
    return next(found)


def _nested(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _nested(each)


def _replace(function: FunctionType, code: CodeType) -> None:
    before = function.__code__
    _undo.append(lambda: setattr(function, "__code__", before))
    function.__code__ = code


if __name__ == "__main__":
    for found in checks().values():
        sys.stdout.write(f"{found.name}  {found.source}\n")
