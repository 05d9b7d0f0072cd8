"""What was done to the log behind our back is found; each forgery is undone with its transaction."""

import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session as Store

from agent.core.identity import User
from agent.store.audit import AuditEntryRow, Entry, Head, append, digest, entries_of
from agent.store.auditing import AT_ONCE, Verdict, verify
from agent.store.engine import writing

WRITTEN = 6
MANY, SIZE = 10 * AT_ONCE, 10_000
"""More entries, and larger ones, than are in memory at once."""
TRIGGERS = ("audit_entries_at_the_end", "audit_entries_no_update", "audit_entries_no_delete")


class Undone(Exception):
    """Carries the verdict out of a transaction that must not stay."""


async def verdict(user: User, forge: Callable[[Store], object], expected: Head | None = None) -> Verdict:
    """What is said of a log of six entries that somebody who owns the database has forged."""

    def work(store: Store) -> None:
        _open_the_lock(store)
        store.connection().execute(text("DELETE FROM audit_entries"))
        for number in range(WRITTEN):
            body = {"number": number}
            append(store, Entry(action="call_allowed", user_id=user.id, session_id="s", body=body))
        forge(store)
        raise Undone(verify(store, expected or Head()))

    with pytest.raises(Undone) as undone:
        await writing(work)
    [found] = undone.value.args
    return found


def _open_the_lock(store: Store) -> None:
    connection = store.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_entries DISABLE TRIGGER ALL"))
        return
    for trigger in TRIGGERS:
        connection.execute(text(f"DROP TRIGGER {trigger}"))


def put(statement: str, **values: object) -> Callable[[Store], object]:
    return lambda store: store.connection().execute(text(statement), values)


def forged(seq: int, **fields: Any) -> Callable[[Store], None]:
    """Change an entry and give it the hash that its new content has."""

    def work(store: Store) -> None:
        row = store.get_one(AuditEntryRow, seq)
        for name, value in fields.items():
            setattr(row, name, value)
        row.hash = digest(row)
        store.add(row)
        store.flush()

    return work


def all_of(*steps: Callable[[Store], object]) -> Callable[[Store], object]:
    return lambda store: [step(store) for step in steps]


async def test_a_log_as_it_was_written_is_whole(owner: User) -> None:
    found = await verdict(owner, put("SELECT 1"))
    assert (found.is_whole, found.entries, found.fault, found.broken_at) == (True, WRITTEN, None, None)


async def test_an_empty_log_is_whole_and_says_how_little_that_is(owner: User) -> None:
    found = await verdict(owner, put("DELETE FROM audit_entries"))
    assert (found.is_whole, found.entries, found.head) == (True, 0, Head())


SWAPPED = all_of(
    put("UPDATE audit_entries SET seq = 100 WHERE seq = 3"),
    put("UPDATE audit_entries SET seq = 3 WHERE seq = 4"),
    put("UPDATE audit_entries SET seq = 4 WHERE seq = 100"),
)


@pytest.mark.parametrize(
    ("forge", "broken_at", "fault"),
    [
        (put("UPDATE audit_entries SET body = :body WHERE seq = 3", body='{"number":9}'), 3, "changed"),
        (put("UPDATE audit_entries SET body = :body WHERE seq = 3", body='{"number": 2}'), 3, "changed"),
        (put("UPDATE audit_entries SET user_id = 'x' WHERE seq = 1"), 1, "changed"),
        (put("UPDATE audit_entries SET session_id = '', turn_id = 's' WHERE seq = 6"), 6, "changed"),
        (put("UPDATE audit_entries SET action = 'call_denied' WHERE seq = 6"), 6, "changed"),
        (put("UPDATE audit_entries SET at = '2026-01-02 00:00:00' WHERE seq = 2"), 2, "changed"),
        (put("UPDATE audit_entries SET hash = :hash WHERE seq = 2", hash="0" * 64), 2, "changed"),
        (put("UPDATE audit_entries SET previous_hash = '' WHERE seq = 2"), 2, "unlinked"),
        (put("DELETE FROM audit_entries WHERE seq = 1"), 1, "missing"),
        (put("DELETE FROM audit_entries WHERE seq = 3"), 3, "missing"),
        (put("DELETE FROM audit_entries WHERE seq IN (2, 3, 4, 5)"), 2, "missing"),
        (put("UPDATE audit_entries SET seq = seq - 10"), 1, "missing"),
        (
            all_of(
                put("DELETE FROM audit_entries WHERE seq = 3"),
                *(
                    put("UPDATE audit_entries SET seq = seq - 1 WHERE seq = :seq", seq=seq)
                    for seq in (4, 5, 6)
                ),
            ),
            3,
            "unlinked",
        ),
        (SWAPPED, 3, "unlinked"),
        (forged(3, body='{"number":9}'), 4, "unlinked"),
        (forged(1, user_id="x"), 2, "unlinked"),
    ],
)
async def test_a_forgery_is_found_where_it_is(
    owner: User, forge: Callable[[Store], object], broken_at: int, fault: str
) -> None:
    found = await verdict(owner, forge)
    assert (found.is_whole, found.broken_at, found.fault) == (False, broken_at, fault)
    assert found.entries == broken_at - 1


@pytest.mark.parametrize("emptied_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "field", ["at = 'yesterday'", "at = x'00'", "body = x'00'", "user_id = 3", "hash = x'00'", "body = 7"]
)
async def test_what_is_no_entry_at_all_is_found_too(owner: User, field: str) -> None:
    """SQLite holds whatever it is given."""
    found = await verdict(owner, put(f"UPDATE audit_entries SET {field} WHERE seq = 4"))  # noqa: S608
    assert (found.is_whole, found.broken_at, found.fault) == (False, 4, "changed")


async def test_an_end_that_was_cut_off_shows_to_who_kept_the_head(owner: User) -> None:
    whole = await verdict(owner, put("SELECT 1"))
    assert str(whole.head).startswith("6:")
    cut = put("DELETE FROM audit_entries WHERE seq > 4")
    assert (await verdict(owner, cut)).is_whole
    found = await verdict(owner, cut, Head(6, whole.head.hash))
    assert (found.is_whole, found.fault, found.broken_at) == (False, "cut_off", 5)


async def test_a_log_that_was_written_anew_shows_to_who_kept_the_head(owner: User) -> None:
    heads: list[Head] = []

    def keep(store: Store) -> None:
        rows = entries_of(store, owner.id, 0, 10)[::-1]
        heads.extend(Head(row.seq, row.hash) for row in rows)

    assert (await verdict(owner, keep)).is_whole
    for kept in heads:  # the log of each verdict is another: its times are
        found = await verdict(owner, put("SELECT 1"), kept)
        assert (found.fault, found.broken_at) == ("another", kept.seq)


async def test_any_letter_that_is_changed_is_found(owner: User, rng: random.Random) -> None:
    for _ in range(10):
        seq = rng.randint(1, WRITTEN)
        column = rng.choice(["user_id", "session_id", "turn_id", "action", "body", "previous_hash", "hash"])
        at = rng.randint(0, 20)

        def change(store: Store, seq: int = seq, column: str = column, at: int = at) -> None:
            row = store.get_one(AuditEntryRow, seq)
            before = getattr(row, column)
            setattr(row, column, before[:at] + "?" + before[at + 1 :])
            store.add(row)
            store.flush()

        found = await verdict(owner, change)
        assert (found.is_whole, found.broken_at) == (False, seq), (seq, column, at)


async def test_a_log_of_any_length_takes_little_memory(owner: User) -> None:
    peaks: list[int] = []

    def measured(store: Store) -> None:
        body = {"text": "x" * SIZE}
        for _ in range(MANY):
            append(store, Entry(action="call_allowed", user_id=owner.id, body=body))
        tracemalloc.start()
        assert verify(store).entries == WRITTEN + MANY
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    await verdict(owner, measured)
    assert peaks[0] < 4 * AT_ONCE * SIZE < MANY * SIZE
