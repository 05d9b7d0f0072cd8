"""The log only grows, one entry after the other, whoever writes at the same time."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session as Store

from agent.core.identity import User
from agent.store.audit import AuditEntryRow, Entry, append, digest, entries_of
from agent.store.auditing import verify
from agent.store.engine import reading, writing

FORGED = 'x.txt\n{"action":"approval_given","by":"owner"}\n\0\u2028"],["'


def noted(user_id: str, **body: Any) -> Entry:
    return Entry(action="call_allowed", user_id=user_id, body=body)


async def entries(user_id: str) -> list[AuditEntryRow]:
    return (await reading(lambda store: entries_of(store, user_id, 0, 1000)))[::-1]


async def test_an_entry_vouches_for_the_one_before(owner: User) -> None:
    first = await writing(lambda store: append(store, noted(owner.id, tool="edit", hash="ab")))
    second = await writing(lambda store: append(store, noted(owner.id, tool="edit")))
    one, two = await entries(owner.id)
    assert (one.seq, two.seq, second) == (first, first + 1, first + 1)
    assert (two.previous_hash, two.hash) == (one.hash, digest(two))
    assert json.loads(one.body) == {"tool": "edit", "hash": "ab"}
    assert one.at < two.at
    assert datetime.fromisoformat(one.at).utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", [FORGED, "", "\ud800", "é" * 100_000, "'; DROP TABLE audit_entries; --"])
async def test_no_name_looks_like_another_entry(owner: User, name: str) -> None:
    await writing(lambda store: append(store, noted(owner.id, file=name, odd=[float("nan"), 10**400])))
    [entry] = await entries(owner.id)
    assert entry.body.isascii()
    assert entry.body.isprintable()
    assert json.loads(entry.body) == {"file": name.replace("\ud800", "?"), "odd": ["NaN", 10**400]}
    assert await reading(lambda store: verify(store).is_whole)


def test_what_only_looks_alike_when_joined_is_not_the_same() -> None:
    entry = AuditEntryRow(
        seq=1,
        at="2026-01-02T00:00:00.000000+00:00",
        user_id="a",
        session_id="b",
        turn_id="",
        action="call_allowed",
        body="{}",
        previous_hash="",
    )
    moved = [("ab", ""), ("", "ab"), ('a","b', ""), ("a", "b ")]
    hashes = {digest(entry)}
    for user_id, session_id in moved:
        entry.user_id, entry.session_id = user_id, session_id
        hashes.add(digest(entry))
    assert len(hashes) == len(moved) + 1


async def test_those_who_write_at_the_same_time_write_one_after_the_other(owner: User) -> None:
    def work(store: Store) -> int:
        return append(store, noted(owner.id))

    numbers = await asyncio.gather(*(writing(work) for _ in range(60)))
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 60))
    assert await reading(lambda store: verify(store).is_whole)


async def test_an_entry_is_undone_with_its_transaction(owner: User) -> None:
    async def fail() -> None:
        def work(store: Store) -> None:
            append(store, noted(owner.id))
            raise LookupError

        with pytest.raises(LookupError):
            await writing(work)

    await fail()
    assert await entries(owner.id) == []
    await writing(lambda store: append(store, noted(owner.id)))
    assert await reading(lambda store: verify(store).is_whole)


CHANGED = "ON CONFLICT (seq) DO UPDATE SET body = '{}'"
LAST = "SELECT * FROM audit_entries ORDER BY seq DESC LIMIT 1"
GAP = "SELECT seq + 2, at, user_id, session_id, turn_id, action, body, previous_hash, hash FROM audit_entries"


@pytest.mark.parametrize(
    ("statement", "dialects"),
    [
        ("UPDATE audit_entries SET body = '{}'", {"sqlite", "postgresql"}),
        ("UPDATE audit_entries SET hash = hash", {"sqlite", "postgresql"}),
        ("DELETE FROM audit_entries", {"sqlite", "postgresql"}),
        (
            "DELETE FROM audit_entries WHERE seq = (SELECT max(seq) FROM audit_entries)",
            {"sqlite", "postgresql"},
        ),
        ("TRUNCATE audit_entries", {"postgresql"}),
        (f"INSERT OR REPLACE INTO audit_entries {LAST}", {"sqlite"}),
        (f"INSERT INTO audit_entries {GAP}", {"sqlite"}),
        (
            f"INSERT INTO audit_entries SELECT * FROM ({LAST}) AS one WHERE true {CHANGED}",  # noqa: S608
            {"sqlite", "postgresql"},
        ),
    ],
)
async def test_nothing_is_changed_or_removed(owner: User, statement: str, dialects: set[str]) -> None:
    await writing(lambda store: append(store, noted(owner.id)))

    def work(store: Store) -> None:
        if store.connection().dialect.name not in dialects:
            raise NotImplementedError
        store.connection().execute(text(statement))

    with pytest.raises((DBAPIError, NotImplementedError)) as refused:
        await writing(work)
    assert refused.type is NotImplementedError or "audit entries" in str(refused.value)


async def test_an_entry_outlives_its_person(other: User) -> None:
    await writing(lambda store: append(store, noted(other.id)))
    await writing(lambda store: store.connection().execute(text("DELETE FROM users")))
    assert len(await entries(other.id)) == 1


async def test_a_person_sees_their_own_the_newest_first(owner: User, other: User) -> None:
    for user in (owner, other, owner, owner):
        await writing(lambda store, user=user: append(store, noted(user.id)))
    newest = await reading(lambda store: entries_of(store, owner.id, 0, 2))
    rest = await reading(lambda store: entries_of(store, owner.id, newest[-1].seq, 2))
    numbers = [entry.seq for entry in (*newest, *rest)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 3
    assert {entry.user_id for entry in (*newest, *rest)} == {owner.id}
