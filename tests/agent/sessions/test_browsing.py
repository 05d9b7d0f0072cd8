from datetime import timedelta
from pathlib import Path

import pytest

from agent import sessions
from agent.core.commands import Answer, Interrupt
from agent.core.errors import LimitReached, NotFound
from agent.core.identity import Session, User
from agent.sessions import MOST_AT_ONCE, Filters, browsing
from agent.store.columns import new_id, now
from agent.store.engine import writing
from agent.store.sessions import SessionRow
from tests.agent.sessions.talk import asked, finished, say, turn


async def names(user: User, q: str = "", **meant: object) -> list[str]:
    found, _ = await sessions.browse(user, q, Filters.model_validate(meant))
    return [one.session.name for one in found]


async def named(user: User, *wanted: str) -> list[Session]:
    return [await sessions.create(user, name=name, model="demo:scripted") for name in wanted]


async def test_pinned_sessions_come_first_and_archived_ones_not_at_all(owner: User) -> None:
    a, b, c, d = await named(owner, "a", "b", "c", "d")
    [pinned] = await sessions.mark(owner, [a.id], "pin")
    assert pinned.pinned_at is not None
    await sessions.mark(owner, [c.id, d.id], "archive")
    assert await names(owner) == ["a", "b"]
    assert await names(owner, state="archived") == ["d", "c"]
    await sessions.mark(owner, [a.id], "unpin")
    await sessions.mark(owner, [d.id], "unarchive")
    assert await names(owner) == ["d", "b", "a"]
    assert b == await sessions.get(owner, b.id)


async def test_what_is_archived_is_pinned_no_more(owner: User) -> None:
    [one] = await named(owner, "a")
    await sessions.mark(owner, [one.id], "pin")
    [archived] = await sessions.mark(owner, [one.id], "archive")
    assert (archived.pinned_at, bool(archived.archived_at)) == (None, True)


async def test_a_search_lists_those_first_that_are_named_so(owner: User) -> None:
    _, said, _ = await named(owner, "three", "other", "count")
    await turn(owner, said, "count to 3")
    assert await names(owner, "count") == ["count", "other"]
    assert await names(owner, "thr") == ["three"]
    assert await names(owner, "-count") == await names(owner, "?") == []
    assert len(await names(owner, " ")) == 3


async def test_a_session_says_whether_it_runs_or_needs_its_person(owner: User) -> None:
    runs, needs, idle = await named(owner, "runs", "needs", "idle")
    running = await say(owner, runs, "count to 5000 slowly")
    asking = await say(owner, needs, "create a.txt with hello")
    question = await asked(owner, needs)
    listed = {one.session.name: one.state for one in (await sessions.browse(owner))[0]}
    assert listed == {"runs": "running", "needs": "needs_me", "idle": "idle"}
    for state, name in {"running": "runs", "needs_me": "needs", "idle": "idle"}.items():
        assert await names(owner, state=state) == [name]
    assert idle.has_changes is False
    await sessions.submit(owner, needs.id, Answer(approval_id=question.approval_id, answer="allow_once"))
    await finished(owner, needs, asking)
    assert await names(owner, has_changes=True) == ["needs"]
    assert await names(owner, state="needs_me") == []
    await sessions.submit(owner, runs.id, Interrupt())
    await finished(owner, runs, running)
    assert await names(owner, state="running") == []


async def test_sessions_are_filtered_by_what_is_known_of_them(owner: User, tmp_path: Path) -> None:
    old, new = await named(owner, "old", "new")
    await sessions.change(owner, new.id, model="demo:other")
    earlier = now() - timedelta(days=3)

    def make_old(store: browsing.Store) -> None:
        row = store.get(SessionRow, old.id)
        assert row
        row.updated_at = earlier

    await writing(make_old)
    assert await names(owner, model="demo:other") == ["new"]
    assert await names(owner, workspace=old.workspace) == ["old"]
    assert await names(owner, since=earlier + timedelta(days=1)) == ["new"]
    assert await names(owner, until=earlier + timedelta(days=1)) == ["old"]
    assert await names(owner, until=earlier) == []
    assert await names(owner, has_changes=True) == []
    models, workspaces = await sessions.places(owner)
    assert models == ["demo:other", "demo:scripted"]
    assert workspaces == []
    (tmp_path / "roots" / "mine").mkdir(parents=True)
    shared = await sessions.create(owner, workspace=str(tmp_path / "roots" / "mine"))
    assert (await sessions.places(owner))[1] == [shared.workspace]


async def test_several_are_changed_or_none(owner: User, other: User) -> None:
    mine = await named(owner, "a", "b")
    [theirs] = await named(other, "c")
    for wrong in (theirs.id, new_id(), "no id"):
        with pytest.raises(NotFound):
            await sessions.mark(owner, [mine[0].id, wrong], "archive")
        with pytest.raises(NotFound):
            await sessions.delete_all(owner, [mine[0].id, wrong])
    assert await names(owner) == ["b", "a"]
    assert await names(other) == ["c"]
    ids = [one.id for one in mine]
    assert await sessions.delete_all(owner, [*ids, ids[0]]) == ids
    assert await names(owner) == []


async def test_too_many_are_refused(owner: User) -> None:
    with pytest.raises(LimitReached):
        await sessions.mark(owner, [new_id() for _ in range(MOST_AT_ONCE + 1)], "pin")


async def test_a_deleted_session_comes_back_within_the_hour(
    owner: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = await named(owner, "a")
    with pytest.raises(NotFound):
        await sessions.undelete(owner, one.id)
    await sessions.delete(owner, one.id)
    for user, session_id in ((other, one.id), (owner, "no id")):
        with pytest.raises(NotFound):
            await sessions.undelete(user, session_id)
    assert await sessions.undelete(owner, one.id) == one
    assert await names(owner) == ["a"]
    await sessions.delete(owner, one.id)
    monkeypatch.setattr(browsing, "UNDONE_WITHIN", timedelta())
    with pytest.raises(NotFound):
        await sessions.undelete(owner, one.id)
