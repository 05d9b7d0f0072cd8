"""Table of the rules a person has set up, and what of it happens within a transaction."""

# pyright: reportAssignmentType=false
# SQLAlchemy types __tablename__ as a declared attribute; SQLModel documents the plain string used here.

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from pydantic import JsonValue
from sqlalchemy import Column, Select, Text, bindparam, type_coerce, update
from sqlalchemy import select as columns
from sqlmodel import Field, Session, SQLModel, col, delete, func, or_, select

from agent.core.errors import Invalid, LimitReached
from agent.core.rules import Rule
from agent.store import audit
from agent.store.audit import Action, Entry
from agent.store.columns import Id, Utc, new_id, now
from agent.store.exact import Exact, canonical, is_exact
from agent.store.sessions import SessionRow

Source = Literal["person", "answer"]
"""Who set a rule up: a person by hand, or by their answer to a question."""

ANY = "*"
"""Every tool, in a rule."""
LONGEST_RULE = 10_000
"""Characters of a rule as JSON: all that hold are read at each call of a tool."""
MOST_RULES = 500
"""Of one person that may hold at the same time: everywhere and in workspaces; and as many in each session."""
MOST_IN_ALL = 5000
"""Of one person, those of all sessions together."""
LATEST = timedelta(days=100 * 365)
"""From now: a rule that is to hold longer needs no end."""


class RuleRow(SQLModel, table=True):
    """A rule of one person."""

    __tablename__ = "rules"

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=Id)
    user_id: str = Field(foreign_key="users.id", sa_type=Id, index=True, ondelete="CASCADE")
    session_id: str | None = Field(
        default=None, foreign_key="sessions.id", sa_type=Id, index=True, ondelete="CASCADE"
    )
    """The only session it holds in."""
    workspace: str = ""
    """The only workspace it holds in; empty for all."""
    tool: str
    decision: str
    arguments: dict[str, JsonValue] | None = Field(default=None, sa_column=Column(Exact))
    commands: list[str] = Field(default_factory=list, sa_column=Column(Exact, nullable=False))
    paths: list[str] = Field(default_factory=list, sa_column=Column(Exact, nullable=False))
    source: str
    created_at: datetime = Field(default_factory=now, sa_type=Utc)
    expires_at: datetime | None = Field(default=None, sa_type=Utc)
    hits: int = 0
    """How often it decided."""
    last_hit_at: datetime | None = Field(default=None, sa_type=Utc)


IN_JSON = ("arguments", "commands", "paths")


def _as_text(column: Any) -> Any:
    return type_coerce(column, Text) if column.key in IN_JSON else column


HOLDING: Select[Any] = (
    # JSON as its text: what was read before need not be read again, and this is asked at each call.
    columns(*(_as_text(getattr(RuleRow, name)) for name in Rule.model_fields))
    .where(
        col(RuleRow.user_id) == bindparam("user_id"),
        or_(col(RuleRow.expires_at).is_(None), col(RuleRow.expires_at) > bindparam("now")),
        or_(col(RuleRow.session_id).is_(None), col(RuleRow.session_id) == bindparam("session_id")),
        or_(col(RuleRow.workspace) == "", col(RuleRow.workspace) == bindparam("workspace")),
    )
    .order_by(col(RuleRow.id))
)


def holding(store: Session, user_id: str, session_id: str, workspace: str) -> tuple[Rule, ...]:
    """The rules of a person that hold now in a session, the oldest first."""
    asked = {"user_id": user_id, "session_id": session_id, "workspace": workspace, "now": now()}
    return tuple(_remembered(*row) for row in store.connection().execute(HOLDING, asked))


def add_in(store: Session, user_id: str, rule: Rule, source: Source, turn_id: str = "") -> RuleRow:
    """Set up a rule within a transaction, and write that down in the audit log: one of the last things to do.

    Args:
        store: the transaction.
        user_id: whose rule; whether its session is theirs was asked before.
        rule: with its scope and expiry; its id is not read.
        source: who set it up.
        turn_id: in which turn that was; empty for none.

    Raises:
        Invalid: it allows everything, ends in the past, or says nothing.
        LimitReached: it is too long, or there are too many.
    """
    row = row_of(user_id, rule, source)
    _require_room(store, user_id, rule.session_id)
    store.add(row)
    _write_down(store, "rule_added", row, turn_id)
    return row


def row_of(user_id: str, rule: Rule, source: Source) -> RuleRow:
    """The row of a rule that is not stored yet.

    Raises:
        Invalid: it allows everything, ends in the past, or says nothing.
        LimitReached: it is too long.
    """
    _require_sound(rule)
    return RuleRow(
        user_id=user_id,
        session_id=rule.session_id or None,
        workspace=rule.workspace,
        tool=rule.tool,
        decision=rule.decision,
        arguments=rule.arguments,
        commands=[*rule.commands],
        paths=[*rule.paths],
        expires_at=rule.expires_at,
        source=source,
    )


def remove_in(store: Session, row: RuleRow) -> None:
    """Remove a rule within a transaction, and write that down in the audit log."""
    store.delete(row)
    _write_down(store, "rule_removed", row)


def hit_in(store: Session, user_id: str, rule_id: str) -> None:
    """Count that a rule decided, within a transaction; one that was removed meanwhile is not missed."""
    mine = (col(RuleRow.id) == rule_id, col(RuleRow.user_id) == user_id)
    store.exec(update(RuleRow).where(*mine).values(hits=col(RuleRow.hits) + 1, last_hit_at=now()))


def rule_of(row: RuleRow) -> Rule:
    """What a stored rule says."""
    return _rule({name: getattr(row, name) for name in Rule.model_fields})


def is_narrow(rule: Rule) -> bool:
    """Whether a rule speaks of some calls of its tool only.

    >>> (
    ...     is_narrow(Rule(tool="shell", decision="deny")),
    ...     is_narrow(Rule(tool="edit", decision="deny", paths=("a",))),
    ... )
    (False, True)
    """
    return rule.arguments is not None or bool(rule.commands or rule.paths)


def denies_all(rule: Rule) -> bool:
    """Whether a rule denies every call of its tool.

    >>> denies_all(Rule(tool="shell", decision="deny")), denies_all(Rule(tool="shell", decision="ask"))
    (True, False)
    """
    return rule.decision == "deny" and not is_narrow(rule)


@lru_cache(maxsize=MOST_IN_ALL)
def _remembered(*columns: Any) -> Rule:
    fields = dict(zip(Rule.model_fields, columns, strict=True))
    for name in IN_JSON:
        fields[name] = fields[name] and json.loads(fields[name])
    return _rule(fields)


def _rule(fields: Mapping[Any, Any]) -> Rule:
    return Rule.model_validate({**fields, "session_id": fields["session_id"] or ""})


def _require_sound(rule: Rule) -> None:
    written = rule.model_dump(exclude={"expires_at"})
    if not is_exact(written):
        raise Invalid("rule_unreadable")
    if len(canonical(written)) > LONGEST_RULE:
        raise LimitReached("rule_too_long", most=LONGEST_RULE)
    if any(not words.strip() for words in (*rule.commands, *rule.paths)):
        raise Invalid("rule_says_nothing")
    if rule.decision == "allow" and rule.tool == ANY and not is_narrow(rule):
        raise Invalid("rule_too_wide")
    ends = rule.expires_at
    if ends and not (ends.tzinfo and now() < ends < now() + LATEST):
        raise Invalid("rule_expiry")


def _require_room(store: Session, user_id: str, session_id: str) -> None:
    theirs = col(RuleRow.user_id) == user_id
    beside = col(RuleRow.session_id) == session_id if session_id else col(RuleRow.session_id).is_(None)
    for most, counted in ((MOST_RULES, beside), (MOST_IN_ALL, theirs)):
        count = select(func.count()).where(theirs, counted)
        if store.exec(count).one() >= most:
            _forget_what_ended(store, user_id)
            if store.exec(count).one() >= most:
                raise LimitReached("rules_full", most=most)


def _forget_what_ended(store: Session, user_id: str) -> None:
    gone = select(SessionRow.id).where(SessionRow.user_id == user_id, col(SessionRow.deleted_at).is_not(None))
    ended = or_(col(RuleRow.expires_at) <= now(), col(RuleRow.session_id).in_(gone))
    store.exec(delete(RuleRow).where(col(RuleRow.user_id) == user_id, ended))


def _write_down(store: Session, action: Action, row: RuleRow, turn_id: str = "") -> None:
    body = {"rule": rule_of(row).model_dump(mode="json"), "source": row.source}
    session_id = row.session_id or ""
    audit.append(
        store, Entry(action=action, user_id=row.user_id, session_id=session_id, turn_id=turn_id, body=body)
    )
