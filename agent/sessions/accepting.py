"""Commands: each is one transaction that turns a person's wish into events, or refuses it."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session as Store

from agent.core.commands import Answer, Command, DropPrompt, EditPrompt, Interrupt, Prompt, Shell
from agent.core.errors import Conflict, Invalid, LimitReached, NotAllowed, NotFound
from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    Noticed,
    PromptDropped,
    PromptQueued,
    ToolCallFinished,
    TurnStarted,
)
from agent.core.messages import PromptPart, Text, ToolCall
from agent.core.transcript import prompt_text
from agent.sessions import log, quotas
from agent.sessions.rows import named
from agent.sessions.turns.approvals import rule_of
from agent.sessions.turns.engine import Run
from agent.sessions.turns.moves import given_in, is_stopping
from agent.store import audit, search
from agent.store.audit import Entry
from agent.store.columns import new_id, now
from agent.store.engine import writing
from agent.store.rules import RuleRow, add_in
from agent.store.sessions import SessionRow

MOST_WAITING = 50
"""Prompts that may wait for a turn."""


@dataclass(frozen=True)
class Accepted:
    """What became of a command."""

    turn_id: str
    seq: int
    """The number of the newest event that knows of it."""
    stored: tuple[int, Event] | None = None
    """What is new and must be told; None for a command that was accepted before."""
    begun: Run | None = None
    """What must run now."""
    is_continued: bool = False
    """Whether that goes on with a parked turn."""


async def accept(session_id: str, command: Command, by: str, key: str = "") -> Accepted:
    """Do what a command says.

    Args:
        session_id: of which session.
        command: what is wished.
        by: the name of who wishes it.
        key: the same key twice is the same command, done once; empty for one of its own.

    Raises:
        NotFound: the session is gone.
        Invalid: a prompt says nothing.
        Conflict: it does not fit (an approval already answered, a prompt already begun).
        NotAllowed: a guest answers for always, or runs a command line.
        LimitReached: too many prompts wait, or a guest sent too many.
        Unavailable: it could not be stored, and is not accepted.
    """
    if isinstance(command, Prompt | EditPrompt) and not prompt_text(command.parts).strip():
        raise Invalid("empty_prompt")

    def work(store: Store) -> Accepted:
        row = store.get(SessionRow, session_id, with_for_update=True)
        if row is None or (row.deleted_at and not isinstance(command, Interrupt)):
            raise NotFound("session")
        if key and (kept := log.kept_in(store, key)):
            return Accepted(kept[1].turn_id, kept[0], begun=_begun_before(row, kept[1]))
        if isinstance(command, Prompt | EditPrompt):
            quotas.count_prompt(store, row, command)
        return _ACCEPTED[type(command)](_Desk(store, row, by, key), command)

    return await writing(work)


def _begun_before(row: SessionRow, kept: Event) -> Run | None:
    """The turn that a command began, to be handed over again: who took it first may have died on the way."""
    is_open = isinstance(kept, TurnStarted) and kept.turn_id == row.turn_id
    return Run(row.id, kept.turn_id, row.turn_part) if is_open and not row.is_parked else None


@dataclass(frozen=True)
class _Desk:
    """One transaction on one session."""

    store: Store
    row: SessionRow
    by: str
    key: str

    def write(self, event: Event) -> tuple[int, Event]:
        return log.write(self.store, self.row.id, event, self.key)[:2]

    def told(self, event: Event) -> Accepted:
        stored = self.write(event)
        return Accepted(event.turn_id, stored[0], stored)

    def told_to_the_turn(self, event: Event) -> Accepted:
        """Store what concerns the open turn; where that is parked, its next execution shall begin."""
        row, stored = self.row, self.write(event)
        if not row.is_parked:
            return Accepted(event.turn_id, stored[0], stored)
        row.is_parked = False
        row.turn_part += 1
        begun = Run(row.id, event.turn_id, row.turn_part)
        return Accepted(event.turn_id, stored[0], stored, begun, is_continued=True)


def _prompt(desk: _Desk, command: Prompt) -> Accepted:
    row, turn_id = desk.row, new_id()
    _entitle(desk, prompt_text(command.parts))
    if not row.turn_id and not row.queue:
        return _started(desk, turn_id, command.parts)
    if len(row.queue) >= MOST_WAITING:
        raise LimitReached("queue_full", most=MOST_WAITING)
    queued = PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=command.parts, steers=command.steers)
    return desk.told(queued)


def _shell(desk: _Desk, command: Shell) -> Accepted:
    """Begin a turn that is nothing but this call: judged, asked about and written down like the agent's."""
    row = desk.row
    if row.anonymous_session_id:
        raise NotAllowed("guest")
    if row.turn_id or row.queue:
        raise Conflict("turn_open")
    line = command.line.strip()
    if not line:
        raise Invalid("empty_line")
    _entitle(desk, line)
    call = ToolCall(id=new_id(), name="shell", arguments={"command": line})
    return _started(desk, new_id(), (Text(text=f"! {line}"),), call)


def _entitle(desk: _Desk, text: str) -> None:
    """Name a session after what was asked first in it."""
    row = desk.row
    if not row.name:
        row.name = named(text.strip().splitlines()[0])
        search.entitle(desk.store, row.id, row.name)


def _started(
    desk: _Desk, turn_id: str, prompt: tuple[PromptPart, ...], call: ToolCall | None = None
) -> Accepted:
    row = desk.row
    started = TurnStarted.model_validate(
        {"turn_id": turn_id, "prompt": prompt, "model": row.model, "mode": row.mode, "call": call}
    )
    stored = desk.write(started)
    return Accepted(turn_id, stored[0], stored, Run(row.id, turn_id))


def _edit(desk: _Desk, command: EditPrompt) -> Accepted:
    _require_waiting(desk, command.prompt_id)
    turn_id = command.prompt_id
    return desk.told(
        PromptQueued(turn_id=turn_id, prompt_id=turn_id, prompt=command.parts, steers=command.steers)
    )


def _drop(desk: _Desk, command: DropPrompt) -> Accepted:
    _require_waiting(desk, command.prompt_id)
    return desk.told(PromptDropped(turn_id=command.prompt_id, prompt_id=command.prompt_id))


def _require_waiting(desk: _Desk, prompt_id: str) -> None:
    if prompt_id not in desk.row.queue:
        raise Conflict("prompt_started")


def _answer(desk: _Desk, command: Answer) -> Accepted:
    asked = _asked(desk, command.approval_id)
    if asked is None or given_in(desk.store, desk.row.id, asked.turn_id, asked.approval_id):
        raise Conflict("approval_closed")
    if asked.reason == "question" and command.answer.startswith("allow"):
        _require_replies(asked.call, command)
    row = desk.row
    if row.anonymous_session_id and not command.answer.endswith("once"):
        raise NotAllowed("guest")
    rule = rule_of(asked, command, row.id, row.workspace, now())
    given = ApprovalGiven(
        turn_id=asked.turn_id,
        approval_id=asked.approval_id,
        answer=command.answer,
        by=desk.by,
        note=command.note,
        rule=rule,
        replies=command.replies,
    )
    accepted = desk.told_to_the_turn(given)
    _write_down(
        desk,
        asked,
        given,
        add_in(desk.store, row.user_id, rule, "answer", asked.turn_id) if rule and row.user_id else None,
    )
    return accepted


def _write_down(desk: _Desk, asked: ApprovalRequested, given: ApprovalGiven, rule: RuleRow | None) -> None:
    """Keep in the audit log who answered what, and which rule came of it; of guests nothing is kept."""
    if desk.row.user_id is None:
        return
    body = {
        "tool": asked.call.name,
        "call_id": asked.call.id,
        "call_hash": asked.call_hash,
        "approval_id": given.approval_id,
        "answer": given.answer,
        "by": given.by,
        "rule_id": rule.id if rule else "",
    }
    audit.append(
        desk.store,
        Entry(
            action="approval_given",
            user_id=desk.row.user_id,
            session_id=desk.row.id,
            turn_id=given.turn_id,
            body=body,
        ),
    )


def _require_replies(call: ToolCall, command: Answer) -> None:
    questions = call.arguments.get("questions")
    if len(command.replies) != (len(questions) if isinstance(questions, list) else 0):
        raise Invalid("replies_missing")


def _asked(desk: _Desk, approval_id: str) -> ApprovalRequested | None:
    """The question of the open turn that has this id and no result yet."""
    turn_id = desk.row.turn_id or ""
    events = log.of_turn(desk.store, desk.row.id, turn_id, "ApprovalRequested", "ToolCallFinished")
    settled = {event.result.call_id for event in events if isinstance(event, ToolCallFinished)}
    asked = (event for event in events if isinstance(event, ApprovalRequested))
    return next(
        (event for event in asked if event.approval_id == approval_id and event.call.id not in settled), None
    )


def _interrupt(desk: _Desk, command: Interrupt) -> Accepted:
    row = desk.row
    is_meant = command.turn_id in {"", row.turn_id}
    if not row.turn_id or not is_meant or is_stopping(desk.store, row.id, row.turn_id):
        return Accepted(row.turn_id or "", row.last_seq)
    return desk.told_to_the_turn(Noticed(turn_id=row.turn_id, code="stopping", values={"by": desk.by}))


_ACCEPTED: dict[type[Command], Callable[..., Accepted]] = {
    Prompt: _prompt,
    Shell: _shell,
    EditPrompt: _edit,
    DropPrompt: _drop,
    Answer: _answer,
    Interrupt: _interrupt,
}
