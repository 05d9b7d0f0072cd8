from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers

from agent.config import Settings
from app.visits import Visits, is_page, is_visit
from tests.app.serving import VISIT


def scope(path: str = "/", **changed: object) -> dict[str, object]:
    return {"type": "http", "method": "GET", "path": path, "place": "127.0.0.1", **changed}


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/", True),
        ("/s/42", True),
        ("/device", True),
        ("/nowhere", True),
        ("/maestro.css", False),
        ("/assets/page-1a.js", False),
        ("/api/v1/me", False),
        ("/_event/", False),
    ],
)
def test_a_page_has_an_address_without_a_suffix(path: str, *, is_one: bool) -> None:
    assert is_page(path) is is_one


def changes() -> Iterator[tuple[dict[str, object], dict[str, str]]]:
    yield {"method": "POST"}, {}
    yield {"method": "HEAD"}, {}
    yield {"type": "websocket"}, {}
    yield {"path": "/maestro.css"}, {}
    yield {}, {"sec-fetch-mode": "cors"}
    yield {}, {"sec-fetch-dest": "iframe"}


@pytest.mark.parametrize(("changed", "headers"), [*changes()])
def test_a_visit_is_a_browser_that_opens_a_page(changed: dict[str, object], headers: dict[str, str]) -> None:
    assert is_visit(scope(), Headers(VISIT))
    assert not is_visit(scope(**changed), Headers(VISIT | headers))


async def test_without_an_owner_nobody_is_signed_in_by_a_visit() -> None:
    visits = Visits(Settings(maestro_auth="oidc"), "key")
    assert await visits.cookie(scope(), Headers(VISIT)) == ""


def test_only_the_owners_visit_needs_a_key() -> None:
    assert Visits(Settings(maestro_local_key="required"), "key").needs_key
    assert not Visits(Settings(maestro_local_key="required", maestro_auth="anonymous"), "key").needs_key
