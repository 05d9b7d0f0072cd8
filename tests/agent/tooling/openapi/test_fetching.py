import gzip

import pytest

from agent.core.errors import Invalid, LimitReached
from agent.tooling.openapi import fetching
from agent.tooling.openapi.fetching import PUBLIC, fetch
from agent.tooling.web.fetching import Web
from tests.agent.tooling.openapi.conftest import Echo


async def refusal(web: Web, url: str) -> str:
    with pytest.raises(Invalid) as told:
        await fetch(web, url)
    return f"{told.value.code}: {told.value.values}"


async def test_a_description_is_fetched_behind_redirects(echo: Echo) -> None:
    echo.answers["/old"] = 301, {"location": "/new.yaml?x=1"}, b""
    echo.answers["/new.yaml"] = 200, {"content-encoding": "gzip"}, gzip.compress("ü".encode())
    assert await fetch(echo.web, f"{echo.url}/old") == "ü"
    assert "cookie" not in echo.asked[-1]["headers"]


async def test_what_cannot_be_fetched_is_told(echo: Echo) -> None:
    echo.answers["/loop"] = 302, {"location": "/loop"}, b""
    echo.answers["/gone"] = 404, {}, b""
    echo.answers["/bytes"] = 200, {}, b"\xff\xfe"
    assert "more than 5 times" in await refusal(echo.web, f"{echo.url}/loop")
    assert "it answered 404" in await refusal(echo.web, f"{echo.url}/gone")
    assert "no text in UTF-8" in await refusal(echo.web, f"{echo.url}/bytes")


@pytest.mark.parametrize(
    "url", ["", "petstore", "file:///etc/passwd", "https://a:b@example.org", "http://[", "ftp://x"]
)
async def test_what_is_no_address_is_told(url: str) -> None:
    assert "service_address" in await refusal(PUBLIC, url)


async def test_private_addresses_are_out_of_reach_even_behind_redirects(echo: Echo) -> None:
    assert "service_unreachable" in await refusal(PUBLIC, f"{echo.url}/a")
    for inside in ("http://169.254.169.254/latest", "http://127.0.0.1:22/", "http://localhost/"):
        echo.answers["/a"] = 302, {"location": inside}, b""
        assert "service_unreachable" in await refusal(echo.web, f"{echo.url}/a")


async def test_what_is_too_large_is_not_read_to_its_end(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST", 1000)
    echo.answers["/a"] = 200, {"content-encoding": "gzip"}, gzip.compress(b"x" * 10**7)
    with pytest.raises(LimitReached):
        await fetch(echo.web, f"{echo.url}/a")
