from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import select

from agent.core.errors import Conflict, Invalid, LimitReached, MaestroError, NotFound
from agent.core.identity import User
from agent.store.engine import reading, writing
from agent.store.services import OpenapiServiceRow
from agent.tooling.openapi import keeping
from agent.tooling.openapi.keeping import (
    NewService,
    OpenapiService,
    ServiceChanges,
    add_service,
    change_service,
    remove_service,
    services,
    unsealed,
)
from tests.agent.sessions.talk import sqlite_only
from tests.agent.tooling.openapi.conftest import EVERYTHING, Echo

TEXT = EVERYTHING.read_text("utf-8")
SMALL = 'openapi: "3.1.0"\npaths: {/a: {get: {}}}\n'


async def added(user: User, name: str = "shop", text: str = TEXT, **more: Any) -> OpenapiService:
    return await add_service(user, NewService(name=name, text=text, **more))


async def row(service: OpenapiService) -> OpenapiServiceRow:
    return await reading(lambda store: store.get_one(OpenapiServiceRow, service.id))


async def refusal(user: User, **new: Any) -> MaestroError:
    with pytest.raises((Invalid, LimitReached, Conflict)) as told:
        await add_service(user, NewService(**{"name": "shop", "text": TEXT, **new}))
    return told.value


async def test_a_service_is_listed_as_it_was_added(owner: User) -> None:
    shop = await added(owner)
    assert (shop.title, shop.operations, shop.left_out) == ("Everything", 10, ())
    assert (shop.server, shop.servers) == ("https://eu.example.org/v1", ("https://eu.example.org/v1",))
    assert {name: offer.kind for name, offer in shop.schemes.items()}["user"] == "basic"
    assert (shop.has_credentials, shop.hint, shop.is_enabled) == (False, "", True)
    await added(owner, "books")
    assert [service.name for service in await services(owner)] == ["books", "shop"]
    assert (await services(owner))[1] == shop


async def test_nobody_sees_the_services_of_others(owner: User, other: User) -> None:
    shop = await added(owner, credentials={"key": "key-of-the-owner"})
    assert await services(other) == []
    for attempt in (
        lambda: change_service(other, shop.id, ServiceChanges(is_enabled=False)),
        lambda: remove_service(other, shop.id),
        lambda: remove_service(owner, "no-id"),
        lambda: remove_service(owner, "' OR 1=1"),
        lambda: remove_service(owner, shop.id[:-1] + ("0" if shop.id[-1] != "0" else "1")),
    ):
        with pytest.raises(NotFound):
            await attempt()
    assert (await added(other)).name == "shop"
    assert (await services(owner))[0] == shop


async def test_credentials_are_sealed_and_shown_to_nobody(owner: User) -> None:
    shop = await added(owner, credentials={"key": " key-that-nobody-sees\n", "user": "ada:pä ss"})
    assert (shop.has_credentials, shop.hint) == (True, "sees")
    kept = await row(shop)
    assert kept.credentials is not None
    assert b"nobody" not in kept.credentials
    assert unsealed(kept) == {"key": "key-that-nobody-sees", "user": "ada:pä ss"}
    assert "nobody" not in shop.model_dump_json() + repr(NewService(name="a", credentials={"key": "nobody"}))


@sqlite_only
@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"text": ""}, "service_source"),
        ({"url": "https://example.org"}, "service_source"),
        ({"text": "x"}, "service_unreadable"),
        ({"text": SMALL}, "service_server_missing"),
        ({"text": SMALL, "server": "example.org"}, "service_server_missing"),
        ({"server": "ftp://example.org"}, "service_server"),
        ({"server": "https://me:key@example.org"}, "service_server"),
        ({"server": "https://example.org/?a=b"}, "service_server"),
        ({"server": "https://example.org/a/../b"}, "service_server"),
        ({"server": "https://{else}.example.org"}, "service_server"),
        ({"variables": {"place": "mars"}}, "service_variable"),
        ({"variables": {"planet": "mars"}}, "service_variable"),
        ({"credentials": {"nothing": "x"}}, "service_scheme"),
        ({"credentials": {"key": "two words"}}, "service_credential"),
        ({"credentials": {"key": "a\r\nb"}}, "service_credential"),
        ({"credentials": {"user": "no colon"}}, "service_credential"),
        ({"credentials": {"user": "a:b\nc"}}, "service_credential"),
        ({"server": "http://example.org", "credentials": {"key": "k"}}, "service_not_private"),
    ],
)
async def test_what_does_not_fit_is_refused(owner: User, new: dict[str, Any], code: str) -> None:
    assert (await refusal(owner, **new)).code == code
    assert await services(owner) == []


@pytest.mark.parametrize("name", ["", "Shop", "a:b", "-a", "x" * 41, "a b", "ä"])
def test_a_name_is_one_that_a_model_can_write(name: str) -> None:
    with pytest.raises(ValidationError):
        NewService(name=name)


@pytest.mark.parametrize(
    ("new", "server"),
    [
        ({}, "https://eu.example.org/v1"),
        ({"variables": {"place": "us"}}, "https://us.example.org/v1"),
        (
            {"server": "https://{place}.example.org/v1", "variables": {"place": "us"}},
            "https://us.example.org/v1",
        ),
        ({"server": "https://{place}.test.org/"}, "https://eu.test.org"),
        ({"server": "http://127.0.0.1:4000/messages"}, "http://127.0.0.1:4000/messages"),
    ],
)
async def test_a_server_is_chosen_and_its_gaps_filled(owner: User, new: dict[str, Any], server: str) -> None:
    assert (await added(owner, **new)).server == server


async def test_a_description_may_be_fetched_and_fetched_again(owner: User, echo: Echo) -> None:
    echo.answers["/docs/api.yaml"] = 200, {}, SMALL.encode()
    url = f"{echo.url}/docs/api.yaml"
    shop = await add_service(owner, NewService(name="shop", url=url), echo.web)
    assert (shop.server, shop.operations) == (echo.url, 1)
    echo.answers["/docs/api.yaml"] = 200, {}, TEXT.encode()
    again = await change_service(owner, shop.id, ServiceChanges(is_fetched=True), echo.web)
    assert (again.server, again.operations, again.url) == (echo.url, 10, url)
    assert again.fetched_at > shop.fetched_at
    echo.answers["/docs/api.yaml"] = 500, {}, b""
    with pytest.raises(Invalid, match="service_unreachable"):
        await change_service(owner, shop.id, ServiceChanges(is_fetched=True), echo.web)
    assert await services(owner) == [again]


async def test_what_is_changed_is_changed_and_the_rest_stays(owner: User) -> None:
    shop = await added(owner, credentials={"key": "key-that-nobody-sees"})
    changed = await change_service(owner, shop.id, ServiceChanges(name="store", is_enabled=False))
    assert changed == shop.model_copy(update={"name": "store", "is_enabled": False})
    newer = await change_service(owner, shop.id, ServiceChanges(text=SMALL))
    assert (newer.operations, newer.server, newer.has_credentials) == (1, shop.server, True)
    forgotten = await change_service(owner, shop.id, ServiceChanges(credentials={}))
    assert (forgotten.has_credentials, forgotten.hint) == (False, "")
    with pytest.raises(Invalid, match="service_source"):
        await change_service(owner, shop.id, ServiceChanges(is_fetched=True))


async def test_credentials_stay_with_their_server(owner: User) -> None:
    shop = await added(owner, credentials={"key": "key-that-nobody-sees"})
    same = await change_service(owner, shop.id, ServiceChanges(server="https://eu.example.org/v2"))
    assert same.has_credentials
    moved = await change_service(owner, shop.id, ServiceChanges(server="https://other.example.org"))
    assert not moved.has_credentials
    changes = ServiceChanges(server="https://third.example.org", credentials={"key": "another-key-for-it"})
    assert unsealed(await row(await change_service(owner, shop.id, changes))) == {"key": "another-key-for-it"}


async def test_a_name_is_taken_once(owner: User) -> None:
    await added(owner)
    books = await added(owner, "books")
    assert (await refusal(owner)).code == "service_exists"
    with pytest.raises(Conflict):
        await change_service(owner, books.id, ServiceChanges(name="shop"))


async def test_there_are_bounds(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_SERVICES", 1)
    monkeypatch.setattr(keeping, "MOST_KEPT", 100)
    assert (await refusal(owner)).code == "service_too_large"
    monkeypatch.setattr(keeping, "MOST_KEPT", 100_000)
    await added(owner)
    assert (await refusal(owner, name="more")).code == "services_full"


async def test_a_removed_service_is_gone_with_its_credentials(owner: User) -> None:
    shop = await added(owner, credentials={"key": "key-that-nobody-sees"})
    await remove_service(owner, shop.id)
    assert await reading(lambda store: store.exec(select(OpenapiServiceRow)).all()) == []
    with pytest.raises(NotFound):
        await remove_service(owner, shop.id)


async def test_a_credential_in_another_row_does_not_open(owner: User, other: User) -> None:
    mine = await added(owner, credentials={"key": "key-that-nobody-sees"})
    theirs = await added(other)
    stolen = (await row(mine)).credentials
    await writing(lambda store: setattr(store.get_one(OpenapiServiceRow, theirs.id), "credentials", stolen))
    with pytest.raises(MaestroError, match="sealed_damaged"):
        unsealed(await row(theirs))
