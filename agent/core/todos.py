"""The list of what is to be done: the arguments of the newest `todo` call that was accepted."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from agent.core.messages import Value
from agent.core.transcript import Row

TOOL = "todo"
"""The tool's name."""

Status = Literal["pending", "in_progress", "done"]


class Todo(Value):
    """One thing to be done."""

    content: Annotated[str, Field(description="What is to be done, in one line.")]
    status: Annotated[Status, Field(description="How far it is.")]


class TodoList(Value):
    """The whole list, as the tool takes it."""

    items: tuple[Todo, ...]


def latest(rows: Sequence[Row]) -> tuple[Todo, ...]:
    """The list as it stands; empty when there is none.

    Args:
        rows: of a session's transcript, in which calls stand in their order.

    >>> said = {"items": [{"content": "Test it", "status": "pending"}]}
    >>> latest([Row(id="1", kind="tool", title="todo", status="ok", values=said)])
    (Todo(content='Test it', status='pending'),)
    """
    found = (row for row in reversed(rows) if row.title == TOOL and row.kind == "tool" and row.status == "ok")
    newest = next(found, None)
    try:
        return TodoList.model_validate(newest.values).items if newest else ()
    except ValidationError:
        return ()
