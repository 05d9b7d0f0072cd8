"""The front door."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agent import config, sessions
from agent.core.commands import Answer, Command, DropPrompt, Interrupt
from agent.core.errors import Invalid, LimitReached, NotFound
from agent.core.events import ModelSwitched, Noticed, PromptQueued, TurnFinished, TurnStarted
from agent.core.identity import Session, User
from agent.sessions import browsing, rows
from agent.store.columns import new_id
from tests.agent.sessions.talk import events, finished, prompt, say, turn

COMMANDS: list[Command] = [
    prompt("Hi"),
    Interrupt(),
    DropPrompt(prompt_id="p"),
    Answer(approval_id="a", answer="allow_once"),
]
DOORS: dict[str, Callable[[User, str], Awaitable[object]]] = {
    "get": sessions.get,
    "open": sessions.open,
    "prepare": sessions.prepare,
    "change": lambda user, session_id: sessions.change(user, session_id, name="Mine"),
    "delete": sessions.delete,
    "follow": sessions.follow,
    "saved": sessions.saved,
    **{
        f"submit {command.type}": lambda user, session_id, command=command: sessions.submit(
            user, session_id, command
        )
        for command in COMMANDS
    },
}


async def test_a_new_session_has_a_private_workspace_and_a_model(owner: User) -> None:
    session = await sessions.create(owner)
    assert (session.user_id, session.name, session.mode, session.last_seq) == (owner.id, "", "ask", 0)
    assert session.model == "demo:scripted"
    assert os.stat(session.workspace).st_mode & 0o077 == 0  # noqa: PTH116
    assert await sessions.get(owner, session.id) == session


async def test_a_session_may_be_given_a_folder_under_the_roots(owner: User, tmp_path: Path) -> None:
    (tmp_path / "roots" / "mine").mkdir(parents=True)
    session = await sessions.create(owner, workspace=str(tmp_path / "roots" / "mine"))
    assert session.workspace == str((tmp_path / "roots" / "mine").resolve())


async def test_no_session_is_made_in_a_folder_elsewhere(owner: User, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        await sessions.create(owner, workspace=str(tmp_path))
    assert await sessions.mine(owner) == ([], "")


async def test_a_name_is_short_and_storable(owner: User) -> None:
    session = await sessions.create(owner, name=" a\0\ud800 " + "b" * 100)
    assert session.name.startswith("a\ufffd\ufffd b")
    assert len(session.name) == rows.NAME_LENGTH
    assert await sessions.get(owner, session.id) == session


async def test_the_last_used_session_comes_first(owner: User) -> None:
    first, second = [await sessions.create(owner, name=name) for name in ("first", "second")]
    assert [session.id for session in (await sessions.mine(owner))[0]] == [second.id, first.id]
    await turn(owner, first, "count to 1")
    assert [session.id for session in (await sessions.mine(owner))[0]] == [first.id, second.id]


async def test_sessions_come_in_pages(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "PAGE", 2)
    made = [(await sessions.create(owner, name=f"{number}")).id for number in range(5)]
    sizes: list[int] = []
    found: list[str] = []
    cursor = ""
    while not sizes or cursor:
        page, cursor = await sessions.mine(owner, cursor=cursor)
        sizes.append(len(page))
        found += [session.id for session in page]
    assert (sizes, found) == ([2, 2, 1], made[::-1])


async def test_a_search_finds_names_by_their_words(owner: User) -> None:
    for name in ("plan", "50% off"):
        await sessions.create(owner, name=name)
    for q, found in {"PLA": ["plan"], "50": ["50% off"], "lan": [], "%": [], "_": [], "\0": []}.items():
        assert [session.name for session in (await sessions.mine(owner, q=q))[0]] == found


async def test_a_cursor_nobody_gave_is_the_first_page(owner: User) -> None:
    session = await sessions.create(owner)
    assert await sessions.mine(owner, cursor="-1; DROP TABLE") == ([session], "")


async def test_a_session_is_renamed_and_changed(owner: User, session: Session) -> None:
    changed = await sessions.change(owner, session.id, name=" Plan ", model="demo:other", mode="auto")
    assert (changed.name, changed.model, changed.mode) == ("Plan", "demo:other", "auto")
    assert await sessions.get(owner, session.id) == changed
    assert await sessions.change(owner, session.id, name="") == changed


async def test_another_model_leaves_a_mark_where_something_was_said(owner: User, session: Session) -> None:
    await sessions.change(owner, session.id, model="demo:first")
    await sessions.change(owner, session.id, model="demo:scripted")
    assert await events(session) == []
    await turn(owner, session, "count to 1")
    await sessions.change(owner, session.id, model="demo:second")
    mark = (await events(session))[-1]
    assert isinstance(mark, ModelSwitched)
    assert (mark.before, mark.after, mark.why) == ("demo:scripted", "demo:second", "chosen")
    assert [
        event.model for event in await turn(owner, session, "count to 1") if isinstance(event, TurnStarted)
    ] == ["demo:second"]


async def test_a_deleted_session_is_gone_and_its_turn_stops(owner: User, session: Session) -> None:
    turn_id = await say(owner, session, "count to 5000 slowly")
    following = await sessions.follow(owner, session.id)
    await sessions.delete(owner, session.id)
    async with following, asyncio.timeout(10):
        async for _, event in following:
            if isinstance(event, TurnFinished):
                assert (event.turn_id, event.reason) == (turn_id, "cancelled")
                break
    assert await sessions.mine(owner) == ([], "")
    with pytest.raises(NotFound):
        await sessions.open(owner, session.id)


async def test_nobody_reaches_anothers_session(owner: User, other: User) -> None:
    session = await sessions.create(owner, name="Mine")
    for door in DOORS.values():
        with pytest.raises(NotFound):
            await door(other, session.id)
    assert await sessions.mine(other) == ([], "")
    assert await sessions.get(owner, session.id) == session
    assert await events(session) == []


async def test_an_id_of_nothing_is_not_found(owner: User, session: Session) -> None:
    for session_id in ("", "1", "../etc", "\0", "x" * 10_000, new_id(), session.id.upper()):
        for door in DOORS.values():
            with pytest.raises(NotFound):
                await door(owner, session_id)


async def test_an_opened_session_shows_what_happened(owner: User, session: Session) -> None:
    assert (await sessions.open(owner, session.id)).rows == []
    await turn(owner, session, "count to 3")
    opened = await sessions.open(owner, session.id)
    assert [row.kind for row in opened.rows] == ["user", "thinking", "text"]
    assert opened.rows[-1].text.endswith("w1 w2 w3")
    assert opened.seq == opened.session.last_seq == len(await events(session))


async def test_a_prepared_session_answers_as_any_other(owner: User, session: Session) -> None:
    await sessions.prepare(owner, session.id)
    assert await events(session) == []
    await turn(owner, session, "count to 1")


async def test_the_first_prompt_names_the_session(owner: User, session: Session) -> None:
    await turn(owner, session, "\n count to 3\0 \nand then rest")
    assert (await sessions.get(owner, session.id)).name == "count to 3\ufffd"
    await turn(owner, session, "count to 2")
    assert (await sessions.get(owner, session.id)).name == "count to 3\ufffd"


async def test_the_same_command_twice_is_done_once(owner: User, session: Session) -> None:
    submitted = await sessions.submit(owner, session.id, prompt("count to 1"), "one\0")
    assert await sessions.submit(owner, session.id, prompt("count to 1"), "one\0") == submitted
    await finished(owner, session, submitted[0])
    assert await sessions.submit(owner, session.id, prompt("count to 1"), "one\0") == submitted
    assert [event.turn_id for event in await events(session) if isinstance(event, TurnStarted)] == [
        submitted[0]
    ]


async def test_the_same_command_twice_at_one_instant_is_done_once(owner: User, session: Session) -> None:
    answers = await asyncio.gather(
        *(sessions.submit(owner, session.id, prompt("count to 1"), "one") for _ in range(5))
    )
    assert len(set(answers)) == 1
    await finished(owner, session, answers[0][0])
    assert sum(isinstance(event, TurnStarted | PromptQueued) for event in await events(session)) == 1


async def test_the_same_id_in_another_session_is_another_command(owner: User, session: Session) -> None:
    elsewhere = await sessions.create(owner)
    turns = [await say(owner, where, "count to 1", "one") for where in (session, elsewhere)]
    assert len(set(turns)) == 2
    for where, turn_id in zip((session, elsewhere), turns, strict=True):
        await finished(owner, where, turn_id)


async def test_an_interrupt_of_nothing_changes_nothing(owner: User, session: Session) -> None:
    assert await sessions.submit(owner, session.id, Interrupt()) == ("", 0)
    assert await events(session) == []
    assert (await turn(owner, session, "count to 1"))[-1].model_dump()["reason"] == "end_turn"


async def test_a_person_is_told_once_of_files_they_mention_that_are_not_there(owner: User) -> None:
    session = await sessions.create(owner)
    (Path(session.workspace) / "a.txt").write_text("Hello")
    asked = prompt("Compare @a.txt with @gone/b.txt and tell ada@example.org")
    for _ in range(2):
        turn_id, _ = await sessions.submit(owner, session.id, asked, "once")
    await finished(owner, session, turn_id)
    told = [event for event in await events(session) if isinstance(event, Noticed)]
    assert [(event.code, event.values, event.turn_id) for event in told] == [
        ("not_there", {"paths": "gone/b.txt"}, turn_id)
    ]


async def test_one_prompt_too_many_is_refused_and_nothing_else_is(
    owner: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAESTRO_LIMITS", "on")
    monkeypatch.setattr(sessions, "PROMPTS", "2/minute")
    config.settings.cache_clear()
    session, theirs = await sessions.create(owner), await sessions.create(other)
    for _ in range(2):
        await sessions.submit(owner, session.id, prompt("count to 1"))
    with pytest.raises(LimitReached) as refused:
        await sessions.submit(owner, session.id, prompt("count to 1"))
    assert refused.value.code == "too_often"
    await sessions.submit(owner, session.id, Interrupt())
    await sessions.submit(other, theirs.id, prompt("count to 1"))
