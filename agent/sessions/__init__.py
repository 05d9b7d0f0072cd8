"""Sessions: create, find and open them, ask something of them, follow what happens."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent import providers, tooling
from agent.config import settings
from agent.core.commands import Answer, Command, DropPrompt, Interrupt, Prompt
from agent.core.errors import Invalid
from agent.core.events import ModelSwitched, Snapshot
from agent.core.identity import Session, User
from agent.core.policy import Mode
from agent.core.transcript import Row, Transcript, fold, prompt_text
from agent.sessions import log, rows
from agent.sessions.bus import Heard
from agent.sessions.following import Following
from agent.sessions.registry import close, live, live_or_none, wake
from agent.store.columns import new_id

__all__ = [
    "Following",
    "Heard",
    "Opened",
    "change",
    "close",
    "create",
    "delete",
    "follow",
    "get",
    "mine",
    "open",
    "prepare",
    "submit",
    "wake",
]

NAME_LENGTH = 80


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
        Invalid: the workspace is not there or not allowed.
    """
    session_id = new_id()
    folder = await tooling.choose_workspace(user, session_id, workspace)
    chosen = model or providers.default_model(settings())
    return await rows.create(user, _named(name), chosen, mode, folder, session_id)


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
    return Opened(session, fold(event for _, event in events), events[-1][0] if events else 0)


async def change(
    user: User, session_id: str, name: str | None = None, model: str | None = None, mode: Mode | None = None
) -> Session:
    """Rename a session, or let another model or mode hold from the next turn on.

    Raises:
        NotFound: there is none, or it is another's.
    """
    before = await rows.session(user, session_id)
    wanted = {"name": name and _named(name), "model": model, "mode": mode}
    after = await rows.change(user, session_id, **{key: value for key, value in wanted.items() if value})
    if before.model != after.model and before.last_seq:
        switched = ModelSwitched(before=before.model, after=after.model, why="chosen")
        await (await live(user, after)).append(switched)
    return after


async def delete(user: User, session_id: str) -> None:
    """Stop a session and take it out of sight.

    Raises:
        NotFound: there is none, or it is another's.
    """
    await rows.session(user, session_id)
    if running := live_or_none(session_id):
        running.interrupt()
    await rows.delete(user, session_id)


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
    running = await live(user, session)
    key = log.storable(f"{session_id}/command/{command_id}") if command_id else ""
    if key and (kept := await log.kept(key)):
        return kept[1].turn_id, kept[0]
    match command:
        case Prompt():
            said = prompt_text(command.parts).strip()
            if not said:
                raise Invalid("empty_prompt")
            if not session.name:
                first_line = said.splitlines()[0]
                session = await rows.change(user, session_id, name=_named(first_line))
            return await running.prompt(command, session, key)
        case Answer():
            return await running.answer(command, user.name, key)
        case DropPrompt():
            return await running.drop(command.prompt_id, key)
        case Interrupt():
            running.interrupt()
            return "", session.last_seq


async def prepare(user: User, session_id: str) -> None:
    """Bring a session's history into memory, so that its next prompt need not wait for it.

    Raises:
        NotFound: there is none, or it is another's.
    """
    await live(user, await rows.session(user, session_id))


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


def _named(name: str) -> str:
    words = " ".join(log.storable(name).split())
    if len(words) <= NAME_LENGTH:
        return words
    cut = words[: NAME_LENGTH - 1]
    at_word = cut.rpartition(" ")[0]
    return f"{at_word if len(at_word) > NAME_LENGTH // 2 else cut}…"
