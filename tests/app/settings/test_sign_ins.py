from datetime import UTC, datetime, timedelta

import pytest

from agent.accounts import SignIn
from app.settings.sign_ins import browser_named, browser_shown
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

SIGN_INS = f"{STATE}.app___settings___sign_ins____sign_ins_state"
SAID = f"{STATE}.app___settings___said____said_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def own(tab: Tab) -> list[str]:
    return [one["id"] for one in tab.of(SIGN_INS, "browsers") or [] if one["is_this"]]


def test_a_browser_is_told_in_words() -> None:
    one = SignIn(
        id="1",
        browser="Firefox on Linux",
        place="192.0.2.7",
        created_at=NOW - timedelta(days=3),
        last_used_at=NOW,
        expires_at=NOW + timedelta(days=27),
    )
    shown = browser_shown(one, "1", NOW)
    assert (shown.name, shown.is_this) == ("Firefox on Linux", True)
    assert shown.notes == "192.0.2.7 · since 3 days ago · used just now"
    assert browser_shown(one.model_copy(update={"browser": ""}), "2", NOW).name == "A browser"


EDGE = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
IPHONE = "Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {EDGE}", "Edge on Windows"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {IPHONE}", "Safari on an iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on macOS",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8", "Curl/8"),
    ],
)
def test_a_browser_is_called_as_people_call_it(said: str, name: str) -> None:
    assert browser_named(said) == name


async def test_the_browser_that_looks_is_marked_and_another_can_be_signed_out(server: Server) -> None:
    other = server.cookie()
    async with opened(server, "/settings", cookie=other) as theirs:
        await theirs.send(f"{SIGN_INS}.look")
        await theirs.until(lambda: own(theirs))
        [ended] = own(theirs)
    async with opened(server, "/settings") as tab:
        await tab.send(f"{SIGN_INS}.look")
        await tab.until(lambda: own(tab))
        assert len(own(tab)) == 1
        assert own(tab) != [ended]
        await tab.send(f"{SIGN_INS}.end", {"sign_in_id": ended})
        await tab.until(lambda: tab.of(SAID, "sentence") == "The browser is signed out.")
    with server.stranger() as browser:
        assert browser.get("/api/v1/me", headers={"cookie": other}).status_code == 401
