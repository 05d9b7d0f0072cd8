"""The gate, over real HTTP: hosts, origins, first visits, faces, headers."""

import base64
import hashlib
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from websockets import Origin
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agent.config import Settings
from app.build import BUILT
from app.guard import content_policy, own_hosts
from tests.app.serving import VISIT, Server, serving
from tests.app.tabs import NAMESPACE, opened

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HOSTS = ("evil.example", "127.0.0.1", "localhost", "127.0.0.1.evil.example", "127.0.0.1:1", "0.0.0.0:{port}")
REBOUND = (
    "evil.example:{port}",
    "localhost.evil.example:{port}",
    "127.0.0.1:{port}.evil.example",
    "",
    "[::1]:1",
)
ORIGINS = (
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://127.0.0.1:{port}.evil.example",
    "http://evil@127.0.0.1:{port}",
    "file://",
    "",
)


def own(server: Server) -> dict[str, str]:
    return {"authorization": f"Bearer {server.token}"}


@pytest.mark.parametrize("host", [*HOSTS, *REBOUND])
def test_a_foreign_host_is_refused_even_with_a_token(
    server: Server, stranger: httpx2.Client, host: str
) -> None:
    headers = {**own(server), "host": host.format(port=server.port)}
    for path in ("/", "/healthz", "/api/v1/me", "/assets/x.js", "/_event/?EIO=4&transport=polling"):
        answer = stranger.get(path, headers=headers)
        assert answer.status_code in {400, 403}
        assert "maestro" not in answer.headers.get("set-cookie", "")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_own_hosts_are_answered(server: Server, stranger: httpx2.Client, host: str) -> None:
    headers = {"host": host.format(port=server.port)}
    assert stranger.get("/healthz", headers=headers).status_code == 200


def test_the_public_address_is_a_host_of_ours() -> None:
    settings = Settings(maestro_public_url="https://maestro.example.org", maestro_port=3000)
    assert "maestro.example.org" in own_hosts(settings)
    assert "evil.example" not in own_hosts(settings)


@pytest.mark.parametrize(("origin", "method"), list(product(ORIGINS, METHODS)))
def test_a_foreign_origin_is_refused_with_every_method(
    server: Server, stranger: httpx2.Client, origin: str, method: str
) -> None:
    headers = {**own(server), "origin": origin.format(port=server.port)}
    answer = stranger.request(method, "/api/v1/sessions", headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_origin_may_ask(server: Server, stranger: httpx2.Client) -> None:
    for origin in (server.url, server.url.replace("127.0.0.1", "localhost")):
        answer = stranger.get("/api/v1/me", headers={**own(server), "origin": origin})
        assert answer.status_code == 200
        assert "access-control-allow-credentials" not in answer.headers


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
    assert refused.value.response.status_code == 403


async def test_a_program_with_a_token_needs_no_origin(server: Server) -> None:
    async with shake_hands(server, None, **own(server)) as connection:
        assert str(await connection.recv()).startswith("0{")
    with pytest.raises(InvalidStatus):
        await shake_hands(server, None, authorization="Bearer mst_forged")


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


def test_a_browsers_visit_is_signed_in(stranger: httpx2.Client) -> None:
    answer = stranger.get("/", headers=VISIT)
    assert answer.status_code == 200
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert re.fullmatch(r"maestro-\d+=mss_[\w-]{43}", name)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert stranger.get("/api/v1/me").status_code == 200
    assert "set-cookie" not in stranger.get("/", headers=VISIT).headers


@pytest.mark.parametrize(
    "changed",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-dest": "script", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "websocket"},
        {"sec-fetch-site": ""},
        {"sec-fetch-dest": "", "sec-fetch-mode": "", "sec-fetch-site": ""},
    ],
)
def test_whatever_is_no_visit_gets_no_cookie(stranger: httpx2.Client, changed: dict[str, str]) -> None:
    assert "set-cookie" not in stranger.get("/", headers=VISIT | changed).headers


def test_a_plain_client_gets_the_page_and_no_cookie(stranger: httpx2.Client) -> None:
    for path in ("/", "/s/anything"):
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert 'type="module"' in answer.text
        assert "set-cookie" not in answer.headers
    assert "set-cookie" not in stranger.post("/", headers=VISIT).headers


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("locked") / "data", MAESTRO_LOCAL_KEY="required") as running:
        yield running


@pytest.mark.xdist_group("locked")
def test_on_a_shared_machine_a_visit_needs_the_key(locked: Server) -> None:
    link = locked.greeting.split()[-1]
    key = link.partition("?key=")[2]
    with locked.stranger() as browser:
        for wrong in ("", "?key=", "?key=x", f"?key={key}x", f"?Key={key}", f"?key=x&key={key}"):
            assert "set-cookie" not in browser.get(f"/{wrong}", headers=VISIT).headers
        assert browser.get("/api/v1/me").status_code == 401
        assert "set-cookie" not in browser.get(f"/?key={key}").headers
        answer = browser.get(f"/?key={key}", headers=VISIT)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "key=" not in answer.headers["location"]
        assert browser.get("/api/v1/me").status_code == 200


def documented(server: Server) -> list[tuple[str, str]]:
    with server.stranger() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(
    "face",
    [
        {},
        {"authorization": "Bearer mst_forged"},
        {"authorization": "Bearer"},
        {"authorization": "Basic b3duZXI6"},
        {"cookie": "maestro=mss_forged"},
        {"x-forwarded-for": "127.0.0.1", "x-forwarded-user": "owner", "x-real-ip": "127.0.0.1"},
        {"remote-user": "owner", "x-user-id": "1"},
    ],
)
def test_no_route_of_the_api_answers_a_stranger(
    server: Server, stranger: httpx2.Client, face: dict[str, str]
) -> None:
    routes = documented(server)
    assert len(routes) >= 9
    for method, path in routes:
        answer = stranger.request(
            method, "/api/v1" + path.replace("{session_id}", str(uuid4())), headers=face
        )
        assert answer.status_code == 401, (method, path)
        assert answer.json()["code"] == "not_signed_in"


def test_the_token_in_the_file_is_the_owners_and_only_theirs_to_read(server: Server) -> None:
    assert (server.data / "api-token").stat().st_mode & 0o777 == 0o600
    with server.client() as client:
        assert client.get("me").json()["name"] == "You"


def test_a_token_in_the_address_is_no_face(server: Server, stranger: httpx2.Client) -> None:
    for name in ("token", "access_token", "key", "authorization"):
        assert stranger.get(f"/api/v1/me?{name}={server.token}").status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/s/x", 200),
        ("/nowhere", 404),
        ("/healthz", 200),
        ("/icon.svg", 200),
        ("/api/v1/me", 401),
        ("/api/v1/openapi.json", 200),
        ("/_event/", 401),
        ("/_upload", 401),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_answer_carries_the_careful_headers(
    stranger: httpx2.Client, path: str, status: int, method: str
) -> None:
    answer = stranger.request(method, path)
    assert answer.status_code in {status, 405}
    assert is_careful(answer)


@pytest.mark.xdist_group("locked")
def test_refusals_and_redirects_carry_the_careful_headers(locked: Server, stranger: httpx2.Client) -> None:
    assert is_careful(stranger.get("/", headers={"host": "evil.example"}))
    assert is_careful(stranger.get("/", headers={"origin": "null"}))
    with locked.stranger() as browser:
        key = locked.greeting.partition("?key=")[2].strip()
        assert is_careful(browser.get(f"/?key={key}", headers=VISIT))


def is_careful(answer: httpx2.Response) -> bool:
    return (
        "frame-ancestors 'none'" in answer.headers.get("content-security-policy", "")
        and answer.headers.get("x-content-type-options") == "nosniff"
        and answer.headers.get("x-frame-options") == "DENY"
        and answer.headers.get("cross-origin-opener-policy") == "same-origin"
        and answer.headers.get("cross-origin-resource-policy") == "same-origin"
        and "server" not in answer.headers
    )


@pytest.mark.parametrize("path", ["/", "/s/x", "/nowhere"])
def test_the_policy_allows_the_pages_own_scripts_and_no_others(stranger: httpx2.Client, path: str) -> None:
    page = stranger.get(path)
    rules = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert "unsafe" not in rules["script-src"]
    assert "*" not in page.headers["content-security-policy"]
    assert "http" not in page.headers["content-security-policy"]
    inline = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", page.text, re.DOTALL)
    assert inline
    for script in inline:
        hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{hashed}'" in rules["script-src"]
    assert not re.search(r"\son\w+=", page.text)


def test_a_page_that_was_never_built_allows_no_inline_script(tmp_path: Path) -> None:
    assert "script-src 'self';" in content_policy(tmp_path)
    assert "sha256-" in content_policy(BUILT)


def test_reflexs_own_doors_are_shut(server: Server) -> None:
    with server.client() as client:
        for path in ("/_upload", "/_upload/x", "/_all_routes", "/_health"):
            for method in ("GET", "POST"):
                answer = client.request(method, f"{server.url}{path}", content=b"x")
                assert answer.status_code in {404, 405} or path == "/_health", (method, path)


def test_compressed_copies_are_served_to_who_takes_them(stranger: httpx2.Client) -> None:
    script = re.findall(r'src="(/assets/[^"]+\.js)"|href="(/assets/[^"]+\.js)"', stranger.get("/").text)
    for path in ("/", *(src or href for src, href in script[:2])):
        packed = stranger.get(path, headers={"accept-encoding": "gzip"})
        plain = stranger.get(path, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert "accept-encoding" in packed.headers["vary"].lower()


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/%2e%2e/pyproject.toml", "/assets/..%2f..%2f..%2fpackage.json", "/.env"],
)
def test_nothing_but_the_page_is_served(server: Server, stranger: httpx2.Client, path: str) -> None:
    url = httpx2.URL(server.url).copy_with(raw_path=path.encode())
    answer = stranger.get(url)
    assert answer.status_code == 404
    assert "hatchling" not in answer.text


def test_the_greeting_tells_where_to_go_and_no_secret(server: Server) -> None:
    assert server.greeting.strip() == f"Maestro is at {server.url}/"
    assert server.token not in server.greeting + server.log.read_text()
