from datetime import UTC, datetime
from uuid import UUID, uuid4

from agent.accounts import Person
from agent.accounts.tokens import hashed, new_token
from app.settings.people import person_shown
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

PEOPLE = f"{STATE}.app___settings___people____people_state"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_person_is_told_in_words() -> None:
    ada = Person(
        id="1",
        email="ada@example.org",
        name="Ada",
        provider="google",
        is_admin=True,
        created_at=NOW,
        last_used_at=None,
    )
    shown = person_shown(ada, "1", NOW)
    assert (shown.name, shown.is_admin, shown.is_you) == ("Ada", True, True)
    assert shown.notes == "ada@example.org · not here lately"
    assert person_shown(ada.model_copy(update={"name": ""}), "2", NOW).name == "ada@example.org"


def appointed(tab: Tab, user_id: str) -> bool:
    """Whether somebody is shown as an administrator."""
    return any(one["is_admin"] for one in tab.of(PEOPLE, "people") if one["id"] == user_id)


def neighbours_cookie(server: Server) -> str:
    """Sign another person in, as no administrator."""
    token, _ = server.neighbour()
    cookie = new_token("mss")
    with server.database() as database:
        database.execute(
            "INSERT INTO login_sessions"
            " (id, user_id, token_hash, browser, place, created_at, expires_at, prompts)"
            " SELECT ?, user_id, ?, '', '', created_at, '2999-01-01 00:00:00', 0 FROM api_tokens"
            " WHERE token_hash = ?",
            [uuid4().hex, hashed(cookie), hashed(token)],
        )
    return f"maestro-{server.port}={cookie}"


async def test_an_administrator_sees_people_and_appoints_one(server: Server) -> None:
    server.neighbour()
    async with opened(server, "/settings") as tab:
        await tab.send(f"{PEOPLE}.look")
        await tab.until(lambda: len(tab.of(PEOPLE, "people") or []) > 1)
        other = next(one["id"] for one in tab.of(PEOPLE, "people") if not one["is_admin"])
        await tab.send(f"{PEOPLE}.appoint", {"user_id": other, "on": True})
        await tab.until(lambda: appointed(tab, other))
    with server.database() as database:
        database.execute("UPDATE users SET is_admin = 0 WHERE id = ?", [UUID(other).hex])


async def test_nobody_else_sees_people_or_appoints_one(server: Server) -> None:
    async with opened(server, "/settings", cookie=neighbours_cookie(server)) as tab:
        await tab.send(f"{PEOPLE}.look")
        await tab.until(lambda: tab.sentence)
        assert not tab.of(PEOPLE, "people")
        assert "owner@localhost" not in "".join(tab.heard)
