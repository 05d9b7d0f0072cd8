"""What waits in a session's composer: files to go with the next prompt, and the words typed so far."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session as Store
from sqlmodel import and_, col, delete, func, select, update

from agent import tooling
from agent.core.commands import MOST_ATTACHMENTS, Prompt
from agent.core.errors import LimitReached, NotFound
from agent.core.identity import Session, User
from agent.core.messages import File, Text, Value
from agent.sessions import log, quotas, rows
from agent.store.attachments import AttachmentRow
from agent.store.columns import is_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow

MOST_TOGETHER = 20_000_000
"""Characters of base64 of what waits in a session: as many as mentioned files may have."""
KEPT = timedelta(minutes=10)
"""How long what was sent is kept: the same command may come again."""
LONGEST_DRAFT = 100_000


class Attachment(Value):
    """A file that waits for its prompt."""

    id: str
    name: str
    media_type: str
    size: int
    """Bytes."""


class Draft(Value):
    """What a person has not sent yet."""

    text: str
    attachments: tuple[Attachment, ...] = ()


async def attach(user: User, session_id: str, name: str, raw: bytes) -> Attachment:
    """Keep a file until a prompt of the session takes it along.

    Raises:
        NotFound: there is no such session, or it is another's.
        Invalid: it is empty, or neither an image nor a PDF nor text.
        LimitReached: it is too large, or too many wait.
    """
    session = await rows.session(user, session_id)
    quotas.require_room(session)
    file = await tooling.read_attachment(user, name, raw)
    row = AttachmentRow(
        session_id=session_id,
        name=file.name,
        media_type=file.media_type,
        size=len(raw),
        content=file.data,
    )

    def work(store: Store) -> None:
        store.exec(delete(AttachmentRow).where(col(AttachmentRow.sent_at) < now() - KEPT))
        store.get(SessionRow, session_id, with_for_update=True)  # one after the other, or the count is wrong
        _require_room(store, session, len(file.data))
        store.add(row)

    await writing(work)
    return _shown(row)


async def detach(user: User, session_id: str, attachment_id: str) -> None:
    """Take a file away again.

    Raises:
        NotFound: there is no such session or file, or it is another's.
    """
    await rows.session(user, session_id)
    gone = delete(AttachmentRow).where(
        col(AttachmentRow.id) == _id(attachment_id), col(AttachmentRow.session_id) == session_id
    )
    if not (await writing(lambda store: store.exec(gone))).rowcount:
        raise NotFound("attachment")


async def draft(user: User, session_id: str) -> Draft:
    """What waits in the composer of a session.

    Raises:
        NotFound: there is no such session, or it is another's.
    """
    await rows.session(user, session_id)
    waiting = select(AttachmentRow).where(_waits(session_id)).order_by(col(AttachmentRow.id))

    def work(store: Store) -> Draft:
        row = store.get_one(SessionRow, session_id)
        return Draft(text=row.draft, attachments=tuple(_shown(one) for one in store.exec(waiting)))

    return await reading(work)


async def keep_draft(user: User, session_id: str, text: str) -> None:
    """Keep the words typed so far; none when they were sent.

    Raises:
        NotFound: there is no such session, or it is another's.
        LimitReached: they are too long.
    """
    quotas.require_room(await rows.session(user, session_id))
    if len(text) > LONGEST_DRAFT:
        raise LimitReached("draft_too_long", most=f"{LONGEST_DRAFT:,}")
    await rows.change(user, session_id, draft=log.storable(text))


async def with_attachments(session: Session, prompt: Prompt) -> Prompt:
    """A prompt with the files that it names; what was just sent may be sent once more.

    Raises:
        NotFound: one of them is not there.
    """
    if not prompt.attachments:
        return prompt
    ids = [_id(one) for one in dict.fromkeys(prompt.attachments)]
    wanted = select(AttachmentRow).where(
        col(AttachmentRow.id).in_(ids), AttachmentRow.session_id == session.id
    )
    found = {row.id: row for row in await reading(lambda store: store.exec(wanted).all())}
    if len(found) < len(ids):
        raise NotFound("attachment")
    files = [_file(found[one]) for one in ids]
    words = [part for part in prompt.parts if not isinstance(part, Text) or part.text.strip()]
    return prompt.model_copy(update={"parts": (*words, *files)})


async def mark_sent(session: Session, ids: Sequence[str]) -> None:
    """Let what was sent wait no longer."""
    sent = update(AttachmentRow).where(
        col(AttachmentRow.id).in_([_id(one) for one in ids]), col(AttachmentRow.session_id) == session.id
    )
    await writing(lambda store: store.exec(sent.values(sent_at=now())))


def _require_room(store: Store, session: Session, length: int) -> None:
    counted = select(func.count(), func.sum(func.length(AttachmentRow.content)))
    number, together = store.exec(counted.where(_waits(session.id))).one()
    if number >= MOST_ATTACHMENTS:
        raise LimitReached("attachments", most=MOST_ATTACHMENTS)
    is_guests = session.anonymous_session_id is not None
    if (together or 0) + length > (quotas.LONGEST_PROMPT if is_guests else MOST_TOGETHER):
        raise LimitReached("attachments_together", most="0.7 MB" if is_guests else "15 MB")


def _waits(session_id: str) -> ColumnElement[bool]:
    """Whether a row is one of a session that no prompt has taken."""
    return and_(col(AttachmentRow.session_id) == session_id, col(AttachmentRow.sent_at).is_(None))


def _id(text: str) -> str:
    if not is_id(text):
        raise NotFound("attachment")
    return text


def _shown(row: AttachmentRow) -> Attachment:
    return Attachment(id=row.id, name=row.name, media_type=row.media_type, size=row.size)


def _file(row: AttachmentRow) -> File:
    return File(media_type=row.media_type, data=row.content, name=row.name)
