import pytest

from agent import tooling
from agent.core.errors import ToolFailed
from agent.core.messages import ToolCall
from agent.core.policy import Rule
from agent.tooling.tools.exit_plan_mode import exit_plan_mode
from tests.agent.tooling.test_tooling import ADA, in_mode

PLAN = ToolCall(id="c", name="exit_plan_mode", arguments={"plan": "1. Do it"})


async def test_the_agreed_plan_is_told_again() -> None:
    assert "1. Do it" in (await exit_plan_mode.run(PLAN.arguments)).text


async def test_planning_is_begun_outside_of_plan_mode_and_ended_in_it() -> None:
    session, planning = in_mode("ask"), in_mode("plan")
    outside = {tool.name for tool in tooling.definitions(ADA, session)}
    inside = {tool.name for tool in tooling.definitions(ADA, planning)}
    assert outside - inside == {"enter_plan_mode"}
    assert inside - outside == {"exit_plan_mode"}
    with pytest.raises(ToolFailed, match="makes no sense in mode ask"):
        await tooling.execute(ADA, session, "exit_plan_mode", PLAN.arguments)


def test_a_plan_is_always_asked_about_unless_it_cannot_be_one() -> None:
    session, planning = in_mode("ask"), in_mode("plan")
    rules = [Rule(tool="exit_plan_mode", decision="allow")]
    assert tooling.judge(ADA, planning, PLAN, rules).model_dump() == {"decision": "ask", "reason": "plan"}
    empty = PLAN.model_copy(update={"arguments": {"plan": ""}})
    assert tooling.judge(ADA, planning, empty, ()).decision == "allow"
    assert tooling.judge(ADA, session, PLAN, ()).decision == "allow", "it fails with words"
