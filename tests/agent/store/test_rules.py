"""Rules within a transaction: what may be kept, and which hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session as Store
from sqlmodel import col, func, select, update

from agent.core.errors import Invalid, LimitReached, MaestroError
from agent.core.identity import Session, User
from agent.core.rules import Rule
from agent.store import rules
from agent.store.audit import entries_of
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from agent.store.rules import RuleRow, add_in, hit_in, holding, remove_in, rule_of
from agent.store.sessions import SessionRow

HOUR = timedelta(hours=1)


def rule(**fields: Any) -> Rule:
    return Rule(**{"tool": "shell", "decision": "allow", "commands": ("git log",), **fields})


async def added(user: User, **fields: Any) -> Rule:
    return await writing(lambda store: rule_of(add_in(store, user.id, rule(**fields), "person")))


async def held(user: User, session: Session, workspace: str = "") -> tuple[Rule, ...]:
    folder = workspace or session.workspace
    return await reading(lambda store: holding(store, user.id, session.id, folder))


async def refusal(user: User, **fields: Any) -> MaestroError:
    with pytest.raises((Invalid, LimitReached)) as told:
        await added(user, **fields)
    return told.value


async def test_a_rule_is_kept_as_it_was_said(owner: User, session: Session) -> None:
    wanted = rule(
        arguments={"command": "git log\n\0", "deep": [1, 1.0, True, {"x": None}]},
        paths=("src/**", "ä\n"),
        expires_at=now() + HOUR,
    )
    kept = await writing(lambda store: rule_of(add_in(store, owner.id, wanted, "answer")))
    assert kept == wanted.model_copy(update={"id": kept.id})
    assert repr(kept.arguments) == repr(wanted.arguments)
    assert await held(owner, session) == (kept,)


async def test_a_rule_holds_in_its_scope_alone(owner: User, session: Session) -> None:
    everywhere = await added(owner)
    here = await added(owner, session_id=session.id)
    folder = await added(owner, workspace=session.workspace)
    elsewhere = await added(owner, workspace="/elsewhere")
    await added(owner, workspace=f"{session.workspace}/inner")
    assert await held(owner, session) == (everywhere, here, folder)
    beside = session.model_copy(update={"id": new_id()})
    assert await held(owner, beside, "/elsewhere") == (everywhere, elsewhere)


async def test_a_rule_holds_until_it_ends(owner: User, session: Session) -> None:
    ending = await added(owner, expires_at=now() + HOUR)
    assert await held(owner, session) == (ending,)
    past = update(RuleRow).where(col(RuleRow.id) == ending.id).values(expires_at=now())
    await writing(lambda store: store.exec(past))
    assert await held(owner, session) == ()


async def test_nobody_profits_from_the_rules_of_others(owner: User, other: User, session: Session) -> None:
    await added(owner)
    await added(owner, session_id=session.id)
    assert await held(other, session) == ()


async def test_a_hit_is_counted_for_its_owner_alone(owner: User, other: User) -> None:
    kept = await added(owner)
    for user in (owner, other, owner):
        await writing(lambda store, user=user: hit_in(store, user.id, kept.id))
    await writing(lambda store: hit_in(store, owner.id, new_id()))
    row = await reading(lambda store: store.get_one(RuleRow, kept.id))
    assert row.hits == 2
    assert row.last_hit_at is not None
    assert row.created_at < row.last_hit_at <= now()


async def test_what_is_added_and_removed_is_written_down(owner: User, session: Session) -> None:
    def work(store: Store) -> RuleRow:
        return add_in(store, owner.id, rule(session_id=session.id), "answer", "the turn")

    row = await writing(work)
    await writing(lambda store: remove_in(store, store.get_one(RuleRow, row.id)))
    removed, set_up = await reading(lambda store: entries_of(store, owner.id, 0, 10))
    assert [set_up.action, removed.action] == ["rule_added", "rule_removed"]
    assert (set_up.session_id, set_up.turn_id, removed.session_id) == (session.id, "the turn", session.id)
    assert row.id in set_up.body
    assert '"git log"' in removed.body
    assert '"source":"answer"' in removed.body


async def test_a_rule_that_is_refused_leaves_nothing(owner: User) -> None:
    await refusal(owner, tool="*", commands=())
    assert await reading(lambda store: store.exec(select(func.count()).select_from(RuleRow)).one()) == 0
    assert await reading(lambda store: entries_of(store, owner.id, 0, 10)) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tool": "*", "commands": ()}, "rule_too_wide"),
        ({"commands": ("",)}, "rule_says_nothing"),
        ({"commands": ("git log", " \t\n")}, "rule_says_nothing"),
        ({"tool": "edit", "commands": (), "paths": ("",)}, "rule_says_nothing"),
        ({"tool": "*", "commands": ("  ",)}, "rule_says_nothing"),
        ({"expires_at": datetime(2000, 1, 1, tzinfo=UTC)}, "rule_expiry"),
        ({"expires_at": datetime(1, 1, 1, tzinfo=UTC)}, "rule_expiry"),
        ({"expires_at": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)}, "rule_expiry"),
        ({"expires_at": datetime(2999, 1, 1)}, "rule_expiry"),  # noqa: DTZ001
        ({"arguments": {"a": "\ud800"}}, "rule_unreadable"),
        ({"arguments": {"\ud800": 1}}, "rule_unreadable"),
        ({"arguments": {"a": float("nan")}}, "rule_unreadable"),
        ({"commands": ("x",) * 10_000}, "rule_too_long"),
        ({"arguments": {"content": "x" * 10_000}}, "rule_too_long"),
    ],
)
async def test_what_cannot_be_a_rule_is_refused(owner: User, fields: dict[str, Any], code: str) -> None:
    assert (await refusal(owner, **fields)).code == code


@pytest.mark.parametrize(
    "fields",
    [
        {"tool": "*", "decision": "ask", "commands": ()},
        {"tool": "*", "decision": "deny", "commands": ()},
        {"tool": "*", "arguments": {}, "commands": ()},
        {"tool": "*"},
    ],
)
async def test_a_rule_over_every_tool_may_be_strict_or_narrow(owner: User, fields: dict[str, Any]) -> None:
    assert (await added(owner, **fields)).tool == "*"


async def test_there_is_an_end_to_rules(
    owner: User, other: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_RULES", 2)
    monkeypatch.setattr(rules, "MOST_IN_ALL", 5)
    for _ in range(2):
        await added(owner)
        await added(owner, session_id=session.id)
    full = await refusal(owner)
    assert (full.code, full.values) == ("rules_full", {"most": 2})
    assert (await refusal(owner, session_id=session.id)).values == {"most": 2}
    assert (await added(other)).id
    ended = update(RuleRow).where(col(RuleRow.session_id).is_(None)).values(expires_at=now() - HOUR)
    await writing(lambda store: store.exec(ended.where(col(RuleRow.user_id) == owner.id)))
    assert (await added(owner)).id
    gone = update(SessionRow).where(col(SessionRow.id) == session.id).values(deleted_at=now())
    await writing(lambda store: store.exec(gone))
    assert (await added(owner, session_id=session.id)).id


async def test_a_rule_that_denies_is_never_forgotten_to_make_room(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = await added(owner, decision="deny")
    monkeypatch.setattr(rules, "MOST_RULES", 1)
    await refusal(owner)
    assert await held(owner, session) == (never,)


@pytest.mark.usefixtures("session")
async def test_rules_go_with_their_person(owner: User) -> None:
    await added(owner)
    await writing(lambda store: store.connection().execute(text("DELETE FROM users")))
    assert await reading(lambda store: store.exec(select(RuleRow)).all()) == []
