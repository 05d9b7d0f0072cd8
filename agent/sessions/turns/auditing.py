"""What of a turn is written down in the audit log: each decision about a call, and why."""

from collections.abc import Callable

from pydantic import JsonValue
from sqlmodel import Session as Store

from agent.core.events import ApprovalRequested, Event, ToolCallFinished, ToolCallStarted
from agent.core.identity import Session
from agent.core.messages import ToolCall, call_hash
from agent.store import audit
from agent.store.audit import Action, Entry
from agent.store.rules import hit_in
from agent.tooling import Weighed


def decided(session: Session, event: Event, weighed: Weighed | None) -> Callable[[Store], None] | None:
    """What writes a decision down, in the transaction that stores its event; None for an event that is none.

    Of guests nothing is kept beside their sessions: nobody could take it out of this log when they are gone.

    Args:
        session: in which.
        event: what happens now.
        weighed: how its call was judged; None when that was before this execution.
    """
    if session.user_id is None:
        return None
    match event:
        case ToolCallStarted(call=call):
            is_outside = weighed is not None and not weighed.is_confined
            entry = _entry(
                "sandbox_bypassed" if is_outside else "call_allowed", session, event, call, weighed
            )
        case ApprovalRequested(call=call):
            entry = _entry("approval_asked", session, event, call, weighed)
        case ToolCallFinished(result=result) if weighed and weighed.judgement.decision == "deny":
            call = ToolCall(id=result.call_id, name=weighed.tool, arguments={})
            entry = _entry("call_denied", session, event, call, weighed)
        case _:
            return None
    rule = weighed.judgement.rule if weighed else None

    def write(store: Store) -> None:
        if rule and rule.id and not isinstance(event, ApprovalRequested):
            hit_in(store, session.owner, rule.id)
        audit.append(store, entry)

    return write


def _entry(action: Action, session: Session, event: Event, call: ToolCall, weighed: Weighed | None) -> Entry:
    body: dict[str, JsonValue] = {"tool": call.name, "call_id": call.id, "mode": session.mode}
    if isinstance(event, ApprovalRequested):
        body |= {"approval_id": event.approval_id, "call_hash": event.call_hash, "reason": event.reason}
    if weighed:
        rule = weighed.judgement.rule
        body |= {
            "call_hash": weighed.call_hash,
            "decision": weighed.judgement.decision,
            "reason": weighed.judgement.reason,
            "rule_id": rule.id if rule else "",
            "backend": weighed.backend,
        }
    elif isinstance(event, ToolCallStarted):
        body["call_hash"] = call_hash(call)
    return Entry(
        action=action, user_id=session.owner, session_id=session.id, turn_id=event.turn_id, body=body
    )


def call_of(event: Event) -> str:
    """The id of the call an event is about; empty for none."""
    match event:
        case ToolCallStarted() | ApprovalRequested():
            return event.call.id
        case ToolCallFinished():
            return event.result.call_id
        case _:
            return ""
