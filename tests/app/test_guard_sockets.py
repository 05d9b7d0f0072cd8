"""The gate before a page's socket: who opens it, and how much it may say."""

import json
from uuid import uuid4

import pytest
from websockets import Origin
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.app.serving import ORIGINS, Server
from tests.app.tabs import CHAT, NAMESPACE, Tab, opened


def shake_hands(server: Server, origin: str | None, **headers: str) -> connect:
    url = f"ws://127.0.0.1:{server.port}{NAMESPACE}/?EIO=4&transport=websocket&token={uuid4()}"
    return connect(url, origin=None if origin is None else Origin(origin), additional_headers=headers)


@pytest.mark.parametrize("origin", [*ORIGINS, None])
async def test_a_socket_from_elsewhere_is_refused(server: Server, origin: str | None) -> None:
    foreign = None if origin is None else origin.format(port=server.port)
    with pytest.raises(InvalidStatus) as refused:
        await shake_hands(server, foreign, cookie=server.cookie())
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("cookie", ["", "maestro=", "maestro=mss_forged", "other=x"])
async def test_a_socket_without_a_face_is_refused(server: Server, cookie: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await shake_hands(server, server.url, cookie=cookie)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["code"] == "not_signed_in"
    assert "frame-ancestors 'none'" in refused.value.response.headers["content-security-policy"]


@pytest.mark.parametrize("origin", [None, "own"])
async def test_a_token_opens_no_socket_of_the_page(server: Server, origin: str | None) -> None:
    """S07: neither as a bearer, nor beside a good cookie, nor in its place."""
    name, _, cookie = server.cookie().partition("=")
    bearer = {"authorization": f"Bearer {server.token}"}
    faces = [
        bearer,
        {**bearer, "cookie": f"{name}={cookie}"},
        {"authorization": f"Bearer {cookie}"},
        {"cookie": f"{name}={server.token}"},
    ]
    for face in faces:
        with pytest.raises(InvalidStatus) as refused:
            await shake_hands(server, origin and server.url, **face)
        assert refused.value.response.status_code in {401, 403}


async def test_a_socket_that_sends_too_much_is_closed(server: Server) -> None:
    async def flood(tab: Tab) -> None:
        for _ in range(2000):
            await tab.send(f"{CHAT}.no_such_event")
        await tab.until(lambda: False)

    async with opened(server) as tab:
        with pytest.raises(ConnectionClosed) as closed:
            await flood(tab)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1008


async def test_the_page_with_its_cookie_is_accepted_and_a_huge_frame_ends_it(server: Server) -> None:
    async with opened(server) as tab:
        await tab.send_raw({"name": "x" * 1_100_000})
        with pytest.raises(ConnectionClosed) as closed:
            await tab.until(lambda: False)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009


async def test_no_secret_goes_to_the_page(server: Server) -> None:
    cookie = server.cookie()
    async with opened(server, cookie=cookie) as tab:
        await tab.send("reflex___state____state.hydrate")
        await tab.until(lambda: tab.states)
        assert cookie.partition("=")[2] not in "".join(tab.heard)
