"""A browser's tab without a browser: Reflex's socket spoken by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from websockets import Origin
from websockets.asyncio.client import ClientConnection, connect

from tests.app.serving import PATIENCE, Server

NAMESPACE = "/_event"
STATE = "reflex___state____state"
CHAT = f"{STATE}.app___chatting____chat_state"
FLASH = f"{STATE}.app___state____flash_state"
HISTORY = f"{STATE}.app___follow____history_state"
TURN = f"{STATE}.app___follow____turn_state"
LIVE = f"{STATE}.app___follow____live_state"
LIST = f"{STATE}.app___listing____sessions_state"
RUN = f"{STATE}.app___follow____run_state"
QUEUE = f"{STATE}.app___follow____queue_state"
Values = dict[str, Any]


class Tab:
    """One tab: what it was sent so far, by State and name."""

    def __init__(self, connection: ClientConnection, path: str, token: str) -> None:
        self.connection = connection
        self.path = path
        self.token = token
        self.states: dict[str, Values] = {}
        self.heard: list[str] = []
        self.events: list[Values] = []
        """What the page is told to do."""

    async def send(self, name: str, payload: object = None, **more: object) -> None:
        """Send an event."""
        where = {"pathname": self.path, "asPath": self.path, "query": {}}
        event = {"name": name, "payload": {} if payload is None else payload, "router_data": where, **more}
        await self.send_raw(event)

    async def send_raw(self, *event: object) -> None:
        await self.connection.send(f"42{NAMESPACE}," + json.dumps(["event", *event]))

    async def hear(self) -> None:
        """Take one message in."""
        message = await self.connection.recv()
        assert isinstance(message, str)
        if message == "2":
            await self.connection.send("3")
        self.heard.append(message)
        if message.startswith(f"42{NAMESPACE},"):
            name, *arguments = json.loads(message.removeprefix(f"42{NAMESPACE},"))
            if name == "event":
                self._take(arguments[0])

    def _take(self, update: Values) -> None:
        self.events.extend(update.get("events") or [])
        for state, values in (update.get("delta") or {}).items():
            known = self.states.setdefault(state, {})
            known.update({name.removesuffix("_rx_state_"): value for name, value in values.items()})

    async def until(self, is_so: Callable[[], object]) -> None:
        """Listen until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                await self.hear()

    def of(self, state: str, name: str) -> Any:
        return self.states.get(state, {}).get(name)

    @property
    def answer(self) -> str:
        """What is being said, or was said last."""
        live = self.states.get(LIVE, {})
        blocks = [*live.get("settled", []), *live.get("finished", [])]
        return "".join([*blocks, *(live.get(name, "") for name in ("head", "middle", "tail"))])

    @property
    def rows(self) -> list[Values]:
        return [*(self.of(HISTORY, "rows") or []), *(self.of(TURN, "rows") or [])]

    async def idle_after(self, prompts: int) -> None:
        """Listen until so many prompts are there and nothing runs."""

        def is_over() -> bool:
            asked = [row for row in self.rows if row["kind"] == "user" and row["status"] != "queued"]
            return len(asked) >= prompts and self.of(RUN, "is_working") is False

        await self.until(is_over)

    @property
    def sentence(self) -> str:
        """What the person is told that went wrong."""
        return self.of(FLASH, "sentence") or ""


@asynccontextmanager
async def opened(
    server: Server, path: str = "/", cookie: str | None = None, token: str = ""
) -> AsyncIterator[Tab]:
    """Open the page in a tab of its own, as the built page does."""
    token = token or str(uuid4())
    url = f"ws://127.0.0.1:{server.port}{NAMESPACE}/?EIO=4&transport=websocket&token={token}"
    known = {"cookie": server.cookie() if cookie is None else cookie}
    async with connect(url, origin=Origin(server.url), additional_headers=known) as connection:
        tab = Tab(connection, path, token)
        await connection.send(f"40{NAMESPACE},")
        await tab.until(lambda: any(message.startswith(f"40{NAMESPACE}") for message in tab.heard))
        yield tab
