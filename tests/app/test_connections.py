"""Sockets and streams end when the right to them does, within two seconds, and no others."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest
from starlette.types import Message
from websockets.exceptions import ConnectionClosed

from agent.accounts import tokens
from agent.accounts.tokens import hashed
from agent.core.errors import LimitReached, NotSignedIn
from agent.core.identity import Principal, User
from app.connections import BURST, LOOK_EVERY, MOST_OPEN, Bucket, Line, Socket, opened, until_ended
from tests.app.api.streams import following, is_, until
from tests.app.serving import PATIENCE, Server
from tests.app.tabs import CHAT
from tests.app.tabs import opened as tab_opened

ADA = User(id="ada", email="ada@example.org", name="Ada", provider="test", is_admin=True)
HERS = Principal(user=ADA, way="cookie", id="1", scopes=("sessions:read", "settings:read"))


def test_nobody_listens_two_seconds_longer_than_they_may() -> None:
    assert LOOK_EVERY <= 1.0
    assert tokens.FRESH_FOR < 2.0


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (HERS, False),
        (HERS.model_copy(update={"user": ADA.model_copy(update={"name": "Ada L."})}), False),
        (HERS.model_copy(update={"scopes": ("sessions:read", "settings:read", "sessions:write")}), False),
        (None, True),
        (HERS.model_copy(update={"scopes": ("sessions:read",)}), True),
        (HERS.model_copy(update={"user": ADA.model_copy(update={"is_admin": False})}), True),
        (HERS.model_copy(update={"user": ADA.model_copy(update={"id": "bob"})}), True),
    ],
)
async def test_a_line_ends_when_its_right_is_less_than_before(now: Principal | None, *, ends: bool) -> None:
    line = Line(HERS, "hash")
    line.judge(now)
    assert line.ended.is_set() is ends


async def test_one_user_has_only_so_many_open_and_others_have_theirs() -> None:
    bob = HERS.model_copy(update={"user": ADA.model_copy(update={"id": uuid4().hex})})
    lines = [opened(bob, "hash") for _ in range(MOST_OPEN)]
    for line in lines:
        line.__enter__()
    with pytest.raises(LimitReached), opened(bob, "hash"):
        pass
    with opened(HERS, "hash"):
        pass
    for line in lines:
        line.__exit__(None, None, None)
    with opened(bob, "hash"):
        pass


async def numbers(*, forever: bool) -> AsyncIterator[int]:
    yield 1
    yield 2
    if forever:
        await asyncio.Event().wait()


async def test_a_stream_goes_to_its_own_end() -> None:
    assert [each async for each in until_ended(Line(HERS, "hash"), numbers(forever=False))] == [1, 2]


async def test_a_stream_that_waits_ends_with_the_right_to_it() -> None:
    line, heard = Line(HERS, "hash"), list[int]()

    async def hear() -> None:
        async for each in until_ended(line, numbers(forever=True)):
            heard.append(each)
            if each == 2:
                asyncio.get_running_loop().call_soon(line.ended.set)

    with pytest.raises(NotSignedIn):
        await asyncio.wait_for(hear(), PATIENCE)
    assert heard == [1, 2]


def test_a_bucket_fills_again_and_never_over() -> None:
    bucket = Bucket(0.0)
    assert sum(bucket.take(0.0) for _ in range(BURST + 1)) == BURST
    assert sum(bucket.take(1000.0) for _ in range(BURST + 1)) == BURST


class Wire:
    """A socket's two ends, by hand."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)


async def test_a_socket_is_silent_once_its_right_has_ended() -> None:
    line, wire = Line(HERS, "hash"), Wire()
    socket = Socket(line, wire.coming.get, wire.send)
    await wire.coming.put({"type": "websocket.receive", "text": "a"})
    assert (await socket.receive())["text"] == "a"
    await socket.send({"type": "websocket.send", "text": "b"})
    waiting = asyncio.ensure_future(socket.receive())
    await asyncio.sleep(0)
    line.ended.set()
    assert await asyncio.wait_for(waiting, PATIENCE) == {"type": "websocket.disconnect", "code": 1008}
    await socket.send({"type": "websocket.send", "text": "too late"})
    assert wire.sent == [
        {"type": "websocket.send", "text": "b"},
        {"type": "websocket.close", "code": 1008},
    ]
    assert (await socket.receive())["type"] == "websocket.disconnect"


async def test_a_client_that_takes_nothing_does_not_keep_its_socket_open() -> None:
    line, wire = Line(HERS, "hash"), Wire()

    async def stuck(_message: Message) -> None:
        await asyncio.Event().wait()

    line.ended.set()
    ended = await asyncio.wait_for(Socket(line, wire.coming.get, stuck).receive(), PATIENCE)
    assert ended["type"] == "websocket.disconnect"


def forget(server: Server, table: str, token: str) -> None:
    with server.database() as database:
        database.execute(f"DELETE FROM {table} WHERE token_hash = ?", [hashed(token)])  # noqa: S608


async def closing(server: Server, cookie: str) -> ConnectionClosed:
    """How a tab's socket ends that is signed out."""
    async with tab_opened(server, cookie=cookie) as tab:
        await tab.send(f"{CHAT}.choose_mode", {"mode": "plan"})
        await tab.until(lambda: tab.of(CHAT, "mode") == "plan")
        server.sign_out(cookie)
        with pytest.raises(ConnectionClosed) as closed:
            await tab.until(lambda: False)
        return closed.value


async def test_a_tab_that_is_signed_out_is_closed_and_its_neighbour_is_not(server: Server) -> None:
    """S02, S06, S10."""
    async with tab_opened(server) as other:
        closed = await closing(server, server.cookie())
        assert closed.rcvd
        assert closed.rcvd.code == 1008
        await other.send(f"{CHAT}.choose_mode", {"mode": "auto"})
        await other.until(lambda: other.of(CHAT, "mode") == "auto")


def test_a_stream_ends_with_its_token_and_says_why(server: Server) -> None:
    """S02, S06, S10."""
    token, session = server.neighbour()
    with server.client() as client:
        client.headers["authorization"] = f"Bearer {token}"
        client.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 1"})
        with following(client, session) as events:
            until(events, is_("TurnFinished"))
            forget(server, "api_tokens", token)
            last = until(events, is_("Problem"))[-1]
            assert next(events, None) is None
        assert (last.data["code"], last.data["status"]) == ("not_signed_in", 401)
        assert client.get("me").status_code == 401


def test_a_token_that_may_do_less_than_before_hears_no_more(server: Server) -> None:
    token, session = server.neighbour()
    with server.client() as client:
        client.headers["authorization"] = f"Bearer {token}"
        client.post(f"sessions/{session}/commands", json={"type": "prompt", "text": "count to 1"})
        with following(client, session) as events, server.database() as database:
            until(events, is_("TurnFinished"))
            less = json.dumps(["sessions:read"])
            database.execute("UPDATE api_tokens SET scopes = ? WHERE token_hash = ?", [less, hashed(token)])
            database.commit()
            assert until(events, is_("Problem"))[-1].data["code"] == "not_signed_in"


def test_a_stream_that_only_begins_leaves_nothing_open(api: httpx2.Client, server: Server) -> None:
    """HEAD opens no stream, however often it is asked."""
    session = api.post("sessions", json={}).json()["id"]
    for _ in range(MOST_OPEN + 5):
        assert api.head(f"sessions/{session}/events").status_code == 200
    with following(api, session):
        assert server.running.poll() is None
