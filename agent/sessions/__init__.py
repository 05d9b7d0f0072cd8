"""Sessions: create, find and open them, ask something of them, follow what happens."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from agent import accounts, providers, tooling
from agent.config import Settings, settings
from agent.core.commands import Answer, Command, EditPrompt, Interrupt, Prompt, Shell
from agent.core.errors import LimitReached, NotFound, Unavailable
from agent.core.events import ModelSwitched, Noticed, Snapshot
from agent.core.guests import persons_only
from agent.core.history import still_counting
from agent.core.identity import Session, User
from agent.core.messages import File, PromptPart, Text
from agent.core.policy import Mode
from agent.core.transcript import Row, Transcript, fold
from agent.sessions import attaching, back_testing, checkpoints, leaving, log, quotas, rows
from agent.sessions.accepting import Accepted, accept
from agent.sessions.attaching import (
    LONGEST_DRAFT,
    Attachment,
    Draft,
    attach,
    detach,
    draft,
    keep_draft,
)
from agent.sessions.back_testing import Trial
from agent.sessions.browsing import (
    MOST_AT_ONCE,
    Change,
    Filters,
    Listed,
    browse,
    mark,
    places,
    require_few,
    undelete,
)
from agent.sessions.checkpoints import Checkpoint
from agent.sessions.exporting import Export, Form, export, export_all
from agent.sessions.filling import filled
from agent.sessions.previewing import Preview
from agent.sessions.previewing import preview as preview_answer
from agent.sessions.recent import Before, before, cut
from agent.sessions.searching import HITS_OF_ONE, Hit, search
from agent.sessions.stream.bus import Heard, Wire, bus
from agent.sessions.stream.following import Following
from agent.sessions.tracing import Edits, Trace, edits, happened, result, traced
from agent.sessions.turns.approvals import LASTS
from agent.sessions.turns.registry import live, live_or_none, tell_snapshot
from agent.sessions.turns.supervisor import Supervisor
from agent.store.columns import new_id

__all__ = [
    "HITS_OF_ONE",
    "LASTS",
    "LONGEST_DRAFT",
    "MOST_AT_ONCE",
    "MOST_FALLBACKS",
    "Attachment",
    "Before",
    "Change",
    "Checkpoint",
    "Draft",
    "Edits",
    "Export",
    "Filters",
    "Following",
    "Form",
    "Heard",
    "Hit",
    "Listed",
    "Opened",
    "Preview",
    "Trace",
    "Trial",
    "attach",
    "back_test",
    "before",
    "browse",
    "change",
    "checkpoint",
    "close",
    "create",
    "cut",
    "delete",
    "delete_all",
    "detach",
    "draft",
    "edits",
    "export",
    "export_all",
    "filled",
    "follow",
    "fork",
    "fork_after",
    "get",
    "happened",
    "is_awake",
    "keep_draft",
    "mark",
    "mine",
    "open",
    "places",
    "prepare",
    "preview",
    "remove_all",
    "remove_person",
    "restore",
    "result",
    "saved",
    "search",
    "submit",
    "take_back",
    "traced",
    "undelete",
    "wake",
]

back_test = persons_only(back_testing.back_test)

MOST_FALLBACKS = 10
PROMPTS = "60/minute"
"""Of one user, in all their sessions."""

_supervisors: list[Supervisor] = []
"""The one of this process, while it is awake."""


@dataclass(frozen=True)
class Opened:
    """A session as it stands: its transcript, and the number to follow it from."""

    session: Session
    transcript: Transcript
    seq: int

    @property
    def rows(self) -> Sequence[Row]:
        """What is shown of it."""
        return self.transcript.rows


async def create(
    user: User, name: str = "", model: str = "", mode: Mode = "ask", workspace: str | None = None
) -> Session:
    """Make a session, with a new workspace of its own or one under the allowed folders.

    Raises:
        Invalid: it is no model id; the workspace is not there or not allowed.
        NotAllowed: a guest wants another workspace than its own.
        LimitReached: a guest has too many sessions.
    """
    chosen = model or await providers.default_model(user)
    providers.require(chosen)
    await rows.require_one_more(user)
    session_id = new_id()
    folder = await tooling.choose_workspace(user, session_id, workspace)
    return await rows.create(user, rows.named(name), chosen, mode, folder, session_id)


async def mine(user: User, q: str = "", cursor: str = "") -> tuple[list[Session], str]:
    """A page of the user's sessions, the last used first, and the cursor of the next page (empty: none)."""
    found, later = await browse(user, q, cursor=cursor)
    return [one.session for one in found], later


async def delete_all(user: User, session_ids: Sequence[str]) -> list[str]:
    """Take several sessions out of sight; all of them, or none when one is not the user's.

    Raises:
        NotFound: one is not there, or another's.
        LimitReached: they are too many at once.
    """
    ids = require_few(session_ids)
    for session_id in ids:
        await rows.session(user, session_id)
    for session_id in ids:
        await delete(user, session_id)
    return ids


async def get(user: User, session_id: str) -> Session:
    """One of the user's sessions.

    Raises:
        NotFound: there is none, or it is another's.
    """
    return await rows.session(user, session_id)


async def open(user: User, session_id: str) -> Opened:  # noqa: A001  the word for it; nobody opens files here
    """A session with its transcript.

    Raises:
        NotFound: there is none, or it is another's.
    """
    session = await rows.session(user, session_id)
    events = await log.read(session_id)
    transcript = fold(event for _, event in still_counting(events))
    return Opened(session, transcript, events[-1][0] if events else 0)


async def change(
    user: User,
    session_id: str,
    *,
    name: str | None = None,
    model: str | None = None,
    mode: Mode | None = None,
    fallbacks: Sequence[str] | None = None,
) -> Session:
    """Rename a session, or let another model, mode or chain of fallbacks hold from the next turn on.

    Raises:
        NotFound: there is none, or it is another's.
        Invalid: something is no model id.
        LimitReached: too many fallbacks; a guest's session is full.
    """
    before = await rows.session(user, session_id)
    quotas.require_room(before)
    for named in (*(fallbacks or ()), *([model] if model else ())):
        providers.require(named)
    if fallbacks and len(fallbacks) > MOST_FALLBACKS:
        raise LimitReached("fallbacks", most=MOST_FALLBACKS)
    wanted = {"name": name and rows.named(name), "model": model, "mode": mode}
    chosen: dict[str, object] = {key: value for key, value in wanted.items() if value}
    if fallbacks is not None:
        chosen["fallbacks"] = list(dict.fromkeys(fallbacks))
    after = await rows.change(user, session_id, **chosen)
    if before.model != after.model and before.last_seq:
        switched = ModelSwitched(before=before.model, after=after.model, why="chosen")
        seq, event, _ = await log.append(session_id, switched)
        bus.publish(session_id, seq, event)
    return after


async def delete(user: User, session_id: str) -> None:
    """Stop a session and take it out of sight.

    Raises:
        NotFound: there is none, or it is another's.
    """
    session = await rows.session(user, session_id)
    await rows.delete(user, session_id)
    await _accept(user, session_id, Interrupt())
    await tooling.stop_jobs(user, session)


@persons_only
async def remove_all(user: User) -> None:
    """Stop every session of a person who leaves, then remove them for good: logs, workspaces and all."""
    for session in await leaving.every(user):
        with suppress(NotFound):  # it was deleted before
            await delete(user, session.id)
    await leaving.settle(user)
    for session in await leaving.every(user):
        await leaving.remove(user, session)


@persons_only
async def remove_person(user: User, user_id: str) -> None:
    """Remove somebody with all that is theirs: first their ways in end, then their turns.

    Raises:
        NotFound: there is nobody of this id, or the asking user may not know.
        Conflict: they are the only administrator of others, or the owner of a server in local mode.
    """
    await remove_all(await accounts.shut_out(user, user_id))
    await accounts.remove_user(user, user_id)


async def submit(user: User, session_id: str, command: Command, command_id: str = "") -> tuple[str, int]:
    """Ask something of a session.

    Args:
        user: who asks.
        session_id: of which session.
        command: what.
        command_id: the same id twice is the same command, done once; empty for a command of its own.

    Returns:
        The turn's id and the number of the newest event that knows of the command.

    Raises:
        NotFound: there is no such session or attachment, or it is another's.
        Invalid: the prompt says nothing.
        Conflict: it does not fit (an approval already answered, a prompt already begun).
        NotAllowed: a guest answers for always, or runs a command line.
        LimitReached: too many prompts wait, or a guest has sent too many.
        Unavailable: it could not be stored, and is not accepted.
    """
    session = await rows.session(user, session_id)
    structlog.contextvars.bind_contextvars(session_id=session_id)
    missing: list[str] = []
    attached = command.attachments if isinstance(command, Prompt) else ()
    if isinstance(command, Prompt | EditPrompt | Shell):
        quotas.require_room(session)
        await _count_prompt(user)
    if isinstance(command, Prompt | EditPrompt):
        if isinstance(command, Prompt):
            command = await attaching.with_attachments(session, command)
        command, missing = await _with_mentions(user, session, command)
    key = log.storable(f"{session_id}/command/{command_id}") if command_id else ""
    accepted = await _accept(user, session_id, command, key)
    if attached:
        await attaching.mark_sent(session, attached)
    if missing and accepted.stored:
        told = Noticed(turn_id=accepted.turn_id, code="not_there", values={"paths": ", ".join(missing)})
        seq, event, _ = await log.append(session_id, told)
        bus.publish(session_id, seq, event)
    return accepted.turn_id, accepted.seq


async def _count_prompt(user: User) -> None:
    if settings().is_limited:
        await accounts.hit(f"prompts/{user.id}", PROMPTS)


async def _with_mentions(
    user: User, session: Session, command: Prompt | EditPrompt
) -> tuple[Prompt | EditPrompt, list[str]]:
    """A prompt with the files that its words mention, and those that are not there.

    They are read now, as the person sees them now.
    """
    text = "\n".join(part.text for part in command.parts if isinstance(part, Text))
    known = {part.name for part in command.parts if isinstance(part, File)}
    found = await tooling.mentioned(user, session, text) if "@" in text else tooling.Mentions()
    files = tuple(file for file in found.files if file.name not in known)
    return command.model_copy(update={"parts": (*command.parts, *files)}), [*found.missing]


async def _accept(user: User, session_id: str, command: Command, key: str = "") -> Accepted:
    """Do what a command says, and tell of it whoever follows and whoever works."""
    accepted = await accept(session_id, command, user.name, key)
    if accepted.stored:
        bus.publish(session_id, *accepted.stored)
    if accepted.begun:
        await _awake().begin(accepted.begun, command, is_continued=accepted.is_continued)
    return accepted


async def prepare(user: User, session_id: str) -> None:
    """Bring a session's history into memory, so that its next prompt need not wait for it.

    Raises:
        NotFound: there is none, or it is another's.
    """
    await rows.session(user, session_id)
    if _awake().works:
        await live(session_id)


async def follow(user: User, session_id: str, after: int = 0) -> Following:
    """Follow a session: its events after a number, then everything that happens.

    Raises:
        NotFound: there is none, or it is another's.
    """
    await rows.session(user, session_id)

    def snapshot() -> Snapshot | None:
        running = live_or_none(session_id)
        return running.snapshot() if running else None

    return Following(session_id, after, snapshot)


async def checkpoint(user: User, session_id: str, name: str = "") -> Checkpoint:
    """Keep the session as it stands now under a name, to come back to it.

    Raises:
        NotFound: there is no such session, or it is another's.
    """
    quotas.require_room(await rows.session(user, session_id))
    made, stored = await checkpoints.save(session_id, rows.named(name))
    bus.publish(session_id, *stored)
    return made


async def saved(user: User, session_id: str) -> list[Checkpoint]:
    """The checkpoints of a session, the oldest first.

    Raises:
        NotFound: there is no such session, or it is another's.
    """
    await rows.session(user, session_id)
    return await checkpoints.kept(session_id)


async def restore(user: User, session_id: str, checkpoint_id: str) -> Checkpoint:
    """Go back to a checkpoint: model, mode, and what was said; what came after is past, and stays in the log.

    Raises:
        NotFound: there is no such session or checkpoint, or it is another's.
        Conflict: a turn runs.
    """
    quotas.require_room(await rows.session(user, session_id))
    found, stored = await checkpoints.restore(session_id, checkpoint_id)
    bus.publish(session_id, *stored)
    return found


async def take_back(user: User, session_id: str, turn_id: str) -> tuple[PromptPart, ...]:
    """Take a prompt back with all that came after it, to say it anew; gives what it was. Files stay.

    Raises:
        NotFound: there is no such session, or it is another's; it has no such prompt.
        Conflict: a turn runs.
        LimitReached: a guest's session is full.
    """
    quotas.require_room(await rows.session(user, session_id))
    started, stored = await checkpoints.take_back(session_id, turn_id)
    bus.publish(session_id, *stored)
    return started.prompt


async def fork(user: User, session_id: str, seq: int) -> Session:
    """Make a session that has happened like this one up to a number, and goes on by itself from there.

    Raises:
        NotFound: there is no such session, or it is another's.
        Invalid: the number is none of its events.
        LimitReached: a guest has too many sessions, or the prompts that wait in it are too many.
    """
    source = await rows.session(user, session_id)
    checkpoints.require_event(source, seq)
    copy = await create(user, source.name, source.model, source.mode)
    begun = await checkpoints.copy(source, copy, seq)
    if begun:
        await _awake().engine.fork(begun)
    return await rows.session(user, copy.id)


async def fork_after(user: User, session_id: str, turn_id: str) -> Session:
    """Make a session that has happened like this one up to the end of a turn; see `fork`.

    Raises:
        NotFound: there is no such session, or it is another's; no such turn has ended in it.
        LimitReached: a guest has too many sessions.
    """
    await rows.session(user, session_id)
    return await fork(user, session_id, await checkpoints.end_of(session_id, turn_id))


@persons_only
async def preview(user: User, session_id: str, answer: Answer) -> Preview:
    """What an answer for always to an open question would mean: its rule, and what that would let pass.

    Raises:
        NotFound: there is no such session, or it is another's.
        Conflict: the question is not open, or the answer holds once.
        Invalid: the question offers no such rule.
    """
    return await preview_answer(user, await rows.session(user, session_id), answer)


async def wake(settings: Settings) -> None:
    """Begin to run turns, those first that were cut off; where turns run elsewhere, begin to hand them over.

    Raises:
        Unavailable: the database or Redis does not answer.
    """
    bus.answer_wanted = tell_snapshot
    if settings.redis_url:
        bus.wire = await _wire(settings.redis_url)
    supervisor = Supervisor(settings)
    _supervisors.append(supervisor)
    await supervisor.open()


async def close() -> None:
    """Stop running turns; they go on at the next start, or on another worker at once."""
    while _supervisors:
        await _supervisors.pop().close()
    await bus.close()


async def _wire(redis_url: str) -> Wire:
    from agent.sessions.stream.redis_wire import RedisWire  # noqa: PLC0415  one process alone needs none

    wire = RedisWire(redis_url, bus)
    await wire.open()
    return wire


def is_awake() -> bool:
    """Whether turns can be begun."""
    return bool(_supervisors)


def _awake() -> Supervisor:
    if not _supervisors:
        raise Unavailable("asleep")
    return _supervisors[-1]
