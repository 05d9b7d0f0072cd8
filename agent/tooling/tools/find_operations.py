"""Finds operations of a person's services."""

from agent.tooling.declaration import tool
from agent.tooling.openapi import Services


@tool("read", effect="pure", flow=frozenset({"in"}))
async def find_operations(services: Services, query: str, service: str = "") -> str:  # noqa: D417 (not seen)
    """Find operations of the web services that the person has connected, by words.

    The best come with the JSON Schema of their arguments, further ones by name only. Operations that read are
    called with read_operation, all others with call_operation. An empty query lists the services.

    Args:
        query: What shall be done, such as `create an issue`, or an operation's name; empty for an overview.
        service: The name of the one service to look in; empty for all.
    """
    return await services.find(query, service)
