"""Calls of every kind to a mock server of others, which checks each against the description by itself."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from agent.core.errors import ToolFailed
from agent.core.identity import User
from agent.tooling.openapi.calling import Target, call
from agent.tooling.openapi.calls import Services
from agent.tooling.openapi.description import Description
from agent.tooling.openapi.keeping import NewService, ServiceChanges, add_service, change_service
from agent.tooling.web.fetching import Web
from agent.tooling.web.guard import Guard
from tests.agent.tooling.openapi.conftest import EVERYTHING
from tests.servers import free_port

PRISM = Path(__file__).parents[4] / "node_modules/.bin/prism"
START = 60.0
CREDENTIALS = {"key": "k-secret", "user": "ada:p-secret", "asked": "a-secret", "session": "s-secret"}


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not PRISM.exists():
        pytest.skip("Prism is not installed: make test does it")
    port = free_port()
    log = tmp_path_factory.mktemp("prism") / "log"
    # It writes to its home folder.
    environment = {"PATH": os.environ["PATH"], "HOME": str(log.parent)}
    command = (PRISM, "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", EVERYTHING)
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=environment) as server,
    ):
        try:
            deadline = time.monotonic() + START
            while b"is listening" not in log.read_bytes():
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()


@pytest.fixture
def web(prism: int) -> Web:
    return Web(Guard(allowed=frozenset({("127.0.0.1", prism)})))


async def called(web: Web, everything: Description, prism: int, name: str, arguments: dict[str, Any]) -> str:
    [operation] = [each for each in everything.operations if each.name == name]
    target = Target("all", everything, f"http://127.0.0.1:{prism}", CREDENTIALS)
    async with await web.client() as client:
        return await call(client, target, operation, arguments)


ALL = {
    "id": "a/ü b",
    "X-Trace": "abc",
    "expand": ["a", "no"],
    "packed": [1, 2],
    "piped": ["x", "y|z"],
    "spaced": ["x", "y"],
    "filter": {"min": 1, "name": "n&m"},
    "where": {"x": 1.5},
    "X-Numbers": [1, 2],
    "theme": "dark",
}
ITEM = {"name": "x", "price": 1, "parent": None, "note": None, "children": [{"name": "y", "price": 2.5}]}
CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("getItem", ALL, "200 OK, application/json"),
    # Without a header that is a list this version of it falls over.
    ("getItem", {"id": "one", "X-Trace": "abc", "X-Numbers": [1]}, "200 OK"),
    ("deleteItem", {"id": "one"}, "204"),
    ("createItem", {"body": ITEM}, "201 Created"),
    ("sendForm", {"body": {"name": "a b&c=d", "tags": ["x", "y"], "age": 3}}, "204"),
    ("sendParts", {"body": {"title": "t", "picture": "aGVsbG8="}}, "204"),
    ("putText", {"body": "hällo"}, "204"),
    ("putBytes", {"body": "AAEC"}, "204"),
    ("putBytes", {}, "204"),
    ("getPicture", {}, "200 OK, image/png"),
    ("getLabel", {"label": "red"}, "204"),
    ("getMatrix", {"matrix": "m"}, "204"),
]


@pytest.mark.parametrize(("name", "arguments", "told"), CALLS)
async def test_the_mock_server_takes_every_call(
    web: Web, everything: Description, prism: int, name: str, arguments: dict[str, Any], told: str
) -> None:
    assert (await called(web, everything, prism, name, arguments)).startswith(told)


async def test_what_it_would_refuse_is_refused_before(web: Web, everything: Description, prism: int) -> None:
    wrong = {"getItem": {"id": "one", "X-Trace": "ab"}, "createItem": {"body": {"name": "x", "price": 0}}}
    for name, arguments in wrong.items():
        with pytest.raises(ToolFailed, match=r"too short|less than or equal"):
            await called(web, everything, prism, name, arguments)
    answer = httpx2.get(
        f"http://127.0.0.1:{prism}/items/one", headers={"X-Trace": "ab", "X-Key": "k", "X-Numbers": "1"}
    )
    assert answer.status_code == 422


async def test_without_the_credential_it_answers_401_and_we_do_not_ask(
    owner: User, web: Web, prism: int
) -> None:
    server = f"http://127.0.0.1:{prism}"
    assert httpx2.delete(f"{server}/items/one").status_code == 401
    new = NewService(name="all", text=EVERYTHING.read_text("utf-8"), server=server)
    service = await add_service(owner, new)
    with pytest.raises(ToolFailed, match=r"needs a credential \(user or token\)"):
        await Services(owner, web).call("all:deleteItem", {"id": "one"}, reads=False)
    await change_service(owner, service.id, ServiceChanges(credentials={"user": SecretStr("ada:p-secret")}))
    assert (await Services(owner, web).call("all:deleteItem", {"id": "one"}, reads=False)).startswith("204")
