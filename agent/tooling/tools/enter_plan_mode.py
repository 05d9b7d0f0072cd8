"""Begins to plan: nothing is changed until the person has agreed to the plan."""

from agent.tooling.declaration import ALL_MODES, tool


@tool("think", effect="idempotent", modes=ALL_MODES - {"plan"})
async def enter_plan_mode() -> str:
    """Begin to plan before you change anything.

    Use it for work that touches many files, can be done in ways that differ, or would be hard to take back.
    From then on you can only read and search. When you know what to do, present it with exit_plan_mode.
    """
    return "You are in plan mode: read and search, then present your plan with exit_plan_mode."
