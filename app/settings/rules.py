"""The section of rules: what a person answered for always, where from, how often it decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import sessions, tooling
from agent.core.errors import NotFound
from agent.core.identity import User
from agent.core.rules import Rule
from app.settings.said import say
from app.state import asked
from app.words import rule_reach
from app.words.settings import (
    DECISIONS,
    REMOVED,
    SHUTS_OFF,
    SOURCES,
    WIDE,
    ago,
    exactly,
    hidden,
    hit,
    joined,
    tried,
    until,
)

Id = Annotated[str, Field(min_length=1, max_length=36)]
MOST = 100
"""Rules that are shown of each kind; a person has a handful."""


@dataclass
class RuleShown:
    """A rule in words."""

    id: str = ""
    decision: str = ""
    """allow, ask or deny."""
    label: str = ""
    reach: str = ""
    """Where it holds, and for what."""
    notes: str = ""
    """Where it comes from and how often it decided."""
    times: str = ""
    """When exactly, for those who want to know."""
    warning: str = ""


class RulesState(rx.State):
    """The person's rules."""

    rules: list[RuleShown] = []
    ended: list[RuleShown] = []
    more: str = ""
    """That there are more than are shown."""
    tried_id: str = ""
    """The rule that was tried last."""
    trial: str = ""
    """What it would have meant."""

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def remove(self, user: User, rule_id: Id) -> None:
        """Remove one; it holds no longer from the next call on."""
        await tooling.remove_rule(user, rule_id)
        await self._look(user)
        await say(self, REMOVED.format(what="The rule"))

    @rx.event
    @asked
    async def weigh(self, user: User, rule_id: Id) -> None:
        """Try one on past calls.

        Raises:
            NotFound: there is no such rule of this person.
        """
        rule = next((one for one in await tooling.rules(user) if one.id == rule_id), None)
        if rule is None:
            raise NotFound("rule")
        self.trial = await tried_on(user, rule)
        self.tried_id = rule.id
        await say(self, self.trial)

    async def _look(self, user: User) -> None:
        now = datetime.now(UTC)
        holding, ended = parted(await tooling.rules(user), now)
        beyond = max(0, len(holding) - MOST) + max(0, len(ended) - MOST)
        self.rules = [rule_shown(rule, now) for rule in holding[:MOST]]
        self.ended = [rule_shown(rule, now) for rule in ended[:MOST]]
        self.more = hidden(beyond)
        self.tried_id = self.trial = ""


def parted(
    rules: Iterable[tooling.StoredRule], now: datetime
) -> tuple[list[tooling.StoredRule], list[tooling.StoredRule]]:
    """The rules that hold, and those that have ended."""
    found = [*rules]
    ended = [rule for rule in found if rule.expires_at is not None and rule.expires_at <= now]
    return [rule for rule in found if rule not in ended], ended


def rule_shown(rule: tooling.StoredRule, now: datetime) -> RuleShown:
    """A rule as the page shows it."""
    ends = until(rule.expires_at, now) if rule.expires_at else ""
    made = f"{SOURCES.get(rule.source, rule.source)} {ago(rule.created_at, now)}"
    return RuleShown(
        id=rule.id,
        decision=rule.decision,
        label=DECISIONS[rule.decision],
        reach=said_of(rule),
        notes=joined([made, hit(rule.hits, rule.last_hit_at, now), ends]),
        times=joined([exactly(rule.created_at), exactly(rule.last_hit_at), exactly(rule.expires_at)]),
        warning=warning_of(rule),
    )


def said_of(rule: tooling.StoredRule) -> str:
    """Where a rule holds, and for what; its end is told beside it, as people say it."""
    return rule_reach(rule.model_copy(update={"expires_at": None}), is_elsewhere=True)


def warning_of(rule: tooling.StoredRule) -> str:
    """What to think of before a rule holds; empty when it is narrow enough."""
    return WIDE if rule.is_wide else SHUTS_OFF if rule.shuts_off else ""


async def tried_on(user: User, rule: Rule) -> str:
    """What a rule would have meant for a person's past calls, as a sentence."""
    found = await sessions.back_test(user, rule)
    return tried(rule.decision, found.calls, found.met, found.denied)
