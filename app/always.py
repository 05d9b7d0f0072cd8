"""What “always” and “never” mean: the rule a person is about to set up, weighed before they do."""

import reflex as rx

from agent import sessions
from agent.core.commands import Answer, Choice
from agent.core.identity import User
from app.state import asked
from app.words import preview_sentences, rule_reach


class AlwaysState(rx.State):
    """The rule that an answer for always would set up, for the question somebody looks at."""

    approval_id: str = ""
    shape: str = ""
    """Which of the rules that the question offers; empty for the first."""
    scope: str = "session"
    lasts: str = "revoked"
    rule: str = ""
    """What it says, in words."""
    preview: list[str] = []
    """What it would mean now, and what it would have meant before."""

    @rx.event
    @asked
    async def weigh(self, user: User, session_id: str, approval_id: str, changed: dict[str, str]) -> None:
        """Show what an answer for always would mean, with another shape, scope or end when one was picked.

        Args:
            user: who asks.
            session_id: where the question is asked.
            approval_id: which.
            changed: the field that was picked, with its value; nothing when the question is only opened.
        """
        if approval_id != self.approval_id:
            self.approval_id, self.shape, self.scope, self.lasts = approval_id, "", "session", "revoked"
        picked = (choice_of(self, approval_id) or Choice()).model_dump() | changed
        choice = Choice.model_validate(picked)
        answer = Answer(approval_id=approval_id, answer="allow_always", rule=choice)
        found = await sessions.preview(user, session_id, answer)
        self.shape, self.scope, self.lasts = choice.shape, choice.scope, choice.lasts
        self.rule = rule_reach(found.rule)
        self.preview = preview_sentences(found)


def choice_of(state: AlwaysState, approval_id: str) -> Choice | None:
    """What was picked for a question; None when nobody looked at its choices."""
    if approval_id != state.approval_id:
        return None
    return Choice.model_validate({"shape": state.shape, "scope": state.scope, "lasts": state.lasts})
