import io
import json
from zipfile import ZipFile

import pytest

from agent import sessions
from agent.core.errors import LimitReached, NotFound
from agent.core.events import EVENT
from agent.core.identity import Session, User
from agent.sessions import Form, exporting, log
from agent.store.columns import new_id
from tests.agent.sessions.talk import turn


async def exported(user: User, session: Session, form: Form) -> str:
    return (await whole(await sessions.export(user, session.id, form))).decode()


async def whole(export: sessions.Export) -> bytes:
    return b"".join([piece async for piece in export.pieces])


async def test_json_has_all_that_happened(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    assert json.loads(await exported(owner, session, "json"))["events"] == []
    await turn(owner, session, "list files")
    told = json.loads(await exported(owner, session, "json"))
    assert told["session"]["id"] == session.id
    assert [(one["seq"], EVENT.validate_python(one["event"])) for one in told["events"]] == await log.read(
        session.id
    )


async def test_markdown_reads_like_the_transcript(owner: User, session: Session) -> None:
    await turn(owner, session, "list files")
    told = await exported(owner, session, "markdown")
    places = [told.index(said) for said in ("# list files", "## Prompt\n\nlist files", "**list_directory**")]
    assert places == sorted(places)
    assert "is empty." in told


async def test_markdown_leaves_out_what_the_session_went_back_before(owner: User, session: Session) -> None:
    await turn(owner, session, "count to 2")
    kept = await sessions.checkpoint(owner, session.id)
    await turn(owner, session, "count to 3")
    await sessions.restore(owner, session.id, kept.id)
    await turn(owner, session, "count to 4")
    told = await exported(owner, session, "markdown")
    assert ("count to 2" in told, "count to 3" in told, "count to 4" in told) == (True, False, True)
    assert "count to 3" in await exported(owner, session, "json")


async def test_the_file_is_named_like_the_session(owner: User, session: Session) -> None:
    named = await sessions.change(owner, session.id, name='../Été "now"\n東')
    for form, ending in (("markdown", "md"), ("json", "json")):
        file = await sessions.export(owner, named.id, form)
        assert file.name == f"ete-now-{named.updated_at:%Y-%m-%d}.{ending}"
        await anext(aiter(file.pieces))


async def test_several_are_one_archive_in_their_order(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    await turn(owner, session, "list files")
    second = await sessions.create(owner, "Empty", "demo:scripted")
    file = await sessions.export_all(owner, [session.id, second.id, session.id], "json")
    with ZipFile(io.BytesIO(await whole(file))) as archive:
        assert archive.testzip() is None
        first, empty = archive.namelist()
        assert (first[:14], empty[:9]) == ("001-list-files", "002-empty")
        assert archive.read(first).decode() == await exported(owner, session, "json")
    assert file.name.endswith(".zip")


async def test_nobody_takes_anothers_away(other: User, session: Session) -> None:
    with pytest.raises(NotFound):
        await sessions.export(other, session.id, "json")
    own = await sessions.create(other, "Own", "demo:scripted")
    with pytest.raises(NotFound):
        await sessions.export_all(other, [own.id, session.id], "json")


async def test_too_many_at_once_are_refused(owner: User) -> None:
    with pytest.raises(LimitReached):
        await sessions.export_all(owner, [new_id() for _ in range(sessions.MOST_AT_ONCE + 1)], "json")
