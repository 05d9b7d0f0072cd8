import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session as Store
from sqlmodel import select

from agent.config import Settings
from agent.core.errors import Invalid, NotFound, Unavailable
from agent.core.identity import Session
from agent.store.engine import (
    THREADS,
    connect,
    disconnect,
    is_open,
    is_sqlite,
    read,
    reading,
    writing,
)
from agent.store.sessions import SessionRow

sqlite_only = pytest.mark.parametrize("emptied_database", ["sqlite"], indirect=True)


def named(session: Session, name: str) -> SessionRow:
    return SessionRow(**session.model_dump(include={"user_id", "model", "mode", "workspace"}), name=name)


async def names() -> set[str]:
    return await reading(
        lambda store: {row[0] for row in store.connection().execute(text("SELECT name FROM sessions"))}
    )


async def test_work_that_raises_has_written_nothing(session: Session) -> None:
    def work(store: Store) -> None:
        store.add(named(session, "half"))
        store.flush()
        raise NotFound("session")

    with pytest.raises(NotFound):
        await writing(work)
    assert await names() == {""}


@pytest.mark.parametrize("name", ["half a character \ud800", "\0"])
async def test_what_no_database_can_hold_is_told_and_not_written(
    session: Session, emptied_database: str, name: str
) -> None:
    if name == "\0" and is_sqlite(emptied_database):
        pytest.skip("SQLite keeps it")
    with pytest.raises(Invalid) as refused:
        await writing(lambda store: store.add(named(session, name)))
    assert refused.value.code == "unstorable"
    assert await names() == {""}


async def test_writers_of_one_process_wait_for_each_other(session: Session) -> None:
    await asyncio.gather(
        *(
            writing(lambda store, number=number: store.add(named(session, f"{number}")))
            for number in range(50)
        )
    )
    assert len(await names()) == 51


@sqlite_only
async def test_writers_of_two_processes_wait_for_each_other(session: Session, tmp_path: Path) -> None:
    began = threading.Event()

    def writes_too() -> None:
        with sqlite3.connect(tmp_path / "app.db", timeout=20, isolation_level=None) as other:
            for number in range(30):
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE sessions SET name = ?", [f"{number}"])
                other.execute("COMMIT")
                began.set()
        other.close()

    writing_too = asyncio.ensure_future(asyncio.to_thread(writes_too))
    await asyncio.to_thread(began.wait)
    for number in range(30):
        await writing(lambda store, number=number: store.add(named(session, f"mine {number}")))
    await writing_too
    assert (
        await reading(
            lambda store: store.connection().execute(text("SELECT count(*) FROM sessions")).scalar()
        )
        == 31
    )


@sqlite_only
@pytest.mark.usefixtures("session")
async def test_who_reads_waits_for_no_writer() -> None:
    done = threading.Event()
    writers = [asyncio.ensure_future(writing(lambda _: done.wait(20))) for _ in range(2 * THREADS)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await names() == {""}
    done.set()
    assert all(await asyncio.gather(*writers))


@sqlite_only
@pytest.mark.usefixtures("session")
async def test_the_files_foreign_keys_hold() -> None:
    await writing(lambda store: store.connection().execute(text("DELETE FROM users")))
    assert await names() == set()


async def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    connect(f"sqlite:///{tmp_path / 'folder'}")
    try:
        with pytest.raises(Unavailable) as told:
            await reading(lambda store: store.connection())
        assert told.value.code == "database"
        assert "unable to open" in str(told.value.values["reason"])
    finally:
        await disconnect()


async def test_work_that_nobody_waits_for_is_done_before_the_database_is_closed(database_url: str) -> None:
    """Its connection would be closed by nobody."""
    engine = connect(Settings(database_url=database_url).database)
    began, may_end = threading.Event(), threading.Event()

    def works(store: Store) -> None:
        store.connection()
        began.set()
        assert may_end.wait(20)

    working = asyncio.ensure_future(reading(works))
    await asyncio.to_thread(began.wait)
    working.cancel()
    closing = asyncio.ensure_future(disconnect())
    await asyncio.wait({working, closing}, timeout=0.1)
    assert (working.cancelled(), closing.done()) == (True, False)
    may_end.set()
    await closing
    assert engine.pool.status().startswith("Pool size: 8  Connections in pool: 0")


async def test_the_folder_of_a_new_database_is_private(tmp_path: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'new' / 'app.db'}")
    await disconnect()
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert not is_sqlite("postgresql+psycopg://localhost/x")


async def test_a_thread_may_read_by_itself(session: Session) -> None:
    assert is_open()
    found = await asyncio.to_thread(read, lambda store: store.get(SessionRow, session.id))
    assert found
    assert found.model == session.model


def test_a_database_that_is_gone_is_told_in_a_thread_too(tmp_path: Path) -> None:
    assert not is_open()
    engine = connect(f"sqlite:///{tmp_path / 'app.db'}")
    try:
        with pytest.raises(Unavailable, match="database"):
            read(lambda store: store.exec(select(SessionRow)).all())
    finally:
        asyncio.run(disconnect())
        engine.dispose()
