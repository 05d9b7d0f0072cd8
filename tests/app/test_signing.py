"""Signing in and out over HTTP, at a certified issuer."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from uuid import uuid4

import httpx2
import pytest

from agent.config import Settings
from app.signing import Signing, within
from app.words.signing import LOGIN_ERRORS
from tests.app.serving import VISIT, Server
from tests.app.signing_in import Community, community, leads_to

LISTED = "boss@example.org,unverified@example.org"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Community]:
    folder = tmp_path_factory.mktemp("signing")
    with community(folder, MAESTRO_LIMITS="off", MAESTRO_ADMINS=LISTED) as running:
        yield running


@pytest.fixture
def anna(here: Community) -> Iterator[httpx2.Client]:
    """A browser of somebody new."""
    with here.signed_in(f"anna-{uuid4().hex[:8]}") as browser:
        yield browser


@pytest.fixture
def boss(here: Community) -> Iterator[httpx2.Client]:
    with here.signed_in("boss") as browser:
        yield browser


def cookies(answer: httpx2.Response) -> SimpleCookie:
    return SimpleCookie("\n".join(answer.headers.get_list("set-cookie")))


def failed(here: Community, browser: httpx2.Client, **back: str) -> str:
    """The code that a return ends with; nobody is signed in by it."""
    status, path, query = leads_to(browser.get("/auth/callback", params=back))
    assert (status, path) == (303, "/login")
    assert browser.get("/api/v1/me").status_code == 401
    assert f"maestro-{here.server.port}" not in browser.cookies
    return query["error"]


def test_somebody_signs_in_and_goes_on_where_they_were_going(here: Community) -> None:
    with here.browser() as browser:
        status, path, query = leads_to(browser.get("/s/42?full=1", headers=VISIT))
        assert (status, path, query) == (303, "/login", {"next": "/s/42%3Ffull%3D1"})
        page = browser.get("/login?next=/s/42%3Ffull%3D1").text
        assert 'href="/auth/login?next=%2Fs%2F42%3Ffull%3D1"' in page
        back = browser.get("/auth/callback", params=here.leave(browser, "ada", "/s/42?full=1"))
        assert back.headers["location"] == "/s/42?full=1"
        me = browser.get("/api/v1/me").json()
    assert (me["email"], me["name"], me["provider"]) == ("ada@example.org", "ada", here.issuer)


def test_the_cookie_is_one_that_no_script_and_no_other_site_gets(here: Community) -> None:
    with here.browser() as browser:
        left = cookies(browser.get("/auth/login"))[f"maestro-signing-{here.server.port}"]
        back = cookies(browser.get("/auth/callback", params=here.leave(browser, "ada")))
    kept, ended = back[f"maestro-{here.server.port}"], back[f"maestro-signing-{here.server.port}"]
    for cookie in (left, kept, ended):
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert (left["max-age"], kept["max-age"], ended["max-age"]) == ("600", str(30 * 86400), "0")
    assert kept.value.startswith("mss_")


def test_on_https_cookies_belong_to_this_host_alone() -> None:
    private = Settings(maestro_public_url="https://maestro.example.org", maestro_port=3000)
    cookie = Signing(private)._cookie("x", 600)
    assert cookie == "__Host-maestro-signing-3000=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure"


def test_a_cookie_from_before_is_worth_nothing_after(here: Community, anna: httpx2.Client) -> None:
    before = here.cookie(anna)
    back = anna.get("/auth/callback", params=here.leave(anna, "ada"))
    assert back.status_code == 303
    assert here.cookie(anna) != before
    with here.browser() as thief:
        assert thief.get("/api/v1/me", headers={"cookie": before}).status_code == 401
    assert anna.get("/api/v1/me").json()["name"] == "ada"


def test_a_cookie_that_somebody_planted_is_not_the_one_that_is_signed_in(here: Community) -> None:
    planted = "mss_" + "p" * 43
    with here.browser() as browser:
        browser.cookies.set(f"maestro-{here.server.port}", planted, domain="127.0.0.1")
        browser.get("/auth/callback", params=here.leave(browser, "ada"))
        assert planted not in here.cookie(browser)
    with here.browser() as thief:
        planted = f"maestro-{here.server.port}={planted}"
        assert thief.get("/api/v1/me", headers={"cookie": planted}).status_code == 401


def test_a_return_without_its_state_is_refused(here: Community) -> None:
    with here.browser() as browser:
        back = here.leave(browser, "ada")
        assert failed(here, browser, code=back["code"]) == "login_state"
        assert failed(here, browser, **{**back, "state": "x" * 43}) == "login_state"
        assert failed(here, browser) == "login_state"


def test_a_return_in_another_browser_is_refused(here: Community) -> None:
    with here.browser() as mallory, here.browser() as victim:
        back = here.leave(mallory, "mallory")
        assert failed(here, victim, **back) == "login_state"
        victim.get("/auth/login")
        assert failed(here, victim, **back) == "login_state"


def test_a_return_counts_once(here: Community) -> None:
    with here.browser() as browser:
        browser_cookie = {"cookie": f"maestro-signing-{here.server.port}=" + "b" * 43}
        left = browser.get("/auth/login", headers=browser_cookie)
        assert left.status_code == 303
        back = here.leave(browser, "ada")
        assert browser.get("/auth/callback", params=back).headers["location"] == "/"
        again = browser.get("/auth/callback", params=back)
    assert leads_to(again) == (303, "/login", {"error": "login_state"})
    assert "set-cookie" not in again.headers


def test_a_return_that_says_something_twice_is_refused(here: Community) -> None:
    with here.browser() as browser:
        back = here.leave(browser, "ada")
        twice = [*back.items(), ("state", back["state"])]
        assert leads_to(browser.get("/auth/callback", params=twice))[2] == {"error": "login_state"}


def test_who_says_no_is_told_so(here: Community) -> None:
    with here.browser() as browser:
        left = browser.get("/auth/login", params={"next": "/s/42"})
        state = leads_to(left)[2]["state"]
        back = {"error": "access_denied", "state": state, "iss": here.issuer}
        assert failed(here, browser, **back) == "login_denied"


@pytest.mark.parametrize("onward", ["//evil.example.org", r"/\evil", "https://evil.example.org", "/%2fevil"])
def test_nobody_is_sent_away_from_the_site(here: Community, onward: str) -> None:
    with here.browser() as browser:
        page = browser.get("/login", params={"next": onward}).text
        assert "evil" not in page
        back = here.leave(browser, "ada", onward)
        assert browser.get("/auth/callback", params=back).headers["location"] == "/"
        assert browser.get("/login", params={"next": onward}).headers["location"] == "/"


@pytest.mark.parametrize(
    ("onward", "kept"),
    [
        ("/s/ä?q=ö", "/s/%C3%A4?q=%C3%B6"),
        ("/s/a b", "/s/a%20b"),
        ("/" + "x" * 3000, "/"),
        ("/x\r\nset-cookie: a=b", "/"),
        ("/%0d%0aset-cookie: a=b", "/"),
        ("/%25252f%25252fevil", "/%25252f%25252fevil"),
        ("/\u2028x", "/%E2%80%A8x"),
        ("/_event", "/"),
        ("javascript:alert(1)", "/"),
        ("\\\\evil", "/"),
        ("/@evil", "/@evil"),
    ],
)
def test_an_address_to_go_on_to_is_one_of_this_site(onward: str, kept: str) -> None:
    assert within(onward) == kept


def test_the_page_says_what_went_wrong_in_its_own_words_alone(here: Community) -> None:
    with here.browser() as browser:
        for code, sentence in LOGIN_ERRORS.items():
            assert sentence in browser.get("/login", params={"error": code}).text
        for odd in ("<script>alert(1)</script>", "internal", "You won! Call 0800"):
            page = browser.get("/login", params={"error": odd})
            assert odd not in page.text
            assert 'role="alert"' not in page.text


def test_the_page_needs_no_script_and_is_kept_nowhere(here: Community) -> None:
    with here.browser() as browser:
        page = browser.get("/login")
    assert page.headers["cache-control"] == "no-store"
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_signing_out_ends_the_sign_in(here: Community, anna: httpx2.Client) -> None:
    cookie = here.cookie(anna)
    out = anna.post("/auth/logout")
    assert leads_to(out) == (303, "/login", {})
    assert cookies(out)[f"maestro-{here.server.port}"]["max-age"] == "0"
    with here.browser() as thief:
        assert thief.get("/api/v1/me", headers={"cookie": cookie}).status_code == 401
    assert anna.post("/auth/logout").status_code == 303


def test_nobody_is_signed_out_by_another_site(anna: httpx2.Client) -> None:
    for origin in ("https://evil.example.org", "null", ""):
        assert anna.post("/auth/logout", headers={"origin": origin}).status_code == 403
    assert anna.get("/auth/logout").status_code == 404
    assert anna.get("/api/v1/me").status_code == 200


def test_who_is_signed_in_needs_no_page_to_sign_in(anna: httpx2.Client) -> None:
    assert leads_to(anna.get("/login?next=/settings")) == (303, "/settings", {})


def test_without_an_issuer_there_is_nothing_to_sign_in_to(server: Server) -> None:
    with server.stranger() as browser:
        assert leads_to(browser.get("/login")) == (303, "/", {})
        assert leads_to(browser.get("/auth/login")) == (303, "/", {})
        back = browser.get("/auth/callback?state=x&code=y")
    assert back.headers["location"].startswith("/login")


def test_strangers_get_nothing_but_the_way_in(here: Community) -> None:
    with here.browser() as browser:
        assert browser.get("/api/v1/sessions").status_code == 401
        assert browser.get("/healthz").status_code == 200
        assert leads_to(browser.get("/", headers=VISIT))[1] == "/login"
        assert leads_to(browser.get("/settings"))[1] == "/login"
        assert not browser.cookies


def test_a_listed_address_that_nobody_verified_is_no_administrators(
    here: Community, boss: httpx2.Client
) -> None:
    assert boss.get("/api/v1/me").json()["is_admin"]
    with here.signed_in("unverified") as browser:
        assert not browser.get("/api/v1/me").json()["is_admin"]


def test_one_sees_and_ends_where_one_is_signed_in(here: Community) -> None:
    name = f"eve-{uuid4().hex[:8]}"
    with here.signed_in(name) as first, here.signed_in(name) as second:
        second_id, first_id = [one["id"] for one in second.get("/api/v1/me/sign-ins").json()]
        [current] = [one for one in second.get("/api/v1/me/sign-ins").json() if one["is_current"]]
        assert current["id"] == second_id
        assert second.delete(f"/api/v1/me/sign-ins/{first_id}").status_code == 204
        assert second.delete(f"/api/v1/me/sign-ins/{first_id}").status_code == 404
        assert first.get("/api/v1/me").status_code == 401
        assert second.post("/api/v1/me/sign-out-everywhere").status_code == 204
        assert second.get("/api/v1/me").status_code == 401


def test_somebody_removes_themselves(here: Community, anna: httpx2.Client) -> None:
    me = anna.get("/api/v1/me").json()["id"]
    session = anna.post("/api/v1/sessions", json={"name": "Mine"}).json()
    assert here.server.stored(session["id"])
    assert anna.delete(f"/api/v1/users/{me}").status_code == 204
    assert here.server.stored(session["id"]) is None
    assert anna.get("/api/v1/me").status_code == 401


def test_no_secret_of_a_sign_in_stands_in_the_log_or_the_database(here: Community) -> None:
    with here.browser() as browser:
        left = browser.get("/auth/login")
        asked = leads_to(left)[2]
        back = here.leave(browser, "ada")
        browser.get("/auth/callback", params=back)
        secret = [here.cookie(browser).partition("=")[2], back["code"], back["state"], asked["nonce"]]
    kept = here.server.log.read_bytes() + b"".join(
        file.read_bytes() for file in here.server.data.glob("app.db*")
    )
    assert [word for word in secret if word.encode() in kept] == []


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Community]:
    """A server of guests, who may sign in; too much is refused there."""
    with community(tmp_path_factory.mktemp("guests"), MAESTRO_AUTH="anonymous") as running:
        yield running


def test_a_guest_signs_in_and_keeps_what_was_begun(open_house: Community) -> None:
    with open_house.browser() as browser:
        browser.get("/", headers=VISIT)
        before = open_house.cookie(browser)
        session = browser.post("/api/v1/sessions", json={"name": "Begun as a guest"}).json()["id"]
        page = browser.get("/login").text
        assert "Go on as a guest" in page
        assert browser.get("/auth/callback", params=open_house.leave(browser, "ada")).status_code == 303
        assert browser.get("/api/v1/me").json()["name"] == "ada"
        assert browser.get(f"/api/v1/sessions/{session}").status_code == 200
        assert open_house.cookie(browser) != before
        assert leads_to(browser.post("/auth/logout")) == (303, "/", {})
    with open_house.browser() as thief:
        assert thief.get("/api/v1/me", headers={"cookie": before}).status_code == 401


def test_who_tries_again_and_again_is_told_to_wait(open_house: Community) -> None:
    with open_house.browser() as browser:
        refused = next(
            answer
            for _ in range(40)
            if (answer := browser.get("/auth/callback?state=x&code=y")).status_code != 303
        )
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert 'role="alert"' in refused.text
