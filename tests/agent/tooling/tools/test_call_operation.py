from collections.abc import Iterator
from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.core.identity import User
from agent.core.messages import ToolCall
from agent.core.policy import Facts, judge
from agent.tooling.openapi import NewService, Services, add_service
from agent.tooling.tools.call_operation import call_operation
from agent.tooling.tools.read_operation import read_operation
from tests.agent.tooling.openapi.conftest import Echo, echoing

TEXT = "openapi: 3.1.0\npaths: { /pets: { get: { operationId: list }, post: { operationId: make } } }"


@pytest.fixture
def echo() -> Iterator[Echo]:
    with echoing() as server:
        yield server


@pytest.fixture
async def services(owner: User, echo: Echo) -> Services:
    await add_service(owner, NewService(name="pets", text=TEXT, server=echo.url))
    return Services(owner, echo.web)


async def test_reading_and_changing_are_two_tools(services: Services, echo: Echo) -> None:
    read = await read_operation.run({"name": "pets:list", "arguments": {}}, services=services)
    assert '"method": "GET"' in read.text
    made = await call_operation.run({"name": "pets:make", "arguments": {}}, services=services)
    assert '"method": "POST"' in made.text
    with pytest.raises(ToolFailed, match="use call_operation"):
        await read_operation.run({"name": "pets:make", "arguments": {}}, services=services)
    with pytest.raises(ToolFailed, match="use read_operation"):
        await call_operation.run({"name": "pets:list", "arguments": {}}, services=services)
    assert [asked["method"] for asked in echo.asked] == ["GET", "POST"]


@pytest.mark.parametrize(
    "arguments", [{}, {"name": "pets:list"}, {"name": 3, "arguments": {}}, {"name": "x", "arguments": 3}]
)
async def test_wrong_arguments_are_told(services: Services, arguments: dict[str, Any]) -> None:
    with pytest.raises(ToolFailed, match=r"`name`|`arguments`"):
        await read_operation.run(arguments, services=services)


def test_what_changes_something_asks_and_what_reads_does_not() -> None:
    decisions = {
        tool.definition.name: judge(
            ToolCall(id="1", name="x", arguments={}), Facts(kind=tool.definition.kind), "ask"
        ).decision
        for tool in (read_operation, call_operation)
    }
    assert decisions == {"read_operation": "allow", "call_operation": "ask"}
    assert (read_operation.definition.effect, call_operation.definition.effect) == ("idempotent", "once")
