import base64

import pytest
from sqlmodel import col, select, update

from agent import sessions
from agent.core.commands import MOST_ATTACHMENTS, Prompt
from agent.core.errors import Invalid, LimitReached, NotFound
from agent.core.events import TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import File, Text
from agent.sessions.attaching import KEPT, LONGEST_DRAFT
from agent.store.attachments import AttachmentRow
from agent.store.columns import new_id, now
from agent.store.engine import reading, writing
from tests.agent.sessions.talk import events


async def prompted(session: Session) -> list[tuple[object, ...]]:
    return [event.prompt for event in await events(session) if isinstance(event, TurnStarted)]


async def test_a_prompt_takes_its_files_along_and_they_wait_no_longer(owner: User, session: Session) -> None:
    kept = await sessions.attach(owner, session.id, "a.txt", b"milk")
    left = await sessions.attach(owner, session.id, "b.txt", b"eggs")
    assert (await sessions.draft(owner, session.id)).attachments == (kept, left)
    await sessions.submit(owner, session.id, Prompt(parts=(Text(text="Buy this"),), attachments=(kept.id,)))
    milk = File(media_type="text/plain", data=base64.b64encode(b"milk").decode(), name="a.txt")
    assert await prompted(session) == [(Text(text="Buy this"), milk)]
    assert (await sessions.draft(owner, session.id)).attachments == (left,)


async def test_a_file_may_go_without_words(owner: User, session: Session) -> None:
    kept = await sessions.attach(owner, session.id, "a.txt", b"milk")
    await sessions.submit(owner, session.id, Prompt(parts=(Text(text=" "),), attachments=(kept.id,)))
    [[file]] = await prompted(session)
    assert isinstance(file, File)


async def test_the_same_command_twice_is_done_once_with_its_files(owner: User, session: Session) -> None:
    kept = await sessions.attach(owner, session.id, "a.txt", b"milk")
    prompt = Prompt(parts=(Text(text="Hi"),), attachments=(kept.id,))
    first = await sessions.submit(owner, session.id, prompt, "once")
    assert await sessions.submit(owner, session.id, prompt, "once") == first
    assert len(await prompted(session)) == 1


async def test_a_file_goes_only_with_a_prompt_of_its_own_session(owner: User, session: Session) -> None:
    other = await sessions.create(owner, model="demo:scripted")
    kept = await sessions.attach(owner, other.id, "a.txt", b"milk")
    for wrong in (kept.id, new_id(), "../x"):
        with pytest.raises(NotFound):
            await sessions.submit(owner, session.id, Prompt(parts=(Text(text="Hi"),), attachments=(wrong,)))
        with pytest.raises(NotFound):
            await sessions.detach(owner, session.id, wrong)
    assert await prompted(session) == []


async def test_a_file_is_taken_away_again(owner: User, session: Session) -> None:
    kept = await sessions.attach(owner, session.id, "a.txt", b"milk")
    await sessions.detach(owner, session.id, kept.id)
    assert (await sessions.draft(owner, session.id)).attachments == ()


async def test_only_so_many_files_wait(owner: User, session: Session) -> None:
    for number in range(MOST_ATTACHMENTS):
        await sessions.attach(owner, session.id, f"{number}.txt", b"x")
    with pytest.raises(LimitReached, match="attachments"):
        await sessions.attach(owner, session.id, "more.txt", b"x")


async def test_only_so_much_waits_together(owner: User, session: Session) -> None:
    for _ in range(2):
        await sessions.attach(owner, session.id, "a.pdf", b"%PDF-" + b"x" * 7_000_000)
    with pytest.raises(LimitReached, match="attachments_together"):
        await sessions.attach(owner, session.id, "a.pdf", b"%PDF-" + b"x" * 7_000_000)


async def test_what_was_sent_is_kept_a_while_and_then_goes(owner: User, session: Session) -> None:
    kept = await sessions.attach(owner, session.id, "a.txt", b"milk")
    await sessions.submit(owner, session.id, Prompt(parts=(Text(text="Hi"),), attachments=(kept.id,)))
    stored = select(AttachmentRow.name).where(AttachmentRow.session_id == session.id)
    await sessions.attach(owner, session.id, "b.txt", b"x")
    assert sorted(await reading(lambda store: store.exec(stored).all())) == ["a.txt", "b.txt"]
    sent = update(AttachmentRow).where(col(AttachmentRow.id) == kept.id)
    await writing(lambda store: store.exec(sent.values(sent_at=now() - KEPT)))
    await sessions.attach(owner, session.id, "c.txt", b"x")
    assert sorted(await reading(lambda store: store.exec(stored).all())) == ["b.txt", "c.txt"]


async def test_a_draft_is_kept_and_does_not_make_a_session_newer(owner: User, session: Session) -> None:
    assert (await sessions.draft(owner, session.id)).text == ""
    await sessions.keep_draft(owner, session.id, "Half a sen\0tence")
    assert (await sessions.draft(owner, session.id)).text.startswith("Half a sen")
    assert (await sessions.get(owner, session.id)).updated_at == session.updated_at
    with pytest.raises(LimitReached):
        await sessions.keep_draft(owner, session.id, "x" * (LONGEST_DRAFT + 1))


async def test_what_another_types_and_attaches_does_not_exist(owner: User, session: Session) -> None:
    stranger = owner.model_copy(update={"id": new_id()})
    kept = await sessions.attach(owner, session.id, "a.txt", b"milk")
    asked = [
        sessions.attach(stranger, session.id, "a.txt", b"x"),
        sessions.detach(stranger, session.id, kept.id),
        sessions.draft(stranger, session.id),
        sessions.keep_draft(stranger, session.id, "x"),
    ]
    for one in asked:
        with pytest.raises(NotFound):
            await one
    assert (await sessions.draft(owner, session.id)).attachments == (kept,)


async def test_what_is_no_file_for_a_model_is_not_kept(owner: User, session: Session) -> None:
    with pytest.raises(Invalid):
        await sessions.attach(owner, session.id, "a.zip", b"PK\3\4\0\0\0")
