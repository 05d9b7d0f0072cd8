import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from agent.config import Settings
from app.auth import cookie_header, cookie_name, cookie_of
from tests.app.serving import Server
from tests.app.tabs import CHAT, opened

HERE = Settings(maestro_port=80)
PUBLIC = Settings(maestro_port=80, maestro_public_url="https://maestro.example.org")
OTHERS = [
    'a={"b": [1, 2]}',
    "a=b c",
    "a[1]=3",
    "theme",
    "=x",
    "a@b=1",
    "expires=never",
    "other_maestro=x",
    "a=é",
]


@pytest.mark.parametrize("other", OTHERS)
def test_cookies_of_other_programs_do_not_hide_ours(other: str) -> None:
    assert cookie_of(f"{other}; maestro-80=mss_x", HERE) == "mss_x"
    assert cookie_of(f"maestro-80=mss_x; {other}", HERE) == "mss_x"


@given(st.text())
def test_any_header_can_be_read(header: str) -> None:
    assert isinstance(cookie_of(header, HERE), str)


def test_no_cookie_is_an_empty_one() -> None:
    for header in ("", "maestro-80", "maestro-8080=x"):
        assert cookie_of(header, HERE) == ""


def test_over_https_a_cookie_is_this_hosts_alone() -> None:
    assert cookie_name(PUBLIC) == "__Host-maestro-80"
    name, *attributes = cookie_header(PUBLIC, "mss_x", 60).split("; ")
    assert name == "__Host-maestro-80=mss_x"
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=60", "Secure"}
    assert cookie_of("maestro-80=mss_planted_over_http", PUBLIC) == ""


async def test_a_tab_whose_cookie_no_longer_holds_is_closed(server: Server) -> None:
    cookie = server.cookie()
    async with opened(server, cookie=cookie) as tab:
        await tab.send(f"{CHAT}.choose_mode", {"mode": "plan"})
        await tab.until(lambda: tab.of(CHAT, "mode") == "plan")
        server.sign_out(cookie)
        with pytest.raises(ConnectionClosed) as closed:
            await tab.until(lambda: False)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1008


def test_the_cookie_holds_for_the_api_too(server: Server) -> None:
    with server.stranger() as browser:
        known = browser.get("/api/v1/me", headers={"cookie": server.cookie()})
        assert known.status_code == 200
        assert known.json()["provider"] == "local"
        forged = browser.get("/api/v1/me", headers={"cookie": "maestro=mss_forged"})
        assert forged.status_code == 401
