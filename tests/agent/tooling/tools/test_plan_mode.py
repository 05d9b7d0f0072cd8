import pytest

from agent import tooling
from agent.core.errors import ToolFailed
from agent.core.identity import User
from agent.core.messages import ToolCall
from agent.tooling.tools.exit_plan_mode import exit_plan_mode
from tests.agent.sessions.talk import sqlite_only
from tests.agent.tooling.test_tooling import in_mode

PLAN = ToolCall(id="c", name="exit_plan_mode", arguments={"plan": "1. Do it"})


async def test_the_agreed_plan_is_told_again() -> None:
    assert "1. Do it" in (await exit_plan_mode.run(PLAN.arguments)).text


@sqlite_only
async def test_planning_is_begun_outside_of_plan_mode_and_ended_in_it(owner: User) -> None:
    session, planning = in_mode(owner, "ask"), in_mode(owner, "plan")
    outside = {tool.name for tool in await tooling.definitions(owner, session)}
    inside = {tool.name for tool in await tooling.definitions(owner, planning)}
    assert outside - inside == {"enter_plan_mode"}
    assert inside - outside == {"exit_plan_mode"}
    with pytest.raises(ToolFailed, match="makes no sense in mode ask"):
        await tooling.execute(owner, session, "exit_plan_mode", PLAN.arguments)


@sqlite_only
async def test_a_plan_is_always_asked_about_unless_it_cannot_be_one(owner: User) -> None:
    session, planning = in_mode(owner, "ask"), in_mode(owner, "plan")
    await tooling.add_rule(owner, tooling.NewRule(tool="exit_plan_mode", decision="allow"))
    weighed = await tooling.judge(owner, planning, PLAN)
    assert (weighed.judgement.decision, weighed.judgement.reason) == ("ask", "plan")
    assert not weighed.offers
    empty = PLAN.model_copy(update={"arguments": {"plan": ""}})
    assert (await tooling.judge(owner, planning, empty)).judgement.decision == "allow"
    fails = await tooling.judge(owner, session, PLAN)
    assert fails.judgement.decision == "allow", "it fails with words"
