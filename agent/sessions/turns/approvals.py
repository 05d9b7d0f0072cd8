"""Questions to a person about a call, bound to the exact call and tool they were asked about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_OID, uuid5

from agent.core.commands import Answer, Choice, Lasts
from agent.core.errors import Invalid
from agent.core.events import ApprovalRequested, Event, ToolCallFinished
from agent.core.messages import ToolCall, call_hash
from agent.core.offers import Offer
from agent.core.policy import Judgement
from agent.core.rules import Rule

LASTS: dict[Lasts, timedelta | None] = {
    "hour": timedelta(hours=1),
    "month": timedelta(days=30),
    "revoked": None,
}
"""How long a rule holds that an answer sets up; None until somebody takes it back."""


class Shown(NamedTuple):
    """What a person sees of a call beside the call itself."""

    steps: tuple[str, ...] = ()
    """The simple commands of the line it would run."""
    offers: tuple[Offer, ...] = ()
    """The rules that an answer for always may set up."""


NOTHING = Shown()


def asked_about(
    turn_id: str, call: ToolCall, reason: str, definition: str = "", shown: Shown = NOTHING
) -> ApprovalRequested:
    """The question about a call; asked again for the same call of the same turn, it is the same question.

    Args:
        turn_id: of the turn.
        call: what the model wants.
        reason: why it is asked, as a code.
        definition: the hash of the tool's definition.
        shown: what a person sees beside the call.
    """
    exact = call_hash(call, definition)
    return ApprovalRequested(
        turn_id=turn_id,
        approval_id=approval_id(turn_id, call, exact),
        call=call,
        call_hash=exact,
        reason=reason,
        steps=shown.steps,
        offers=shown.offers,
    )


def approval_id(turn_id: str, call: ToolCall, exact: str) -> str:
    """The id of the question about a call of a turn, given the call's hash."""
    return str(uuid5(NAMESPACE_OID, f"{turn_id}/{call.id}/{exact}"))


def rule_of(
    asked: ApprovalRequested, answer: Answer, session_id: str, workspace: str, now: datetime
) -> Rule | None:
    """The rule an answer sets up; None when it holds once, or where the same is asked each time.

    Args:
        asked: the question with the rules it offers.
        answer: what the person says.
        session_id: where they say it.
        workspace: of that session.
        now: when, in UTC.

    Raises:
        Invalid: the question offers no such rule.
    """
    if answer.answer.endswith("once"):
        return None
    choice = answer.rule or Choice()
    offered = {offer.shape: offer.rule for offer in reversed(asked.offers)}
    if not offered and answer.rule is None:
        return None
    rule = offered.get(choice.shape) if choice.shape else asked.offers[0].rule if asked.offers else None
    if rule is None:
        raise Invalid("no_such_offer", shape=choice.shape)
    lasts = LASTS[choice.lasts]
    return rule.model_copy(
        update={
            "decision": "allow" if answer.answer == "allow_always" else "deny",
            "session_id": session_id if choice.scope == "session" else "",
            "workspace": workspace if choice.scope == "workspace" else "",
            "expires_at": now + lasts if lasts else None,
        }
    )


def asked_before(kept: Mapping[str, Event], call: ToolCall) -> ApprovalRequested | None:
    """The question that was asked about a call last.

    Args:
        kept: the events of its turn by their places.
        call: which.
    """
    asked = (event for event in kept.values() if isinstance(event, ApprovalRequested))
    return next((event for event in reversed(list(asked)) if event.call.id == call.id), None)


def decided_before(kept: Mapping[str, Event], call: ToolCall) -> Judgement | None:
    """What was decided about a call in this turn; None when nothing was.

    Args:
        kept: the events of the turn by their places.
        call: which.
    """
    if asked := asked_before(kept, call):
        return Judgement(decision="ask", reason=asked.reason)
    if f"call/{call.id}/started" in kept:
        return Judgement(decision="allow", reason="begun")
    finished = kept.get(f"call/{call.id}/finished")
    if not isinstance(finished, ToolCallFinished):
        return None
    is_rejected = finished.result.outcome == "rejected"
    return Judgement(decision="deny" if is_rejected else "allow", reason="decided")
