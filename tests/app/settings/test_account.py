from uuid import uuid4

from tests.app.serving import Server
from tests.app.settings.test_people import neighbours_cookie
from tests.app.tabs import STATE, opened

ACCOUNT = f"{STATE}.app___settings___account____account_state"


def email_of(server: Server, cookie: str) -> str:
    with server.stranger() as browser:
        found = browser.get("/api/v1/me", headers={"cookie": cookie})
        return found.json()["email"] if found.status_code == 200 else ""


async def test_who_types_their_address_is_gone(server: Server) -> None:
    cookie = neighbours_cookie(server)
    email = email_of(server, cookie)
    async with opened(server, "/settings", cookie=cookie) as tab:
        for typed in ("", uuid4().hex, "owner@localhost"):
            await tab.send(f"{ACCOUNT}.leave", {"form": {"email": typed}})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "That is not the e-mail address of this account. Nothing was deleted."
        assert email_of(server, cookie) == email
        await tab.send(f"{ACCOUNT}.leave", {"form": {"email": f" {email.upper()} "}})
        await tab.until(lambda: "/login" in str(tab.events))
    assert email_of(server, cookie) == ""
    with server.database() as database:
        found = database.execute("SELECT count(*) FROM users WHERE email = ?", [email])
        assert found.fetchone() == (0,)


async def test_the_owner_of_a_server_stays(server: Server) -> None:
    async with opened(server, "/settings") as tab:
        await tab.send(f"{ACCOUNT}.leave", {"form": {"email": "owner@localhost"}})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "In local mode the owner stays: there is nobody else."
