"""The rules of a person: listed, added, removed, and which hold. Every function asks whose they are."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue
from sqlmodel import Session as Store
from sqlmodel import col, select

from agent.core.errors import Invalid, NotFound
from agent.core.identity import Session, User
from agent.core.messages import Value
from agent.core.rules import Decision, Rule
from agent.store.columns import is_id
from agent.store.engine import reading, writing
from agent.store.rules import (
    ANY,
    LONGEST_RULE,
    RuleRow,
    add_in,
    denies_all,
    hit_in,
    holding,
    remove_in,
    row_of,
    rule_of,
)
from agent.tooling.permissions import Kinds, Permission, permissions_in

Words = Annotated[str, Field(max_length=LONGEST_RULE)]


class NewRule(Value):
    """A rule to be added; `session_id` and `workspace` both empty: it holds everywhere."""

    tool: Words
    """Its name, or `*` for every tool."""
    decision: Decision
    arguments: dict[str, JsonValue] | None = None
    """Only calls with exactly these."""
    commands: Annotated[tuple[Words, ...], Field(max_length=LONGEST_RULE)] = ()
    """Only command lines with such simple commands: the words that one begins with."""
    paths: Annotated[tuple[Words, ...], Field(max_length=LONGEST_RULE)] = ()
    """Only calls on files that match one of these globs."""
    expires_at: AwareDatetime | None = None
    session_id: Words = ""
    """Only in this session."""
    workspace: Words = ""
    """Only in sessions that work in this folder."""


class StoredRule(Rule):
    """A rule as its owner sees it."""

    source: str
    """`person`: set up by hand; `answer`: by an answer to a question."""
    is_wide: bool
    """Whether it lets programs run that nobody has looked at."""
    shuts_off: bool
    """Whether no call of its tool can pass where it holds."""
    created_at: datetime
    hits: int
    """How often it decided."""
    last_hit_at: datetime | None


class Standing(Value):
    """What a person has settled, as it holds in a session now."""

    rules: tuple[Rule, ...]
    permissions: Mapping[str, Permission]
    """Those that were changed, by tool."""

    def permission(self, tool: str) -> Permission:
        """What a tool may do.

        >>> Standing(rules=(), permissions={}).permission("shell").sandbox_bypassed
        False
        """
        return self.permissions.get(tool) or Permission(tool=tool)

    def shuts_off(self, tool: str) -> bool:
        """Whether no call of a tool can pass, so that a model need not know of it.

        >>> never = Rule(tool="shell", decision="deny")
        >>> Standing(rules=(never,), permissions={}).shuts_off("shell")
        True
        """
        return not self.permission(tool).is_enabled or any(
            rule.tool in {ANY, tool} and denies_all(rule) for rule in self.rules
        )


async def standing(user: User, session: Session) -> Standing:
    """What a person has settled and holds in a session now; asked at each call of a tool.

    Raises:
        NotFound: the session is another's.
    """
    _require_own(user, session)

    def work(store: Store) -> Standing:
        rules = holding(store, user.id, session.id, session.workspace)
        return Standing(rules=rules, permissions=permissions_in(store, user.id))

    return await reading(work)


async def rules(user: User, kinds: Kinds) -> list[StoredRule]:
    """The rules of a person, the newest first; those too that have ended."""
    mine = select(RuleRow).where(RuleRow.user_id == user.id).order_by(col(RuleRow.id).desc())
    return await reading(lambda store: [_shown(row, kinds) for row in store.exec(mine)])


async def add_rule(user: User, new: NewRule, kinds: Kinds, session: Session | None = None) -> StoredRule:
    """Add a rule; that is written down in the audit log.

    Args:
        user: whose it will be.
        new: what it says.
        kinds: the tools there are.
        session: the one it names, which the person owns.

    Raises:
        NotFound: it names a session that is not theirs.
        Invalid: it allows everything, says nothing or of an unknown tool, or its scope or expiry cannot be.
        LimitReached: it is too long, or there are too many.
    """
    if new.session_id and (session is None or session.id != new.session_id):
        raise NotFound("session")
    if session is not None:
        _require_own(user, session)
    _require_sense(new, kinds)
    rule = Rule.model_validate(new.model_dump())
    return await writing(lambda store: _shown(add_in(store, user.id, rule, "person"), kinds))


def drafted(user: User, new: NewRule, kinds: Kinds) -> StoredRule:
    """A rule as it would be shown once it is added.

    Args:
        user: whose it would be.
        new: what it says.
        kinds: the tools there are.

    Raises:
        Invalid: it allows everything, says nothing or of an unknown tool, or its scope or expiry cannot be.
        LimitReached: it is too long.
    """
    _require_sense(new, kinds)
    return _shown(row_of(user.id, Rule.model_validate(new.model_dump()), "person"), kinds)


async def remove_rule(user: User, rule_id: str) -> None:
    """Remove a rule; that is written down in the audit log.

    Raises:
        NotFound: there is no such rule of this person.
    """
    await writing(lambda store: remove_in(store, _mine(store, user, rule_id)))


async def count_hit(user: User, rule_id: str) -> None:
    """Count that a rule decided; one that was removed meanwhile is not missed."""
    if is_id(rule_id):
        await writing(lambda store: hit_in(store, user.id, rule_id))


def _require_sense(new: NewRule, kinds: Kinds) -> None:
    if new.tool != ANY and new.tool not in kinds:
        raise Invalid("tool_unknown", tool=new.tool[:80])
    if new.commands and new.tool != ANY and kinds[new.tool] != "execute":
        raise Invalid("rule_commands", tool=new.tool)
    if new.workspace and (new.session_id or not _is_folder(new.workspace)):
        raise Invalid("rule_scope")


def _is_folder(path: str) -> bool:
    """Whether a text is written as the absolute path of a folder, as sessions keep theirs."""
    found = PurePosixPath(path)
    return "\0" not in path and found.is_absolute() and ".." not in found.parts and str(found) == path


def _mine(store: Store, user: User, rule_id: str) -> RuleRow:
    row = store.get(RuleRow, rule_id) if is_id(rule_id) else None
    if row is None or row.user_id != user.id:
        raise NotFound("rule")
    return row


def _require_own(user: User, session: Session) -> None:
    if not session.belongs_to(user):
        raise NotFound("session")


def _shown(row: RuleRow, kinds: Kinds) -> StoredRule:
    rule = rule_of(row)
    kept = row.model_dump(include={"source", "created_at", "hits", "last_hit_at"})
    means = {"is_wide": _is_wide(rule, kinds), "shuts_off": denies_all(rule)}
    return StoredRule.model_validate({**rule.model_dump(), **kept, **means})


def _is_wide(rule: Rule, kinds: Kinds) -> bool:
    runs_programs = rule.tool == ANY or kinds.get(rule.tool) == "execute"
    return rule.decision == "allow" and runs_programs and rule.arguments is None and not rule.commands
