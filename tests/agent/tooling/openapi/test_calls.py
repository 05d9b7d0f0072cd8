import json
from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.core.identity import User
from agent.store.engine import writing
from agent.store.services import OpenapiServiceRow
from agent.tooling.openapi import calls
from agent.tooling.openapi.calls import Services
from agent.tooling.openapi.keeping import (
    NewService,
    OpenapiService,
    ServiceChanges,
    add_service,
    change_service,
)
from tests.agent.tooling.openapi.conftest import EVERYTHING, Echo


async def added(user: User, echo: Echo, name: str = "shop", **more: Any) -> OpenapiService:
    new = {"text": EVERYTHING.read_text("utf-8"), "server": echo.url, **more}
    return await add_service(user, NewService(name=name, **new))


@pytest.fixture
def mine(owner: User, echo: Echo) -> Services:
    return Services(owner, echo.web)


async def refusal(
    mine: Services, name: str, arguments: dict[str, Any] | None = None, *, reads: bool = True
) -> str:
    with pytest.raises(ToolFailed) as told:
        await mine.call(name, arguments or {}, reads=reads)
    return str(told.value)


async def test_the_best_come_with_what_they_take(owner: User, echo: Echo, mine: Services) -> None:
    await added(owner, echo)
    first, called, *_ = (await mine.find("create an item")).splitlines()
    assert first == "shop:createItem  POST /items  Creates an item"
    schema = json.loads(called.removeprefix("  call_operation, arguments: "))
    assert schema["properties"] == {"body": {"$ref": "#/$defs/Item"}}
    assert "read_operation, arguments: {" in await mine.find("show item")


async def test_operations_of_all_services_are_found_or_of_one(
    owner: User, echo: Echo, mine: Services
) -> None:
    await added(owner, echo)
    await added(owner, echo, "books")
    assert {"shop:getItem", "books:getItem"} <= set((await mine.find("item")).split())
    assert "books:" not in await mine.find("item", "shop")
    assert (await mine.find("books:getItem")).startswith("books:getItem  GET")
    with pytest.raises(ToolFailed, match="no service 'shops', only books, shop"):
        await mine.find("item", "shops")


async def test_where_nothing_fits_there_is_an_overview(owner: User, echo: Echo, mine: Services) -> None:
    await added(owner, echo)
    assert await mine.find("") == "shop: Everything, 10 operations\n  about items"
    assert (await mine.find("zzz")).startswith("[No operation fits 'zzz'.]\nshop: Everything")


async def test_without_services_that_is_told(mine: Services) -> None:
    for asking in (mine.find("x"), mine.call("shop:a", {}, reads=True)):
        with pytest.raises(ToolFailed, match="There are no services here"):
            await asking


async def test_an_operation_is_called_with_its_credential(owner: User, echo: Echo, mine: Services) -> None:
    await added(owner, echo, credentials={"key": "key-that-nobody-sees", "user": "ada:password"})
    answer = await mine.call("shop:getItem", {"id": "one", "X-Trace": "abc"}, reads=True)
    assert '"target": "/items/one"' in answer
    assert echo.asked[0]["headers"]["x-key"] == "key-that-nobody-sees"
    assert "nobody" not in answer
    await mine.call("shop:deleteItem", {"id": "one"}, reads=False)
    assert (echo.asked[1]["method"], "x-key" in echo.asked[1]["headers"]) == ("DELETE", False)
    assert "does not match" in await refusal(mine, "shop:getItem", {"id": "9", "X-Trace": "abc"})


async def test_what_changes_something_has_its_own_tool(owner: User, echo: Echo, mine: Services) -> None:
    await added(owner, echo, credentials={"key": "k"})
    assert "use call_operation" in await refusal(mine, "shop:deleteItem", {"id": "a"})
    assert "use read_operation" in await refusal(mine, "shop:getPicture", reads=False)
    assert echo.asked == []


async def test_a_name_that_is_none_is_told_the_near_ones(owner: User, echo: Echo, mine: Services) -> None:
    await added(owner, echo)
    assert "Perhaps shop:getItem" in await refusal(mine, "shop:getItems")
    assert "There is no service 'getItem', only shop" in await refusal(mine, "getItem")
    assert "There is no service" in await refusal(mine, "")
    assert "has no operation ''" in await refusal(mine, "shop:")


async def test_others_and_switched_off_services_are_not_there(
    owner: User, other: User, echo: Echo, mine: Services
) -> None:
    shop = await added(owner, echo)
    with pytest.raises(ToolFailed, match="no services"):
        await Services(other, echo.web).find("item")
    await change_service(owner, shop.id, ServiceChanges(is_enabled=False))
    assert "no services" in await refusal(mine, "shop:getItem")


async def test_a_changed_description_counts_at_once(owner: User, echo: Echo, mine: Services) -> None:
    shop = await added(owner, echo)
    await mine.find("item")
    await change_service(owner, shop.id, ServiceChanges(text='openapi: "3.1.0"\npaths: {/a: {get: {}}}\n'))
    assert "has no operation 'getItem'" in await refusal(mine, "shop:getItem")
    assert (await mine.call("shop:get_a", {}, reads=True)).startswith("200 OK")


async def test_only_so_many_descriptions_stay_in_memory(
    owner: User, echo: Echo, mine: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls._known.clear()
    for name in ("a", "b", "c"):
        await added(owner, echo, name)
    monkeypatch.setattr(calls, "MOST_REMEMBERED", 2)
    await mine.find("item")
    assert len(calls._known) == 2
    monkeypatch.setattr(calls, "MOST_CHARACTERS", 1)
    await mine.find("item")
    assert len(calls._known) == 1


async def test_a_credential_that_cannot_be_opened_is_told(owner: User, echo: Echo, mine: Services) -> None:
    shop = await added(owner, echo, credentials={"key": "key-that-nobody-sees"})
    await writing(
        lambda store: setattr(store.get_one(OpenapiServiceRow, shop.id), "credentials", b"\x01" * 60)
    )
    assert "cannot be opened" in await refusal(mine, "shop:getItem", {"id": "a", "X-Trace": "abc"})


async def test_schemas_that_are_too_long_are_told_in_short(
    owner: User, echo: Echo, mine: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"type": "string", "description": "x" * 900}
    said = [{"name": f"p{number}", "in": "query", "schema": words} for number in range(50)]
    document = {"openapi": "3.0.3", "paths": {"/a": {"get": {"parameters": said}}}}
    await added(owner, echo, text=json.dumps(document))
    assert len(await mine.find("get a", "shop")) < 6000
    monkeypatch.setattr(calls, "LONGEST_SCHEMAS", 1000)
    told = await mine.find("get_a")
    assert '"p49"' in told
    assert "too long to tell" in told
