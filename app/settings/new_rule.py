"""A rule that a person writes by hand: tried on what there was before it is added."""

from datetime import UTC, datetime
from typing import Any

import reflex as rx

from agent import sessions, tooling
from agent.core.commands import Lasts
from agent.core.errors import Conflict
from agent.core.identity import User
from agent.core.messages import Value
from agent.core.rules import Decision
from app.settings.rules import RulesState, said_of, tried_on, warning_of
from app.settings.said import say
from app.state import asked, bring_up
from app.words.settings import DECISIONS, RULE_ADDED


class Written(Value):
    """The fields of the form."""

    tool: str = ""
    decision: Decision = "ask"
    commands: str = ""
    """One a line."""
    workspace: str = ""
    lasts: Lasts = "revoked"


class NewRuleState(rx.State):
    """The rule that is being written, as it was tried last."""

    workspaces: list[str] = []
    """Where it may hold, beside everywhere."""
    decision: str = ""
    """Of the rule that was tried; empty when none was, or the form says something else by now."""
    label: str = ""
    reach: str = ""
    trial: str = ""
    """What it would have meant."""
    warning: str = ""
    added: int = 0
    """How many were added in this tab: each is written in an empty form."""
    _written: dict[str, Any] = {}

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Find the workspaces a rule may be for."""
        self.workspaces = (await sessions.places(user))[1]

    @rx.event
    @asked
    async def weigh(self, user: User, form: dict[str, Any]) -> None:
        """Try what was written on past calls; nothing is added."""
        self._forget()
        written = Written.model_validate(form)
        draft = await tooling.draft_rule(user, new_rule(written, datetime.now(UTC)))
        self.trial = await tried_on(user, draft)
        self.decision, self.label, self.reach = draft.decision, DECISIONS[draft.decision], said_of(draft)
        self.warning = warning_of(draft)
        self._written = written.model_dump()

    @rx.event
    @asked
    async def reconsider(self, user: User) -> None:  # noqa: ARG002  the tab's own words alone
        """Forget what was tried: the form says something else now."""
        self._forget()

    @rx.event
    @asked
    async def add(self, user: User) -> Any:
        """Add the rule that was tried; it holds from the next call on.

        Raises:
            Conflict: none was tried.
        """
        if not self._written:
            raise Conflict("rule_not_tried")
        written = Written.model_validate(self._written)
        await tooling.add_rule(user, new_rule(written, datetime.now(UTC)))
        self._forget()
        self.added += 1
        await say(self, RULE_ADDED)
        return RulesState.look

    def _forget(self) -> None:
        bring_up(self, decision="", label="", reach="", trial="", warning="", _written={})


def new_rule(written: Written, now: datetime) -> tooling.NewRule:
    """What the form says; its time begins now."""
    runs_lines = tooling.kinds().get(written.tool) == "execute"
    lines = (" ".join(line.split()) for line in written.commands.splitlines() if runs_lines)
    lasts = sessions.LASTS[written.lasts]
    return tooling.NewRule(
        tool=written.tool,
        decision=written.decision,
        commands=tuple(filter(None, lines)),
        workspace=written.workspace,
        expires_at=now + lasts if lasts else None,
    )
