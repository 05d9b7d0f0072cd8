from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth import cookie_of
from tests.app.serving import Server
from tests.app.tabs import CHAT, opened

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
    assert cookie_of(f"{other}; maestro-80=mss_x", 80) == "mss_x"
    assert cookie_of(f"maestro-80=mss_x; {other}", 80) == "mss_x"


@given(st.text())
def test_any_header_can_be_read(header: str) -> None:
    assert isinstance(cookie_of(header, 80), str)


def test_no_cookie_is_an_empty_one() -> None:
    assert cookie_of("", 80) == cookie_of("maestro-80", 80) == cookie_of("maestro-8080=x", 80) == ""


async def test_a_tab_whose_cookie_no_longer_holds_is_told_so(server: Server) -> None:
    cookie = server.cookie()
    async with opened(server, cookie=cookie) as tab:
        server.sign_out(cookie)
        for mode in cycle(["plan", "edit"]):  # who asks is remembered for a moment
            await tab.send(f"{CHAT}.choose_mode", {"mode": mode})
            await tab.until(lambda mode=mode: tab.sentence or tab.of(CHAT, "mode") == mode)
            if tab.sentence:
                break
        assert "not signed in" in tab.sentence


def test_the_cookie_holds_for_the_api_too(server: Server) -> None:
    with server.stranger() as browser:
        known = browser.get("/api/v1/me", headers={"cookie": server.cookie()})
        assert known.status_code == 200
        assert known.json()["provider"] == "local"
        forged = browser.get("/api/v1/me", headers={"cookie": "maestro=mss_forged"})
        assert forged.status_code == 401
