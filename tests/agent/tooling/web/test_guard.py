import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agent.tooling.web import guard
from agent.tooling.web.guard import Blocked, Guard, host_name, look_up, public_address

Rows = Callable[[str], list[dict[str, Any]]]

CLOSED = [
    *("0.0.0.1", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:7f00:1::"),
    *("2002:808:808::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1"),
    *("5f00::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("2606:4700::1111%eth0", "localhost", "", "1.2.3", "127.1", "0x7f000001", "①②⑦.0.0.1"),
]
OPEN = [
    ("93.184.216.34", "93.184.216.34"),
    ("8.8.8.8", "8.8.8.8"),
    ("2606:4700:4700::1111", "2606:4700:4700::1111"),
    ("::ffff:8.8.8.8", "8.8.8.8"),
    ("172.32.0.1", "172.32.0.1"),
    ("100.128.0.1", "100.128.0.1"),
]
DISGUISED = [
    *("2130706433", "017700000001", "0x7f000001", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "127.1", "127.0.1"),
    *("0x7f.1", "127.0.0.01", "1.2.3.256", "127.0.0.1.", "0", "0x", "example.0x10", "example.123"),
]
LOCAL = [
    *("localhost", "LOCALHOST", "localhost.", "a.localhost", "printer.local", "x.internal", "router.lan"),
    *("metadata.google.internal", "nas.home", "1.0.0.127.in-addr.arpa", "db.corp", "x.localdomain"),
]
NO_NAMES = [
    *(
        "",
        ".",
        "..",
        "intranet-wiki",
        "exa mple.org",
        "example..org",
        "-a.org",
        "a-.org",
        "a.org:80",
        "a/b.org",
    ),
    *("a@b.org", "evil\0.example.org", "a%00.org", "%31%32%37.0.0.1.org", "[::1", "::1]", "1.1.1.1@a.org"),
    *("exаmple.org", "①②⑦.⓪.⓪.①", "１２７.0.0.１", "127。0。0。1", "a." * 127 + "org", "x" * 64 + ".org"),
    *("example.org\n", "a\u202eb.org", "[127.0.0.1].org", "a.b_c"),
]


def resolver(*answers: Sequence[str]) -> guard.Resolve:
    """A look-up that gives these answers one after the other."""
    left = list(answers)

    async def resolve(name: str, port: int) -> Sequence[str]:  # noqa: ARG001 (its form)
        return left.pop(0)

    return resolve


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    with pytest.raises(Blocked):
        public_address(address)


@pytest.mark.parametrize(("address", "meant"), OPEN)
def test_a_public_address_is_written_in_one_way(address: str, meant: str) -> None:
    assert public_address(address) == meant


@pytest.mark.parametrize("host", DISGUISED)
def test_numbers_that_a_system_would_read_as_an_address_are_refused(host: str) -> None:
    with pytest.raises(Blocked, match="disguise"):
        host_name(host)


@pytest.mark.parametrize("host", LOCAL)
def test_names_of_local_networks_are_refused(host: str) -> None:
    with pytest.raises(Blocked, match="local network"):
        host_name(host)


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_two_readers_could_read_in_two_ways_is_no_name(host: str) -> None:
    with pytest.raises(Blocked):
        host_name(host)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("a_b.example.org", "a_b.example.org"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("93.184.216.34", "93.184.216.34"),
        ("[2606:4700::1111]", "2606:4700::1111"),
    ],
)
def test_a_plain_name_is_taken(host: str, name: str) -> None:
    assert host_name(host) == name


async def test_a_name_is_looked_up_once_and_every_answer_is_judged() -> None:
    found = await Guard(resolver(["8.8.8.8", "::ffff:1.1.1.1"])).addresses("example.org", 443)
    assert found == ["8.8.8.8", "1.1.1.1"]
    with pytest.raises(Blocked, match=r"example\.org leads to 10\.0\.0\.1, which is not public"):
        await Guard(resolver(["8.8.8.8", "10.0.0.1"])).addresses("example.org", 443)
    with pytest.raises(Blocked, match="no address"):
        await Guard(resolver([])).addresses("example.org", 443)


async def test_an_address_needs_no_look_up_and_is_judged_too() -> None:
    assert await Guard(resolver()).addresses("8.8.8.8", 80) == ["8.8.8.8"]
    for host in ("127.0.0.1", "[::1]", "::ffff:127.0.0.1", "[fe80::1%25eth0]", "fe80::1%eth0"):
        with pytest.raises(Blocked, match="not public"):
            await Guard(resolver()).addresses(host, 80)


async def test_only_the_webs_ports_are_open() -> None:
    for port in (0, 22, 25, 6379, 8080, 65_535):
        with pytest.raises(Blocked, match=f"Port {port} of 8.8.8.8 is closed to you; only 80 and 443"):
            await Guard().addresses("8.8.8.8", port)


async def test_what_a_test_allows_is_one_address_with_one_port() -> None:
    only = Guard(
        resolver(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]), allowed=frozenset({("127.0.0.1", 80)})
    )
    assert await only.addresses("example.org", 80) == ["127.0.0.1"]
    with pytest.raises(Blocked, match="not public"):
        await only.addresses("example.org", 443)
    with pytest.raises(Blocked, match="not public"):
        await only.addresses("example.org", 80)


async def test_a_name_is_looked_up_whole_and_each_address_is_given_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Any, ...]] = []

    def getaddrinfo(*arguments: Any, **_: Any) -> list[Any]:
        asked.append(arguments)
        return [
            (0, 0, 0, "", ("8.8.8.8", 80)),
            (0, 0, 0, "", ("8.8.8.8", 80)),
            (0, 0, 0, "", ("::1", 80, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert await look_up("example.org", 80) == ["8.8.8.8", "::1"]
    assert asked == [("example.org.", 80)]


async def test_a_name_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(Blocked, match="not known"):
        await Guard().addresses("nowhere.example.org", 80)


async def test_a_silent_name_server_is_not_waited_for_and_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60) and [])
    monkeypatch.setattr(guard, "LOOK_UP_SECONDS", 0.2)
    asking = [asyncio.create_task(Guard().addresses("example.org", 80)) for _ in range(40)]
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 5) == "free"
    for outcome in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(outcome, Blocked)
        assert "could not be looked up" in str(outcome)
    over.set()


async def test_the_cases_of_others_about_private_addresses(cases: Rows) -> None:
    rows = [
        row
        for row in cases("web_url.jsonl")
        if row["op"] in {"private_address", "private_url", "private_url_resolved"}
    ]
    assert len(rows) == 27
    for row in rows:
        host = row["input"].removeprefix("https://").removeprefix("http://").rstrip("/")
        resolve = resolver(row.get("resolves_to", ["8.8.8.8"]))
        try:
            await Guard(resolve).addresses(host, 80)
            is_private = False
        except Blocked:
            is_private = True
        assert is_private == row["private"], row["id"]
