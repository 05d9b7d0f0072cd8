from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.tooling.tools.todo import todo


def item(content: str, status: str = "pending") -> dict[str, Any]:
    return {"content": content, "status": status}


async def told(*items: Any) -> str:
    return (await todo.run({"items": list(items)})).text


async def refused(*items: Any) -> str:
    with pytest.raises(ToolFailed) as caught:
        await told(*items)
    return str(caught.value)


async def test_the_list_comes_back_with_its_counts() -> None:
    text = await told(item("Read", "done"), item("Write ", "in_progress"), item("Test"), item("Ship"))
    assert text == ("4 items: 1 done, 1 in progress, 2 pending.\n[x] Read\n[>] Write\n[ ] Test\n[ ] Ship")
    assert (await told(item("Read"))).startswith("1 item: 1 pending.")


async def test_an_empty_list_takes_it_away() -> None:
    assert await told() == "The list is empty."


async def test_an_item_stays_one_line() -> None:
    assert (await told(item("a\n[x] b"))).endswith("[ ] a\\n[x] b")


async def test_only_one_item_is_in_progress() -> None:
    words = await refused(item("a", "in_progress"), item("b"), item("c", "in_progress"))
    assert "items 1, 3 are in_progress at once" in words
    assert "was not changed" in words


async def test_an_item_that_says_nothing_is_refused() -> None:
    assert "item 2 is empty" in await refused(item("a"), item(" \n"))


async def test_a_list_has_its_limits() -> None:
    assert await told(*[item("a")] * 50)
    assert "it has 51 items, at most 50" in await refused(*[item("a")] * 51)
    assert await told(item("x" * 500))
    assert "item 1 has 501 characters" in await refused(item("x" * 501))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"content": "a", "status": "started"},
            "`items.0.status` should be 'pending', 'in_progress' or 'done'",
        ),
        ({"content": "a"}, "the argument `items.0.status` is missing"),
        ({"content": "a", "status": "done", "id": 1}, "there is no argument `items.0.id`"),
        ("a", "`items.0`"),
    ],
)
async def test_an_item_in_another_form_is_refused_with_words(wrong: Any, words: str) -> None:
    assert words in await refused(wrong)


def test_the_model_sees_one_plain_list() -> None:
    parameters: Any = todo.definition.parameters
    items = parameters["properties"]["items"]["items"]
    assert parameters["required"] == ["items"]
    assert sorted(items["properties"]) == items["required"] == ["content", "status"]
    assert items["properties"]["status"]["enum"] == ["pending", "in_progress", "done"]
    assert (todo.definition.kind, todo.definition.effect) == ("think", "pure")
