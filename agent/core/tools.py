"""What a tool is: a declaration the model reads, a kind the rules read, an effect a crash reads."""

from typing import Literal

from pydantic import JsonValue

from agent.core.messages import Value

Kind = Literal["read", "edit", "execute", "fetch", "think", "other"]
Effect = Literal["pure", "idempotent", "once"]
"""`pure` may be repeated and run beside others; `idempotent` may be repeated; `once` never without asking."""


class ToolDefinition(Value):
    """What the model is told of a tool."""

    name: str
    description: str
    parameters: dict[str, JsonValue]
    """JSON Schema of the arguments, always an object."""
    kind: Kind
    effect: Effect
