"""Table of the audit log: what was decided, by whom and why. Each entry vouches for the one before.

An entry's hash is the SHA-256, in hexadecimal, of this JSON array, written as `canonical` writes:

    [previous_hash, seq, at, user_id, session_id, turn_id, action, body]

`previous_hash` is the hash of the entry before, empty for the first; `seq` counts from 1 without gaps; `at`
is in UTC with microseconds, as 2026-01-02T03:04:05.000006+00:00; `body` is a string: the canonical JSON that
is stored, to the letter. So no text, whatever letters it holds, can look like another field or another entry.

The database refuses to change and to remove entries. Who owns the database can switch that off, and write the
log anew or cut off its end: that shows only to somebody who has kept a head (`SEQ:HASH`) elsewhere.
"""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

import hashlib
import re
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Text, insert, text
from sqlmodel import Field, Session, SQLModel, col, select

from agent.core.messages import Value
from agent.store.columns import now
from agent.store.exact import canonical, tolerant

Action = Literal[
    "permission_changed",
    "rule_added",
    "rule_removed",
    "call_allowed",
    "call_denied",
    "approval_asked",
    "approval_given",
    "sandbox_bypassed",
    "credential_stored",
    "credential_removed",
    "credential_tested",
    "keys_rotated",
    "signed_in",
    "signed_out",
    "sign_in_ended",
    "user_added",
    "user_removed",
    "administrator_changed",
    "token_made",
    "token_revoked",
    "device_allowed",
    "device_denied",
]

ONE_WRITER = 0x6175_6469_74
"""PostgreSQL's advisory lock for adding an entry; SQLite has one writer anyway."""


_KEPT = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


class AuditEntryRow(SQLModel, table=True):
    """An entry; it outlives the person, the session and the turn it names."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_user_id_seq", "user_id", "seq"),)

    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: str
    """As it was hashed; sorts as times do."""
    user_id: str
    session_id: str
    turn_id: str
    action: str
    body: str = Field(sa_type=Text)
    """JSON, as it was hashed."""
    previous_hash: str
    hash: str = ""


class Entry(Value):
    """What is to be written down."""

    action: Action
    user_id: str = ""
    session_id: str = ""
    turn_id: str = ""
    body: dict[str, Any] = {}
    """JSON."""


class Head(NamedTuple):
    """How far the log goes, and the hash that vouches for all of it."""

    seq: int = 0
    hash: str = ""

    def __str__(self) -> str:
        """The head as a person keeps it."""
        return f"{self.seq}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> "Head":
        """The head that a person has kept.

        Raises:
            ValueError: this is none.

        >>> Head.read("3:" + 64 * "a").seq
        3
        """
        found = _KEPT.fullmatch(text.strip())
        if found is None:
            raise ValueError("a head is written as SEQ:HASH")
        return cls(int(found[1]), found[2])


NEWEST = select(AuditEntryRow.seq, AuditEntryRow.hash).order_by(col(AuditEntryRow.seq).desc()).limit(1)


def append(store: Session, entry: Entry) -> int:
    """Add an entry within a transaction, as the last thing it does; gives its number.

    Whoever adds one at the same time waits for our commit: one that went on to wait for something else could
    wait for ever.
    """
    head = _head(store)
    row = AuditEntryRow(
        seq=head.seq + 1,
        at=now().isoformat(timespec="microseconds"),
        user_id=entry.user_id,
        session_id=entry.session_id,
        turn_id=entry.turn_id,
        action=entry.action,
        body=tolerant(entry.body),
        previous_hash=head.hash,
    )
    row.hash = digest(row)
    store.connection().execute(insert(AuditEntryRow), row.model_dump())
    return row.seq


def digest(entry: AuditEntryRow) -> str:
    """The hash of an entry, as the head of this module says.

    >>> at = "2026-01-02T00:00:00.000000+00:00"
    >>> who = {"user_id": "ada", "session_id": "", "turn_id": ""}
    >>> entry = AuditEntryRow(seq=1, at=at, **who, action="rule_added", body="{}", previous_hash="")
    >>> digest(entry)[:16]
    '53127174ce18ae68'
    """
    when = [entry.previous_hash, entry.seq, entry.at]
    who = [entry.user_id, entry.session_id, entry.turn_id]
    return hashlib.sha256(canonical([*when, *who, entry.action, entry.body]).encode()).hexdigest()


def entries_of(store: Session, user_id: str, before: int, most: int) -> list[AuditEntryRow]:
    """The entries of a person before a number (0: all), the newest first."""
    theirs = select(AuditEntryRow).where(AuditEntryRow.user_id == user_id)
    if before:
        theirs = theirs.where(col(AuditEntryRow.seq) < before)
    return [*store.exec(theirs.order_by(col(AuditEntryRow.seq).desc()).limit(most))]


def _head(store: Session) -> Head:
    store.flush()
    if store.connection().dialect.name == "postgresql":
        store.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_WRITER})
    found = store.exec(NEWEST).first()
    return Head(*found) if found else Head()
