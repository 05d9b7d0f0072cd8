"""What a rule would have meant: the calls of a person's past, and what it would have decided of them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session as Store
from sqlmodel import col, select

from agent import tooling
from agent.core.events import ApprovalGiven, ApprovalRequested, ToolCallStarted
from agent.core.identity import User
from agent.core.messages import ToolCall, Value
from agent.core.rules import Rule
from agent.store.columns import now
from agent.store.engine import reading
from agent.store.sessions import EventRow, SessionRow

MOST_PAST = 500
"""Calls of the past that are looked at, the newest."""
PERIOD = timedelta(days=30)
"""Before now; what lies further back says little of today's work."""
KINDS = ("ApprovalGiven", "ApprovalRequested", "ToolCallStarted")


class Trial(Value):
    """What a rule would have decided of a person's past calls."""

    calls: int
    """Those of its tool that were looked at: they began, or the person denied them."""
    met: int
    """Those of these it would have decided."""
    denied: int
    """Those of these that the person had denied."""


class PastCall(Value):
    """A call that began, or that its person denied."""

    call: ToolCall
    session_id: str
    workspace: str
    is_denied: bool

    def is_meant(self, rule: Rule) -> bool:
        """Whether a rule of this tool and scope would have been asked.

        >>> call = ToolCall(id="1", name="edit", arguments={})
        >>> past = PastCall(call=call, session_id="a", workspace="/x", is_denied=False)
        >>> past.is_meant(Rule(tool="*", decision="ask")), past.is_meant(Rule(tool="shell", decision="ask"))
        (True, False)
        """
        return (
            rule.tool in {"*", self.call.name}
            and rule.session_id in {"", self.session_id}
            and rule.workspace in {"", self.workspace}
        )


async def back_test(user: User, rule: Rule) -> Trial:
    """What a rule would have decided of the person's newest calls, as far as their words tell."""
    past = await reading(lambda store: _past(store, user, now() - PERIOD))
    meant = [one for one in past if one.is_meant(rule)]
    met = [one for one in meant if await tooling.would_cover(user, one.call, rule)]
    return Trial(calls=len(meant), met=len(met), denied=sum(one.is_denied for one in met))


def newest(
    store: Store, user: User, kinds: Collection[str], most: int, since: datetime | None = None
) -> Sequence[tuple[EventRow, str]]:
    """The newest events of these kinds in a person's sessions, each with the workspace it happened in.

    Args:
        store: the transaction.
        user: whose.
        kinds: the types of events.
        most: how many at most.
        since: none before.
    """
    wanted = (
        select(EventRow, SessionRow.workspace)
        .join(SessionRow, col(SessionRow.id) == EventRow.session_id)
        .where(SessionRow.user_id == user.id, col(EventRow.type).in_(kinds))
        .order_by(col(EventRow.at).desc())
        .limit(most)
    )
    return store.exec(wanted if since is None else wanted.where(EventRow.at >= since)).all()


def _past(store: Store, user: User, since: datetime) -> list[PastCall]:
    """The newest calls of a person, each once."""
    events = newest(store, user, KINDS, len(KINDS) * MOST_PAST, since)
    denied = set(_denied(row for row, _ in events))
    found: dict[tuple[str, str, str], PastCall] = {}
    for row, workspace in events:
        if call := _call(row, denied):
            is_denied = row.type == "ApprovalRequested"
            past = PastCall(call=call, session_id=row.session_id, workspace=workspace, is_denied=is_denied)
            found.setdefault((row.session_id, row.turn_id, call.id), past)
    return list(found.values())[:MOST_PAST]


def _denied(rows: Iterable[EventRow]) -> Iterable[str]:
    """The ids of the questions that were answered with no."""
    given = (ApprovalGiven.model_validate(row.body) for row in rows if row.type == "ApprovalGiven")
    return (event.approval_id for event in given if event.answer.startswith("reject"))


def _call(row: EventRow, denied: Collection[str]) -> ToolCall | None:
    """The call of an event that says what became of one."""
    if row.type == "ToolCallStarted":
        return ToolCallStarted.model_validate(row.body).call
    if row.type == "ApprovalRequested":
        asked = ApprovalRequested.model_validate(row.body)
        return asked.call if asked.approval_id in denied else None
    return None
