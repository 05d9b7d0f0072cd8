"""What an answer for always would mean: its rule, what passes now, and what would have passed before."""

from sqlmodel import Session as Store

from agent import tooling
from agent.core.commands import Answer
from agent.core.errors import Conflict
from agent.core.events import ApprovalGiven, ApprovalRequested
from agent.core.identity import Session, User
from agent.core.messages import Value
from agent.core.rules import Rule
from agent.sessions import log
from agent.sessions.back_testing import MOST_PAST, newest
from agent.sessions.turns.approvals import rule_of
from agent.store.columns import now
from agent.store.engine import reading
from agent.store.sessions import SessionRow

KINDS = ("ApprovalGiven", "ApprovalRequested")


class BackTest(Value):
    """What a rule would have meant for the questions this person was asked before."""

    questions: int
    """Those of the same tool that were looked at."""
    passed: int
    """Those the rule would have allowed."""
    denied: int
    """Those of these that the person had denied."""


class Preview(Value):
    """What an answer for always would mean."""

    rule: Rule
    would_pass: bool
    """Whether the call asked about would now pass."""
    back_test: BackTest


async def preview(user: User, session: Session, answer: Answer) -> Preview:
    """What an answer for always to an open question would mean.

    Raises:
        Conflict: the question is not open, or its answer holds once.
        Invalid: it offers no such rule.
    """
    asked = await _asked(session.id, answer.approval_id)
    rule = rule_of(asked, answer, session.id, session.workspace, now()) if asked else None
    if asked is None or rule is None:
        raise Conflict("approval_closed" if asked is None else "no_such_offer")
    would_pass = await tooling.would_pass(user, session, asked.call, rule)
    return Preview(rule=rule, would_pass=would_pass, back_test=await answered_before(user, rule))


async def answered_before(user: User, rule: Rule) -> BackTest:
    """What a rule would have meant for the person's past: whatever it decides, as if it had allowed."""
    allowing = rule.model_copy(update={"decision": "allow"})
    questions = [
        (asked, given)
        for asked, given in await reading(lambda store: _past(store, user))
        if rule.tool in {"*", asked.call.name}
    ]
    passed = [given for asked, given in questions if await tooling.would_cover(user, asked.call, allowing)]
    denied = sum(given.answer.startswith("reject") for given in passed)
    return BackTest(questions=len(questions), passed=len(passed), denied=denied)


async def _asked(session_id: str, approval_id: str) -> ApprovalRequested | None:
    """The question of a session that has this id and no answer yet."""

    def work(store: Store) -> ApprovalRequested | None:
        row = store.get(SessionRow, session_id)
        turn_id = (row.turn_id if row else None) or ""
        events = log.of_turn(store, session_id, turn_id, "ApprovalRequested", "ApprovalGiven")
        given = {event.approval_id for event in events if isinstance(event, ApprovalGiven)}
        asked = (event for event in events if isinstance(event, ApprovalRequested))
        return next(
            (one for one in asked if one.approval_id == approval_id and approval_id not in given), None
        )

    return await reading(work)


def _past(store: Store, user: User) -> list[tuple[ApprovalRequested, ApprovalGiven]]:
    """The newest questions a person has answered, with their answers."""
    bodies = [row.body for row, _ in newest(store, user, KINDS, len(KINDS) * MOST_PAST)]
    given = [ApprovalGiven.model_validate(body) for body in bodies if body["type"] == "ApprovalGiven"]
    answers = {event.approval_id: event for event in given}
    asked = [ApprovalRequested.model_validate(body) for body in bodies if body["type"] == "ApprovalRequested"]
    return [(event, answers[event.approval_id]) for event in asked if event.approval_id in answers]
