"""Presents a plan; when the person agrees, the work begins."""

from typing import Annotated

from pydantic import Field

from agent.tooling.declaration import tool


@tool("think", effect="idempotent", asks="plan", modes=frozenset({"plan"}))
async def exit_plan_mode(plan: Annotated[str, Field(min_length=1, max_length=20_000)]) -> str:
    """Present your plan to the person; when they agree, you leave plan mode and carry it out.

    Use it when you know what to do, not to ask a question (ask_user does that) and not to report what you
    have found when nothing is to be changed. When they do not agree, you are told why and stay in plan mode.

    Args:
        plan: The plan in Markdown: what will be changed, where, in which order, and how it will be checked.
    """
    return f"The person agreed to the plan. Carry it out now, step by step:\n\n{plan}"
