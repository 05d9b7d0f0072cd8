from typing import Any

from agent.core.todos import Todo, latest
from agent.core.transcript import Row, RowStatus


def listed(*contents: str, status: RowStatus = "ok", title: str = "todo", **more: Any) -> Row:
    items = [{"content": content, "status": "pending"} for content in contents]
    return Row(
        id="-".join(contents), kind="tool", title=title, status=status, values={"items": items, **more}
    )


def todos(*contents: str) -> tuple[Todo, ...]:
    return tuple(Todo(content=content, status="pending") for content in contents)


def test_there_is_no_list_at_first() -> None:
    assert latest([]) == latest([Row(id="1", kind="text", text="Hi")]) == ()


def test_the_newest_accepted_list_holds() -> None:
    rows = [listed("a"), listed("a", "b"), listed("c", status="failed"), listed("d", title="grep")]
    assert latest(rows) == todos("a", "b")


def test_an_empty_list_takes_the_list_away() -> None:
    assert latest([listed("a"), listed()]) == ()


def test_what_is_no_list_is_none() -> None:
    assert latest([listed("a", colour="red")]) == ()
