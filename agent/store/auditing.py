"""Whether the audit log is as it was written."""

from typing import Literal

from sqlmodel import Session, col, select

from agent.core.messages import Value
from agent.store.audit import AuditEntryRow, Head, digest

AT_ONCE = 100
"""Entries in memory."""

Fault = Literal["missing", "unlinked", "changed", "cut_off", "another"]
"""What is wrong with an entry: it is not there, follows another than the one before it, or is not what was
written; the log ends before a head that was kept elsewhere, or is another log than the head's."""


class Verdict(Value):
    """How far the log is whole."""

    head: Head = Head()
    """The last entry that is as it was written; all before it are too."""
    fault: Fault | None = None
    """What is wrong with the entry after it; None when the log ends there."""

    @property
    def entries(self) -> int:
        """How many are as they were written."""
        return self.head.seq

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None

    @property
    def broken_at(self) -> int | None:
        """The number of the first entry that is wrong; None when none is."""
        return None if self.is_whole else self.head.seq + 1


def verify(store: Session, expected: Head = Head()) -> Verdict:  # noqa: B008  a value that never changes
    """Read the whole log, a piece at a time, and compare it with its hashes.

    Args:
        store: a transaction that reads.
        expected: a head that was kept elsewhere; without one a log whose end was cut off, or all of which was
            written anew, looks whole.
    """
    head = Head()
    with store.exec(_IN_ORDER) as entries:
        for entry in entries:
            fault = _fault(entry, head, expected)
            if fault:
                return Verdict(head=head, fault=fault)
            head = Head(entry.seq, entry.hash)
    return Verdict(head=head, fault="cut_off" if head.seq < expected.seq else None)


_IN_ORDER = select(AuditEntryRow).order_by(col(AuditEntryRow.seq)).execution_options(yield_per=AT_ONCE)


def _fault(entry: AuditEntryRow, before: Head, expected: Head) -> Fault | None:
    if entry.seq != before.seq + 1:
        return "missing"
    if entry.previous_hash != before.hash:
        return "unlinked"
    if not _is_as_written(entry):
        return "changed"
    return "another" if entry.seq == expected.seq and entry.hash != expected.hash else None


def _is_as_written(entry: AuditEntryRow) -> bool:
    try:
        return entry.hash == digest(entry)
    except TypeError:
        return False  # bytes for a text: SQLite holds whatever it is given
