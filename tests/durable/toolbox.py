"""Tools whose every start and end can be seen from outside."""

import asyncio
import secrets

from agent.tooling.declaration import Tool, tool
from tests.durable.effects import tell
from tests.durable.faults import fail


async def _work(name: str, seconds: float, lingers: float) -> str:
    tell("START", name)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        await asyncio.sleep(lingers)
        tell("STOPPED", name)
        raise
    tell("END", name)
    return f"{name} came to {secrets.token_hex(4)}"


@tool("read", effect="once")
async def effect_once(name: str, seconds: float, lingers: float = 0.0) -> str:
    """Do what may not be done twice.

    Args:
        name: Under which it is written down.
        seconds: How long it takes.
        lingers: Seconds it takes to stop.
    """
    return await _work(name, seconds, lingers)


@tool("read", effect="idempotent")
async def effect_idempotent(name: str, seconds: float, lingers: float = 0.0) -> str:
    """Do what may be done twice.

    Args:
        name: Under which it is written down.
        seconds: How long it takes.
        lingers: Seconds it takes to stop.
    """
    return await _work(name, seconds, lingers)


@tool("read", effect="pure")
async def effect_pure(name: str, seconds: float, lingers: float = 0.0) -> str:
    """Do what changes nothing.

    Args:
        name: Under which it is written down.
        seconds: How long it takes.
        lingers: Seconds it takes to stop.
    """
    return await _work(name, seconds, lingers)


@tool("edit", effect="once")
async def effect_asked(name: str, seconds: float, lingers: float = 0.0) -> str:
    """Do what a person is asked about.

    Args:
        name: Under which it is written down.
        seconds: How long it takes.
        lingers: Seconds it takes to stop.
    """
    return await _work(name, seconds, lingers)


@tool("read", effect="once")
async def goes_wrong(name: str, fault: str) -> str:
    """Go wrong.

    Args:
        name: Under which it is written down.
        fault: In which way.
    """
    tell("START", name)
    try:
        await fail(fault)
    finally:
        tell("STOPPED", name)
    return "It went well."


TOOLS: tuple[Tool, ...] = (effect_once, effect_idempotent, effect_pure, effect_asked, goes_wrong)
