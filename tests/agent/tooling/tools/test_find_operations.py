import pytest

from agent.core.errors import ToolFailed
from agent.core.identity import User
from agent.tooling.openapi import NewService, Services, add_service
from agent.tooling.tools.find_operations import find_operations

TEXT = """
openapi: 3.1.0
servers: [{ url: "https://example.org" }]
paths:
  /pets:
    get: { operationId: listPets, summary: Lists pets }
    post:
      operationId: createPet
      requestBody: { content: { application/json: { schema: { type: object } } } }
"""


async def test_operations_are_found_by_words(owner: User) -> None:
    await add_service(owner, NewService(name="pets", text=TEXT))
    found = (await find_operations.run({"query": "new pet"}, services=Services(owner))).text
    first, _, second = found.partition("\n\n")
    assert first.splitlines()[0] == "pets:createPet  POST /pets"
    assert second.startswith("pets:listPets  GET /pets  Lists pets\n  read_operation, arguments: {")


async def test_without_a_service_that_is_told(owner: User) -> None:
    with pytest.raises(ToolFailed, match="no services here"):
        await find_operations.run({"query": "pets"}, services=Services(owner))


def test_it_may_run_at_any_time() -> None:
    definition = find_operations.definition
    assert (definition.kind, definition.effect, definition.parameters["required"]) == (
        "read",
        "pure",
        ["query"],
    )
