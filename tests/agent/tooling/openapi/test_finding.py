import time

import pytest

from agent.tooling.openapi.description import Operation
from agent.tooling.openapi.finding import Index, words


def made(name: str, method: str, path: str, summary: str = "", *tags: str) -> Operation:
    return Operation(name=name, method=method, path=path, summary=summary, tags=tags)


SHOP = Index(
    [
        made("listPets", "get", "/pets", "List all pets", "pets"),
        made("createPet", "post", "/pets", "Create a pet", "pets"),
        made("showPetById", "get", "/pets/{petId}", "Info for a specific pet", "pets"),
        made("deletePet", "delete", "/pets/{petId}", "", "pets"),
        made("uploadPetPicture", "post", "/pets/{petId}/picture", "Upload a picture of a pet", "pets"),
        made("orders/list", "get", "/orders", "Orders of a customer", "orders"),
        made("orders/cancel", "delete", "/orders/{id}", "Takes an order back", "orders"),
        made("get_inventories", "get", "/inventories", "", "stock"),
    ]
)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("list pets", "listPets"),
        ("add a new pet", "createPet"),
        ("remove pet", "deletePet"),
        ("pictures", "uploadPetPicture"),
        ("CANCEL the ORDER", "orders/cancel"),
        ("inventory", "get_inventories"),
        ("orders/list", "orders/list"),
        ("show_pet_by_id", "showPetById"),
        ("inven", "get_inventories"),
    ],
)
def test_words_find_the_operation_that_is_meant(prompt: str, name: str) -> None:
    assert SHOP.find(prompt)[0][1].name == name


@pytest.mark.parametrize("prompt", ["", "the of a", "zzz", "\0", "?!"])
def test_what_fits_nothing_finds_nothing(prompt: str) -> None:
    assert SHOP.find(prompt) == []


def test_names_fall_into_words() -> None:
    assert words("getHTTPStatus_of-v2Users") == ["get", "http", "statu", "v", "2", "user"]
    assert words("größen") == ["gr", "öß", "en"]


def test_a_thousand_operations_are_searched_at_once() -> None:
    index = Index(made(f"op{n}", "get", f"/a/{n}", f"Shows number {n}") for n in range(5_000))
    began = time.monotonic()
    assert index.find("show number 4321")[0][1].name == "op4321"
    assert time.monotonic() - began < 1
