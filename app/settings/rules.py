"""The section of rules: what a person answered for always, where from, how often it decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import tooling
from agent.core.identity import User
from app.settings.said import say
from app.state import asked
from app.words import rule_reach
from app.words.settings import DECISIONS, MORE, REMOVED, SOURCES, WIDE, ago, exactly, hit, joined, until

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

    async def _look(self, user: User) -> None:
        now = datetime.now(UTC)
        holding, ended = parted(await tooling.rules(user), now)
        hidden = max(0, len(holding) - MOST) + max(0, len(ended) - MOST)
        self.rules = [rule_shown(rule, now) for rule in holding[:MOST]]
        self.ended = [rule_shown(rule, now) for rule in ended[:MOST]]
        self.more = MORE.format(count=hidden) if hidden else ""


def parted(
    rules: Iterable[tooling.StoredRule], now: datetime
) -> tuple[list[tooling.StoredRule], list[tooling.StoredRule]]:
    """The rules that hold, and those that have ended."""
    found = [*rules]
    ended = [rule for rule in found if rule.expires_at is not None and rule.expires_at <= now]
    return [rule for rule in found if rule not in ended], ended


def rule_shown(rule: tooling.StoredRule, now: datetime) -> RuleShown:
    """A rule as the page shows it."""
    # Its end is told beside it, as people say it.
    reach = rule_reach(rule.model_copy(update={"expires_at": None}))
    ends = until(rule.expires_at, now) if rule.expires_at else ""
    made = f"{SOURCES.get(rule.source, rule.source)} {ago(rule.created_at, now)}"
    return RuleShown(
        id=rule.id,
        decision=rule.decision,
        label=DECISIONS[rule.decision],
        reach=reach[:1].upper() + reach[1:],
        notes=joined([made, hit(rule.hits, rule.last_hit_at, now), ends]),
        times=joined([exactly(rule.created_at), exactly(rule.last_hit_at), exactly(rule.expires_at)]),
        warning=WIDE if rule.is_wide else "",
    )
