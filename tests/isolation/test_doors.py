"""The contexts' doors refuse another person's session themselves, whoever fetched it."""

import asyncio
import inspect
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlmodel import Session as Store

from agent import accounts, providers, sessions, tooling
from agent.accounts.tokens import hashed, new_token
from agent.core.errors import NotFound, ToolFailed
from agent.core.identity import Session, User
from agent.core.messages import ToolCall
from agent.core.rules import Rule
from agent.store import migrations
from agent.store.columns import new_id
from agent.store.engine import connect, disconnect, writing
from agent.store.sessions import SessionRow
from agent.store.users import LoginSessionRow, UserRow
from agent.tooling.openapi.calls import Services
from agent.tooling.openapi.keeping import NewService, add_service
from agent.tooling.ruling import standing
from tests.isolation.people import SERVICE
from tests.isolation.weakening import heal, weaken

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE, BOB = (
    User(id=f"0198c0de-0000-7000-8000-00000000000{number}", email=name, name=name, provider="test")
    for number, name in enumerate(("alice", "bob"))
)
OTHERS: dict[str, Any] = {
    "name": "read_file",
    "arguments": {},
    "touched": ["a.txt"],
    "path": "a.txt",
    "known": set(),
    "text": "@a.txt",
    "told": "a",
    "typed": "a",
    "number": 1,
    "call": ToolCall(id="1", name="read_file", arguments={"path": "a.txt"}),
    "rule": Rule(tool="read_file", decision="allow"),
    "new": tooling.NewRule(tool="read_file", decision="ask"),
}
"""What a door takes beside user and session."""


@pytest.fixture
def theirs(tmp_path: Path) -> Session:
    return Session(
        id="0198c0de-0000-7000-8000-000000000009",
        user_id=ALICE.id,
        name="",
        model="demo:scripted",
        mode="ask",
        workspace=str(tmp_path),
        last_seq=0,
        created_at=NOW,
        updated_at=NOW,
    )


def taking_sessions(door: ModuleType) -> Iterator[Callable[..., Awaitable[Any]]]:
    for name in sorted(vars(door).get("__all__", vars(door))):
        found = getattr(door, name)
        if inspect.iscoroutinefunction(found) and "session" in inspect.signature(found).parameters:
            yield found


VERBS = [verb for door in (accounts, providers, sessions, tooling) for verb in taking_sessions(door)]


async def goes_in(verb: Callable[..., Awaitable[Any]], user: User, session: Session) -> bool:
    """Whether a door lets somebody have a session; a tool that then fails was let in."""
    _, *rest = inspect.signature(verb).parameters.values()
    given = {
        each.name: OTHERS[each.name] for each in rest if each.default is each.empty and each.name in OTHERS
    }
    try:
        await verb(user, session=session, **given)
    except NotFound as refused:
        return refused.code != "session"
    except (ToolFailed, IndexError):
        return True
    return True


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
async def test_a_door_refuses_another_persons_session(verb: Callable[..., Any], theirs: Session) -> None:
    assert not await goes_in(verb, BOB, theirs)


def test_many_doors_take_a_session() -> None:
    assert len(VERBS) > 10


async def a_door(theirs: Session) -> bool:
    return await goes_in(tooling.mentioned, BOB, theirs)


async def a_standing(theirs: Session) -> bool:
    return await goes_in(standing, BOB, theirs)


async def a_service(_theirs: Session) -> bool:
    """Whether one finds a service of another's."""
    name = f"pets{secrets.token_hex(4)}"
    await add_service(ALICE, NewService(name=name, text=SERVICE.format(word="Pets")))
    try:
        return name in await Services(BOB).find("list")
    except ToolFailed:
        return False


async def a_claim(_theirs: Session) -> bool:
    """Whether who signs in where one guest was takes another guest's session over."""
    cookie, guests = new_token("mss"), (new_id(), new_id())

    def begin(store: Store) -> None:
        for number, guest in enumerate(guests):
            shown = cookie if number == 0 else new_token("mss")
            store.add(
                LoginSessionRow(anonymous_session_id=guest, token_hash=hashed(shown), expires_at=later())
            )
            store.add(SessionRow(anonymous_session_id=guest, model="demo:m", mode="ask", workspace=""))

    await writing(begin)
    return await accounts.claim(ALICE, cookie) != 1


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


DOORS: dict[str, Callable[[Session], Awaitable[bool]]] = {
    "agent/tooling/__init__.py::_require_owner#0": a_door,
    "agent/tooling/ruling.py::_require_own#0": a_standing,
    "agent/tooling/openapi/calls.py::Services._rows#0": a_service,
    "agent/accounts/guests.py::claim#0": a_claim,
}
"""Checks that no request reaches without passing another one, and what is open without them."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[None]:
    """A database with both."""
    address = f"sqlite:///{tmp_path / 'app.db'}"
    await asyncio.to_thread(migrations.migrate, address)
    connect(address)
    for user in (ALICE, BOB):
        row = UserRow(**user.model_dump(), provider_uid=user.id)
        await writing(lambda opened, row=row: opened.add(row))
    yield
    await disconnect()


@pytest.fixture
def healing() -> Iterator[None]:
    yield
    heal()


@pytest.mark.usefixtures("store", "healing")
@pytest.mark.parametrize("name", DOORS)
async def test_a_doors_check_that_is_gone_is_noticed(theirs: Session, name: str) -> None:
    assert not await DOORS[name](theirs)
    weaken(name)
    assert await DOORS[name](theirs)
