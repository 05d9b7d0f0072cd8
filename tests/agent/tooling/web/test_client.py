"""The guarded client over real sockets: where it connects to, and what it takes along."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.core.errors import ToolFailed
from agent.tooling.web.client import client
from agent.tooling.web.fetching import Web
from agent.tooling.web.guard import Blocked, Guard
from tests.agent.tooling.web.serving import HERE, Site, answer, redirect, site, web


@pytest.fixture
async def here() -> AsyncIterator[Site]:
    async with site({"/": answer("Hello.")}) as served:
        yield served


async def get(through: Web, url: str) -> httpx2.Response:
    async with await through.client() as asking:
        return await asking.get(url)


async def test_the_name_goes_along_to_the_address_that_was_judged(here: Site) -> None:
    response = await get(web(here), here.url("/", "Site.Example.ORG"))
    assert (response.status_code, response.text) == (200, "Hello.")
    assert str(response.url) == here.url("/", "site.example.org")
    (head,) = here.asked
    assert f"Host: site.example.org:{here.port}\r\n" in head


async def test_who_answers_otherwise_the_second_time_gains_nothing(here: Site) -> None:
    answers = [["127.0.0.2"], [HERE]]
    looked_up: list[str] = []

    async def rebinding(name: str, port: int) -> Sequence[str]:  # noqa: ARG001 (its form)
        looked_up.append(name)
        return answers.pop(0)

    only_second = Guard(rebinding, allowed=frozenset({("127.0.0.2", here.port)}))
    with pytest.raises(httpx2.ConnectError):
        await get(Web(only_second), here.url())
    assert looked_up == ["site.example.org"]
    with pytest.raises(Blocked, match="Port"):
        await get(Web(only_second), here.url())
    assert here.asked == []


async def test_the_next_address_is_tried_when_the_first_takes_no_connection(here: Site) -> None:
    async def two(name: str, port: int) -> Sequence[str]:  # noqa: ARG001 (its form)
        return ["127.0.0.3", HERE]

    allowed = frozenset({("127.0.0.3", here.port), (HERE, here.port)})
    assert (await get(Web(Guard(two, allowed=allowed)), here.url())).text == "Hello."


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0x7f.1", "127.1", "①②⑦.0.0.1"],
)
async def test_this_machine_is_not_reached_under_any_of_its_names(host: str, here: Site) -> None:
    nothing_allowed = Web(Guard(ports=frozenset({here.port})))
    with pytest.raises((Blocked, httpx2.InvalidURL)):
        await get(nothing_allowed, here.url("/", host))
    assert here.asked == []


@pytest.mark.parametrize(
    "url", ["http://me:word@site.example.org/", "ftp://site.example.org/", "http:///", "x"]
)
async def test_what_is_no_plain_web_address_is_not_sent(url: str, here: Site) -> None:
    with pytest.raises((Blocked, httpx2.UnsupportedProtocol)):
        await get(web(here), url)


async def test_no_redirect_is_followed_by_itself(here: Site) -> None:
    here.pages["/away"] = redirect("http://169.254.169.254/latest")
    assert (await get(web(here), here.url("/away"))).status_code == 302


async def test_nothing_of_the_environment_and_no_cookie_goes_along(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{HERE}:{proxy.port}")
        (tmp_path / "netrc").write_text("default login me password word\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        here.pages["/"] = answer("Hello.", set_cookie="id=1; Path=/")
        async with await web(here).client() as asking:
            for _ in range(2):
                assert (await asking.get(here.url())).text == "Hello."
            assert not asking.cookies
        assert proxy.asked == []
    assert len(here.asked) == 2
    assert not any(word in head.lower() for head in here.asked for word in ("cookie", "authorization"))


async def test_a_body_goes_to_the_judged_address_too(here: Site) -> None:
    received: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"}"))
        writer.write(answer("{}", "application/json"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, HERE, 0)
    here.port = server.sockets[0].getsockname()[1]
    async with await web(here).client() as asking:
        assert (await asking.post(here.url("/items"), json={"a": 1})).json() == {}
    server.close()
    assert received[0].startswith(b"POST /items HTTP/1.1")
    assert received[0].endswith(b'{"a":1}')


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of site.example.org shows, and the trust of who knows its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("site.example.org")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    certificate = made.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return shown, ssl.create_default_context(cadata=certificate.decode())


async def test_a_certificate_is_of_the_name_and_not_of_the_address(
    certified: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    shown, trust = certified
    named: list[str | None] = []
    shown.sni_callback = lambda _, name, __: named.append(name)
    async with site({"/": answer("Secret.")}, shown) as served:
        through = web(served, trust=trust)
        for host in ("site.example.org", "site.example.org."):
            assert (await get(through, served.url("/", host, "https"))).text == "Secret."
        assert named == ["site.example.org", "site.example.org"]
        with pytest.raises(ToolFailed, match="certificate is not valid"):
            await through.fetch(served.url("/", "other.example.org", "https"))
        with pytest.raises(ToolFailed, match="certificate is not valid"):
            await web(served).fetch(served.url("/", "site.example.org", "https"))
    assert len(served.asked) == 2


async def test_a_connection_of_one_name_serves_no_other(
    certified: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    shown, trust = certified
    is_over = asyncio.Event()

    async def stays_open(writer: asyncio.StreamWriter) -> None:
        writer.write(answer("Secret.").replace(b"Connection: close", b"Connection: keep-alive"))
        await writer.drain()
        await is_over.wait()

    async with site({"/": stays_open}, shown) as served, await web(served, trust=trust).client() as asking:
        assert (await asking.get(served.url("/", "site.example.org", "https"))).text == "Secret."
        with pytest.raises(httpx2.ConnectError, match="certificate"):
            await asking.get(served.url("/", "other.example.org", "https"))
        is_over.set()
    assert len(served.asked) == 1


def test_the_tests_own_machine_is_not_public() -> None:
    assert ip_address(HERE).is_loopback
    assert client(Guard()).follow_redirects is False
