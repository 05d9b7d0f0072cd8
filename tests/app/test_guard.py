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
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from agent.config import Settings
from app.build import BUILT
from app.guard import Guard, content_policy, own_hosts
from tests.app.serving import ORIGINS, VISIT, Server, serving

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HOSTS = ("evil.example", "127.0.0.1", "localhost", "127.0.0.1.evil.example", "127.0.0.1:1", "0.0.0.0:{port}")
REBOUND = (
    "evil.example:{port}",
    "localhost.evil.example:{port}",
    "127.0.0.1:{port}.evil.example",
    "",
    "[::1]:1",
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
    """Every operation but those by which one comes to be known."""
    with server.stranger() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
    return [
        (method, path)
        for path, methods in paths.items()
        if not path.startswith("/cli/")
        for method in methods
    ]


@pytest.mark.parametrize(
    "face",
    [
        {},
        {"authorization": "Bearer mst_forged"},
        {"authorization": "Bearer"},
        {"authorization": "Basic b3duZXI6"},
        {"authorization": "Bearer mst_forged", "cookie": "{cookie}"},
        {"authorization": "Basic b3duZXI6", "cookie": "{cookie}"},
        {"authorization": "", "cookie": "{cookie}"},
        {"authorization": "Bearer {cookie value}"},
        {"cookie": "{cookie name}={token}"},
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
    cookie = server.cookie()
    name, _, value = cookie.partition("=")
    words = {"cookie": cookie, "cookie name": name, "cookie value": value, "token": server.token}
    shown = {header: word.format_map(words) for header, word in face.items()} | {"origin": server.url}
    for method, path in routes:
        answer = stranger.request(
            method, "/api/v1" + path.replace("{session_id}", str(uuid4())), headers=shown
        )
        assert answer.status_code == 401, (method, path)
        assert answer.json()["code"] == "not_signed_in"


def test_the_token_in_the_file_is_the_owners_and_only_theirs_to_read(server: Server) -> None:
    assert (server.data / "api-token").stat().st_mode & 0o777 == 0o600
    with server.client() as client:
        assert client.get("me").json()["name"] == "You"


@pytest.mark.parametrize("changed", [{"origin": None}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}])
def test_a_cookie_changes_nothing_for_another_sites_page(
    server: Server, stranger: httpx2.Client, changed: dict[str, str | None]
) -> None:
    own_page = {"cookie": server.cookie(), "origin": server.url, "sec-fetch-site": "same-origin"}
    assert stranger.post("/api/v1/sessions", headers=own_page).status_code == 201
    foreign = {name: value for name, value in {**own_page, **changed}.items() if value is not None}
    for method, path in documented(server):
        if method in {"get", "head"} and "origin" not in changed:
            continue
        if method == "get" and changed["origin"] is None:
            continue
        answer = stranger.request(method, f"/api/v1{path}", headers=foreign)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), (method, path)


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
        ("/readyz", 200),
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


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"place": scope["place"], "client": scope["client"][0]})(scope, receive, send)


def asked(settings: Settings, tmp_path: Path, peer: str = "192.0.2.1") -> httpx2.AsyncClient:
    """A guard that nobody stands behind, and somebody who asks it."""
    transport = httpx2.ASGITransport(Guard(page, settings, tmp_path, "key"), client=(peer, 4000))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000")


OIDC = Settings(maestro_auth="oidc", maestro_limits="off")


@pytest.mark.parametrize(
    ("address", "way_on"),
    [
        ("/", "/"),
        ("/s/42", "/s/42"),
        ("/device?code=AB-CD", "/device%3Fcode%3DAB-CD"),
        ("//evil.example/", "//evil.example/"),
        ("/settings?a=1&b=2", "/settings%3Fa%3D1%26b%3D2"),
    ],
)
async def test_where_people_sign_in_a_stranger_is_led_there(
    tmp_path: Path, address: str, way_on: str
) -> None:
    async with asked(OIDC, tmp_path) as client:
        url = httpx2.URL("http://127.0.0.1:3000").copy_with(raw_path=address.encode())
        answer = await client.get(url)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={way_on}")
        assert is_careful(answer)
        assert (await client.post("/")).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/maestro.css", 200),
        ("/assets/page.js", 200),
        ("/login", 200),
        ("/auth/callback", 200),
        ("/api/v1/cli/auth/token", 200),
        ("/api/v1/openapi.json", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/api/v1/cli/auth", 401),
        ("/api/v1/sessions", 401),
        ("/_event/", 401),
        ("/authority", 303),
        ("/login2", 303),
    ],
)
async def test_where_people_sign_in_only_what_leads_there_is_open(
    tmp_path: Path, path: str, status: int
) -> None:
    async with asked(OIDC, tmp_path) as client:
        assert (await client.get(path)).status_code == status


@pytest.mark.parametrize(
    ("peer", "proxies", "believed"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("10.0.0.1", "10.0.0.0/8", "203.0.113.9"),
        ("192.0.2.1", "10.0.0.0/8", "192.0.2.1"),
    ],
)
async def test_a_header_names_the_place_only_when_a_listed_proxy_wrote_it(
    tmp_path: Path, peer: str, proxies: str, believed: str
) -> None:
    """S08."""
    settings = Settings(maestro_trusted_proxies=proxies)
    async with asked(settings, tmp_path, peer) as client:
        answer = await client.get("/", headers={"x-forwarded-for": "127.0.0.1, 203.0.113.9"})
        assert answer.json() == {"place": believed, "client": believed}


def test_every_answer_has_the_id_of_its_request(stranger: httpx2.Client) -> None:
    first, second = stranger.get("/healthz"), stranger.get("/healthz")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    named = stranger.get("/api/v1/me", headers={"x-request-id": "from-the-proxy.1"})
    assert named.headers["x-request-id"] == named.json()["request_id"] == "from-the-proxy.1"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "sessions/nowhere", 404), ("POST", "me", 405), ("PATCH", "sessions/a", 422)],
)
def test_what_went_wrong_is_found_in_the_log_by_its_request(
    server: Server, api: httpx2.Client, method: str, path: str, status: int
) -> None:
    named = f"looked-for-{uuid4().hex}"
    answer = api.request(method, path, headers={"x-request-id": named}, json=None if method == "GET" else [])
    assert (answer.status_code, answer.json()["request_id"]) == (status, named)
    [line] = [line for line in server.log.read_text().splitlines() if named in line]
    who = api.get("me").json()["id"]
    assert all(word in line for word in ("problem", str(status), f"/api/v1/{path}", who))


@pytest.mark.parametrize("wished", ["short", "x" * 65, "a b c d e f", "<script>alert", "a:b:c:d:e:f"])
def test_an_id_that_could_forge_a_line_of_the_log_is_not_taken(stranger: httpx2.Client, wished: str) -> None:
    answer = stranger.get("/healthz", headers={"x-request-id": wished.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_what_has_a_version_in_its_address_is_kept_and_all_else_asked_for_anew(
    server: Server, stranger: httpx2.Client
) -> None:
    page = stranger.get("/", headers=own(server))
    assert page.headers["cache-control"] == "no-cache"
    versioned = re.findall(r'(?:src|href)="(/(?:assets/|\w+\.js\?v=)[^"]+)"', page.text)
    assert any(path.startswith("/later.js?v=") for path in versioned)
    assert any(path.startswith("/assets/") for path in versioned)
    for path in versioned:
        assert "immutable" in stranger.get(path, headers=own(server)).headers["cache-control"]
    for path in ("/assets/gone-1a.js", "/maestro.css"):
        assert stranger.get(path, headers=own(server)).headers["cache-control"] == "no-cache"
