"""A client of a cluster: asks until it is answered, of whoever serves."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2

from tests.durable.cluster import PATIENCE, Cluster
from tests.servers import NO_TLS

BUSY = 503
PAUSE = 0.02
"""Seconds until it asks again."""

At = str | random.Random | None


@dataclass
class Caller:
    """One client, for as long as one event loop runs."""

    cluster: Cluster
    client: httpx2.AsyncClient
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self, *names: str) -> None:
        """Start programs without holding up the followers."""
        await asyncio.to_thread(self.cluster.start, *names)
        async with self._news:
            self._news.notify_all()

    async def someone(self, rng: random.Random | None = None) -> str:
        """The API of a program that serves; waits for one when there is none."""
        async with self._news:
            await self._news.wait_for(lambda: self.cluster.servers)
        servers = self.cluster.servers
        return (rng.choice(servers) if rng else servers[0]).api

    async def session(self) -> str:
        """A new session with the scripted model."""
        api = await self.someone()
        made = await self.client.post(f"{api}/sessions", json={"model": "play:script", "mode": "ask"})
        made.raise_for_status()
        return made.json()["id"]

    async def ask(self, session: str, command: dict[str, object], at: At = None) -> httpx2.Response:
        """Send a command, again and again under the same id until somebody takes it.

        Args:
            session: of which session.
            command: what.
            at: which program is asked, or chance that picks one each time.
        """
        body = {"id": str(uuid4()), **command}
        async with asyncio.timeout(10 * PATIENCE):
            while True:
                api = self.cluster.programs[at].api if isinstance(at, str) else await self.someone(at)
                try:
                    answer = await self.client.post(f"{api}/sessions/{session}/commands", json=body)
                except httpx2.TransportError:
                    answer = None
                if answer is not None and answer.status_code != BUSY:
                    return answer
                await asyncio.sleep(PAUSE)

    async def prompt(self, session: str, script: dict[str, object], at: At = None) -> str:
        """Ask for a turn that goes as its script says; gives its id."""
        return _taken(await self.ask(session, prompt(script), at))

    async def answer(
        self, session: str, approval_id: str, at: At = None, *, answer: str = "allow_once"
    ) -> str:
        """Answer an approval; gives its turn's id."""
        command = {"type": "Answer", "approval_id": approval_id, "answer": answer}
        return _taken(await self.ask(session, command, at))

    async def interrupt(self, session: str, at: At = None) -> None:
        """Stop whichever turn runs."""
        _taken(await self.ask(session, {"type": "Interrupt"}, at))


def prompt(script: dict[str, object]) -> dict[str, object]:
    """The command that begins a turn which goes as its script says."""
    return {"type": "Prompt", "text": json.dumps(script)}


def _taken(answer: httpx2.Response) -> str:
    assert answer.is_success, answer.text
    return answer.json()["turn_id"]


@asynccontextmanager
async def calling(cluster: Cluster) -> AsyncIterator[Caller]:
    """Speak with a cluster as its owner."""
    token = (cluster.data / "api-token").read_text().strip()
    bearer = {"authorization": f"Bearer {token}"}
    # A line of a killed program would be found dead only when it is used again.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx2.AsyncClient(headers=bearer, timeout=PATIENCE, limits=limits, verify=NO_TLS) as client:
        yield Caller(cluster, client)
