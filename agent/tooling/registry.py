"""The tools there are, and what each is known for."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from agent.config import settings
from agent.core.taint import Intake
from agent.core.tools import Effect, Kind
from agent.tooling import judging, tools
from agent.tooling.declaration import Tool


def kinds() -> Mapping[str, Kind]:
    """The kind of each tool, by name."""
    return {name: tool.definition.kind for name, tool in registry().items()}


@cache
def registry() -> dict[str, Tool]:
    """Every tool of the drop-in folder: each file's function of the file's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(tools.__path__))
    found = ((name, importlib.import_module(f"{tools.__name__}.{name}")) for name in names if name[0] != "_")
    return {name: getattr(module, name) for name, module in found}


def brings(name: str) -> Intake:
    """What the results of a tool bring into a session.

    >>> sorted(brings("web_fetch")), sorted(brings("read_file")), sorted(brings("call_operation"))
    (['stranger'], ['private'], ['private', 'stranger'])
    """
    tool = registry().get(name)
    if tool is None:
        return frozenset()
    runs = tool.definition.kind == "execute"
    is_private = "key" in tool.flow or (not tool.flow and tool.definition.kind in {"read", "edit", "execute"})
    is_strange = "in" in tool.flow or (runs and bool(settings().sandbox_hosts))
    strange: Intake = frozenset({"stranger"}) if is_strange else frozenset()
    private: Intake = frozenset({"private"}) if is_private else frozenset()
    return strange | private


def definition_hash(name: str) -> str:
    """The hash of what a tool is said to be; empty for one that is not there."""
    tool = registry().get(name)
    return judging.definition_hash(tool) if tool else ""


def effect(name: str) -> Effect:
    """What a crash must know of a tool; an unknown one does nothing.

    >>> effect("edit"), effect("read_file")
    ('once', 'pure')
    """
    tool = registry().get(name)
    return tool.definition.effect if tool else "pure"
