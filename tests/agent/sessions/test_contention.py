"""Many sessions at work at once on one SQLite file, beside programs that write to it."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from agent import sessions
from agent.core.events import Delta, TurnFinished
from agent.core.identity import Session, User
from agent.core.messages import Text, ToolCall
from agent.core.provider import Request
from tests.agent.sessions.puppet import Puppet, Said, step
from tests.agent.sessions.talk import events, finished, say, sqlite_only

SESSIONS = 12
WRITERS = 2


async def works(request: Request) -> Said:
    """Three steps with a tool each, then a last word."""
    yield Delta(kind="text", text="Look")
    done = len(request.messages) // 2
    calls = [ToolCall(id=f"c{done}", name="list_directory", arguments={"path": "."})] if done < 3 else []
    yield step(Text(text="Look"), *calls, stop="tool_use" if calls else "end_turn")


def write_on(
    file: Path, session: str, stopped: threading.Event, failed: list[str], written: list[int]
) -> None:
    """What another program does to the file, in transactions of a few milliseconds."""
    with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection:
        while not stopped.is_set():
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE sessions SET name = name WHERE id = ?", [session.replace("-", "")])
                stopped.wait(0.002)
                connection.execute("COMMIT")
                written.append(1)
            except sqlite3.OperationalError as error:
                failed.append(str(error))
            stopped.wait(0.002)


@sqlite_only
async def test_nobody_meets_a_locked_database(owner: User, puppet: Puppet, tmp_path: Path) -> None:
    puppet.plays = {"works": works}
    made = [await sessions.create(owner, model="puppet:works") for _ in range(SESSIONS)]
    stopped, failed, written = threading.Event(), list[str](), list[int]()
    threads = [
        threading.Thread(target=write_on, args=(tmp_path / "app.db", session.id, stopped, failed, written))
        for session in made[:WRITERS]
    ]
    for thread in threads:
        thread.start()
    try:

        async def work(session: Session) -> TurnFinished:
            return await finished(owner, session, await say(owner, session, "Go"))

        ended = await asyncio.gather(*(work(session) for session in made))
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert {end.reason for end in ended} == {"end_turn"}
    assert not failed
    assert len(written) > WRITERS
    for session in made:
        assert [event.type for event in await events(session)].count("ToolCallFinished") == 3
