"""Commands reach the hosts that are listed, through the bridge and the proxy, and nothing beside."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from agent.tooling.sandbox import Confinement, Refused, run, starting
from agent.tooling.sandbox.proxy import Proxy
from agent.tooling.web.guard import Guard
from tests.agent.tooling.sandbox.test_proxy import Outside

pytestmark = pytest.mark.unprivileged

LISTED = ("listed.example.org",)
ASK = """
exec 3<>/dev/tcp/127.0.0.1/3128
printf 'CONNECT {host}:443 HTTP/1.1\\r\\n\\r\\n' >&3
read -r -u 3 status; echo "$status"
printf ping >&3; cat <&3
"""


@pytest.fixture
async def outside(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outside]:
    made = Outside()
    reaching = partial(Proxy, guard=Guard(resolve=made.resolve), dial=made.dial)
    monkeypatch.setattr(starting, "Proxy", reaching)
    async with made.serving():
        yield made


async def said(workspace: Path, line: str, hosts: tuple[str, ...] = LISTED) -> str:
    confinement = Confinement(workspace=workspace, hosts=hosts)
    out, _ = await run(line, confinement, backend="bubblewrap")
    return out.decode()


async def test_a_listed_host_is_reached(outside: Outside, tmp_path: Path) -> None:
    told = await said(tmp_path, ASK.format(host="listed.example.org"))
    assert told.split() == ["HTTP/1.1", "200", "Connection", "established", "pong"]
    assert outside.heard == b"ping"
    assert [port for _, port in outside.dialled] == [443]


async def test_programs_are_told_of_the_way_and_an_exit_code_comes_through(
    outside: Outside, tmp_path: Path
) -> None:
    assert (await said(tmp_path, "echo $HTTPS_PROXY")).strip() == "http://127.0.0.1:3128"
    confinement = Confinement(workspace=tmp_path, hosts=LISTED)
    _, ending = await run("exit 7", confinement, backend="bubblewrap")
    assert (ending.exit_code, outside.dialled) == (7, [])


@pytest.mark.parametrize(
    "host", ["other.example.org", "listed.example.org.evil.org", "127.0.0.1", "localhost"]
)
async def test_no_other_host_is(outside: Outside, tmp_path: Path, host: str) -> None:
    assert "403" in await said(tmp_path, ASK.format(host=host))
    assert outside.dialled == []


async def test_there_is_no_way_beside_the_proxy(outside: Outside, tmp_path: Path) -> None:
    port = outside._port
    told = await said(tmp_path, f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached; ls /sys/class/net; true")
    assert "reached" not in told
    assert outside.heard == b""


async def test_without_a_list_there_is_no_bridge(outside: Outside, tmp_path: Path) -> None:
    told = await said(tmp_path, "exec 3<>/dev/tcp/127.0.0.1/3128 && echo reached; echo over", hosts=())
    assert "reached" not in told
    assert outside.dialled == []


async def test_where_hosts_cannot_be_told_apart_none_is_promised(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no network"):
        await run("true", Confinement(workspace=tmp_path, hosts=LISTED), backend="landlock")
