"""Sessions: create, find and open them, ask something of them, follow what happens."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent import providers, tooling
from agent.config import Settings, settings
from agent.core.commands import Answer, Command, EditPrompt, Interrupt, Prompt
from agent.core.errors import LimitReached, Unavailable
from agent.core.events import ModelSwitched, Noticed, Snapshot
from agent.core.history import still_counting
from agent.core.identity import Session, User
from agent.core.messages import File, Text
from agent.core.policy import Mode
from agent.core.transcript import Row, Transcript, fold
from agent.sessions import checkpoints, log, rows
from agent.sessions.accepting import Accepted, accept
from agent.sessions.checkpoints import Checkpoint
from agent.sessions.previewing import Preview
from agent.sessions.previewing import preview as preview_answer
from agent.sessions.stream.bus import Heard, Wire, bus
from agent.sessions.stream.following import Following
from agent.sessions.turns.registry import live, live_or_none, tell_snapshot
from agent.sessions.turns.supervisor import Supervisor
from agent.store.columns import new_id

__all__ = [
    "MOST_FALLBACKS",
    "Checkpoint",
    "Following",
    "Heard",
    "Opened",
    "Preview",
    "change",
    "checkpoint",
    "close",
    "create",
    "delete",
    "follow",
    "fork",
    "get",
    "mine",
    "open",
    "prepare",
    "preview",
    "restore",
    "saved",
    "submit",
    "wake",
]

MOST_FALLBACKS = 10

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
    """
    chosen = model or providers.default_model(settings())
    providers.require(chosen)
    session_id = new_id()
    folder = await tooling.choose_workspace(user, session_id, workspace)
    return await rows.create(user, rows.named(name), chosen, mode, folder, session_id)


async def mine(user: User, q: str = "", cursor: str = "") -> tuple[list[Session], str]:
    """A page of the user's sessions, the last used first, and the cursor of the next page (empty: none)."""
    return await rows.mine(user, log.storable(q), cursor)


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
        LimitReached: too many fallbacks.
    """
    before = await rows.session(user, session_id)
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
        NotFound: there is no such session, or it is another's.
        Invalid: the prompt says nothing.
        Conflict: it does not fit (an approval already answered, a prompt already begun).
        Unavailable: it could not be stored, and is not accepted.
    """
    session = await rows.session(user, session_id)
    missing: list[str] = []
    if isinstance(command, Prompt | EditPrompt):
        command, missing = await _with_mentions(user, session, command)
    key = log.storable(f"{session_id}/command/{command_id}") if command_id else ""
    accepted = await _accept(user, session_id, command, key)
    if missing and accepted.stored:
        told = Noticed(turn_id=accepted.turn_id, code="not_there", values={"paths": ", ".join(missing)})
        seq, event, _ = await log.append(session_id, told)
        bus.publish(session_id, seq, event)
    return accepted.turn_id, accepted.seq


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
    await rows.session(user, session_id)
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
    await rows.session(user, session_id)
    found, stored = await checkpoints.restore(session_id, checkpoint_id)
    bus.publish(session_id, *stored)
    return found


async def fork(user: User, session_id: str, seq: int) -> Session:
    """Make a session that has happened like this one up to a number, and goes on by itself from there.

    Raises:
        NotFound: there is no such session, or it is another's.
        Invalid: the number is none of its events.
    """
    source = await rows.session(user, session_id)
    checkpoints.require_event(source, seq)
    copy = await create(user, source.name, source.model, source.mode)
    begun = await checkpoints.copy(source, copy, seq)
    if begun:
        await _awake().engine.fork(begun)
    return await rows.session(user, copy.id)


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


def _awake() -> Supervisor:
    if not _supervisors:
        raise Unavailable("asleep")
    return _supervisors[-1]
