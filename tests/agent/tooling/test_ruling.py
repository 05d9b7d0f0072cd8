from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from agent import sessions
from agent.core.errors import Invalid, LimitReached, MaestroError, NotFound
from agent.core.identity import Session, User
from agent.core.tools import Kind
from agent.store.audit import entries_of
from agent.store.columns import now
from agent.store.engine import reading
from agent.tooling.permissions import Permission, PermissionChanges, change_permission
from agent.tooling.ruling import (
    NewRule,
    StoredRule,
    add_rule,
    count_hit,
    drafted,
    remove_rule,
    rules,
    standing,
)
from tests.agent.sessions.talk import sqlite_only

KINDS: dict[str, Kind] = {"shell": "execute", "edit": "edit"}
SOON = timedelta(hours=1)
ABSENT = "0198c0de-0000-7000-8000-000000000000"


@pytest.fixture
async def session(owner: User) -> Session:
    return await sessions.create(owner, model="demo:scripted")


def new(**fields: Any) -> NewRule:
    return NewRule(**{"tool": "shell", "decision": "allow", "commands": ("git log",), **fields})


async def added(user: User, session: Session | None = None, **fields: Any) -> StoredRule:
    return await add_rule(user, new(**fields), KINDS, session)


async def refusal(user: User, session: Session | None = None, **fields: Any) -> MaestroError:
    with pytest.raises((Invalid, LimitReached, NotFound)) as told:
        await added(user, session, **fields)
    assert await rules(user, KINDS) == []
    return told.value


async def test_a_rule_is_listed_as_it_was_added(owner: User) -> None:
    first = await added(owner, expires_at=now() + SOON)
    second = await added(owner, tool="edit", decision="deny", commands=(), paths=("src/**",))
    assert await rules(owner, KINDS) == [second, first]
    assert (first.commands, first.source, first.hits, first.last_hit_at) == (("git log",), "person", 0, None)
    assert (second.paths, second.decision, second.is_wide) == (("src/**",), "deny", False)


async def test_a_rule_holds_at_the_next_call_and_no_longer_than_it_is_kept(
    owner: User, session: Session
) -> None:
    kept = await added(owner)
    here = await added(owner, session, session_id=session.id)
    [first, second] = (await standing(owner, session)).rules
    assert (first.id, second.id, second.session_id) == (kept.id, here.id, session.id)
    beside = await sessions.create(owner, model="demo:scripted")
    assert [rule.id for rule in (await standing(owner, beside)).rules] == [kept.id]
    await remove_rule(owner, kept.id)
    assert [rule.id for rule in (await standing(owner, session)).rules] == [here.id]


async def test_permissions_stand_beside_the_rules(owner: User, session: Session) -> None:
    assert (await standing(owner, session)).permission("shell") == Permission(tool="shell")
    changed = await change_permission(owner, "shell", PermissionChanges(sandbox_bypassed=True), KINDS)
    found = await standing(owner, session)
    assert found.permission("shell") == changed
    assert not found.shuts_off("shell")


@pytest.mark.parametrize(
    ("rule", "is_shut_off"),
    [
        ({"tool": "shell", "commands": ()}, True),
        ({"tool": "*", "commands": ()}, True),
        ({"tool": "edit", "commands": ()}, False),
        ({"tool": "shell"}, False),
        ({"tool": "shell", "commands": (), "arguments": {}}, False),
        ({"tool": "*", "commands": (), "paths": ("**",)}, False),
        ({"tool": "shell", "commands": (), "decision": "ask"}, False),
    ],
)
async def test_a_tool_that_can_never_pass_is_shut_off(
    owner: User, session: Session, rule: dict[str, Any], *, is_shut_off: bool
) -> None:
    await added(owner, **{"decision": "deny", **rule})
    assert (await standing(owner, session)).shuts_off("shell") == is_shut_off


async def test_a_tool_that_is_switched_off_is_shut_off(owner: User, session: Session) -> None:
    await change_permission(owner, "edit", PermissionChanges(is_enabled=False), KINDS)
    found = await standing(owner, session)
    assert (found.shuts_off("edit"), found.shuts_off("shell")) == (True, False)


async def test_nobody_sees_changes_or_profits_from_the_rules_of_others(
    owner: User, other: User, session: Session
) -> None:
    mine = await added(owner)
    theirs = await added(other, decision="deny")
    assert [rule.id for rule in await rules(other, KINDS)] == [theirs.id]
    assert [rule.id for rule in (await standing(owner, session)).rules] == [mine.id]
    await count_hit(other, mine.id)
    for attempt in (
        lambda: remove_rule(other, mine.id),
        lambda: standing(other, session),
        lambda: added(other, session_id=session.id),
        lambda: added(other, session, session_id=session.id),
        lambda: added(other, session),
    ):
        with pytest.raises(NotFound):
            await attempt()
    assert await rules(owner, KINDS) == [mine]
    assert [entry.action for entry in await reading(lambda store: entries_of(store, other.id, 0, 9))] == [
        "rule_added"
    ]


@pytest.mark.parametrize("rule_id", ["", "no-id", "' OR 1=1", "\0", "\ud800", "-" * 36, ABSENT])
async def test_a_rule_that_is_not_there_cannot_be_removed(owner: User, rule_id: str) -> None:
    with pytest.raises(NotFound):
        await remove_rule(owner, rule_id)
    await count_hit(owner, rule_id)


async def test_a_hit_is_counted(owner: User) -> None:
    kept = await added(owner)
    await count_hit(owner, kept.id)
    [shown] = await rules(owner, KINDS)
    assert shown.hits == 1
    assert shown.last_hit_at is not None


@pytest.mark.parametrize(
    ("fields", "is_wide"),
    [
        ({"commands": ()}, True),
        ({}, False),
        ({"commands": (), "arguments": {"command": "ls"}}, False),
        ({"commands": (), "paths": ("src/**",)}, True),
        ({"tool": "*", "commands": (), "paths": ("**",)}, True),
        ({"commands": (), "decision": "deny"}, False),
        ({"tool": "edit", "commands": ()}, False),
    ],
)
async def test_a_rule_that_lets_any_program_run_is_wide(
    owner: User, fields: dict[str, Any], *, is_wide: bool
) -> None:
    assert (await added(owner, **fields)).is_wide == is_wide


async def test_a_draft_says_what_its_rule_would_and_nothing_is_stored(owner: User) -> None:
    draft = drafted(owner, new(), KINDS)
    assert (draft.commands, draft.decision, draft.source, draft.hits) == (("git log",), "allow", "person", 0)
    assert drafted(owner, new(commands=()), KINDS).is_wide
    assert drafted(owner, new(decision="deny", commands=()), KINDS).shuts_off
    assert not drafted(owner, new(decision="deny"), KINDS).shuts_off
    assert await rules(owner, KINDS) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tool": "nothing"}, "tool_unknown"),
        ({"tool": "edit"}, "rule_commands"),
        ({"tool": "*", "commands": ()}, "rule_too_wide"),
        ({"workspace": "here"}, "rule_scope"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "rule_expiry"),
    ],
)
def test_what_cannot_be_added_cannot_be_drafted(fields: dict[str, Any], code: str) -> None:
    nobody = User(id=ABSENT, email="", name="", provider="test")
    with pytest.raises(Invalid) as told:
        drafted(nobody, new(**fields), KINDS)
    assert told.value.code == code


@sqlite_only
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tool": "nothing"}, "tool_unknown"),
        ({"tool": ""}, "tool_unknown"),
        ({"tool": "shell\0"}, "tool_unknown"),
        ({"tool": "*", "commands": ()}, "rule_too_wide"),
        ({"tool": "edit"}, "rule_commands"),
        ({"commands": (" ",)}, "rule_says_nothing"),
        ({"commands": ("x",) * 10_000}, "rule_too_long"),
        ({"arguments": {"a": [[["\ud800"]]]}, "commands": ()}, "rule_unreadable"),
        ({"expires_at": datetime(2000, 1, 1, tzinfo=UTC)}, "rule_expiry"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "rule_expiry"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "rule_expiry"),
        ({"workspace": "relative"}, "rule_scope"),
        ({"workspace": "/a/../b"}, "rule_scope"),
        ({"workspace": "/a/"}, "rule_scope"),
        ({"workspace": "/a\0"}, "rule_scope"),
        ({"session_id": ABSENT}, "session"),
        ({"session_id": "\0"}, "session"),
    ],
)
async def test_what_makes_no_sense_is_refused(owner: User, fields: dict[str, Any], code: str) -> None:
    assert (await refusal(owner, **fields)).code == code


async def test_a_rule_has_one_scope(owner: User, session: Session) -> None:
    both = {"session_id": session.id, "workspace": session.workspace}
    assert (await refusal(owner, session, **both)).code == "rule_scope"


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": "perhaps"},
        {"commands": ("x" * 10_001,)},
        {"commands": ("x",) * 10_001},
        {"commands": ("\ud800",)},
        {"tool": "\ud800"},
        {"workspace": "/\ud800"},
        {"expires_at": "2999-01-01T00:00:00"},
        {"is_admin": True},
        {"id": "x"},
        {"user_id": "x"},
    ],
)
def test_what_is_no_rule_is_not_even_read(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        new(**fields)
