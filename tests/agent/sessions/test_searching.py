"""Searching finds the same on both databases."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session as Store
from sqlmodel import col, update

from agent import sessions
from agent.core.events import Event, StepFinished, ToolCallFinished, TurnStarted
from agent.core.identity import Session, User
from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.sessions import Filters, Hit, log, searching
from agent.sessions.searching import HITS_OF_ONE, PAGE
from agent.store.engine import writing
from agent.store.sessions import EventRow
from tests.agent.sessions.talk import turn

KEEPING_THE_DATABASE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
CALL = ToolCall(id="c1", name="edit", arguments={"path": "src/notes.md", "edits": [{"new": "umbrella"}]})
TOLD: tuple[Event, ...] = (
    TurnStarted(turn_id="t", prompt=(Text(text="Pack for Brussels"),), model="m", mode="ask"),
    StepFinished(
        turn_id="t",
        message=Message(role="assistant", parts=(Text(text="Rain is likely."), CALL)),
        stop="tool_use",
    ),
    ToolCallFinished(turn_id="t", result=ToolResult(call_id="c1", outcome="ok", text="12 lines changed")),
    StepFinished(
        turn_id="t",
        message=Message(role="assistant", parts=(Text(text="Packed: umbrella, café guide."),)),
        stop="end_turn",
    ),
)


@pytest.fixture
async def told(session: Session) -> Session:
    """A session in which something was said."""
    for event in TOLD:
        await log.append(session.id, event)
    return session


async def found(user: User, q: str, **meant: object) -> list[tuple[str, str]]:
    hits, _ = await sessions.search(user, q, Filters.model_validate(meant))
    return [(hit.kind, hit.row_id) for hit in hits]


def marked(hit: Hit) -> list[str]:
    return [hit.snippet.text[start:end] for start, end in hit.snippet.marks]


@pytest.mark.parametrize(
    ("q", "hits"),
    {
        "brussels": [("prompt", "t")],
        "rain": [("answer", "t/0/0")],
        "umbrella": [("answer", "t/1/0"), ("tool", "c1")],
        "umbrella -café": [("tool", "c1")],
        "UMBREL": [("answer", "t/1/0"), ("tool", "c1")],
        '"umbrel"': [],
        "lines": [("tool", "c1")],
        "src/notes.md": [("tool", "c1")],
        '"cafe guide"': [("answer", "t/1/0")],
        '"guide cafe"': [],
        "guide cafe": [("answer", "t/1/0")],
        "rain brussels": [],
        "-rain": [],
        "": [],
        "§": [],
        "' OR 1=1 --": [],
    }.items(),
    ids=str,
)
async def test_all_that_was_said_is_found(
    owner: User, told: Session, q: str, hits: list[tuple[str, str]]
) -> None:
    assert (await found(owner, q), told.name) == (hits, "")


async def test_hits_are_rows_of_the_transcript(owner: User, session: Session) -> None:
    await turn(owner, session, "list files")
    shown = {row.id for row in (await sessions.open(owner, session.id)).rows}
    for q in ("list files", "demo model", "list_directory", "empty"):
        hits, _ = await sessions.search(owner, q)
        assert hits
        assert {hit.row_id for hit in hits if hit.kind != "title"} <= shown
        assert all(marked(hit) for hit in hits)


async def test_names_come_first_and_go_with_the_name(owner: User, told: Session) -> None:
    named = await sessions.create(owner, name="Umbrella shops")
    hits, _ = await sessions.search(owner, "umbrella")
    assert [(hit.kind, hit.session.id) for hit in hits] == [
        ("title", named.id),
        ("answer", told.id),
        ("tool", told.id),
    ]
    await sessions.change(owner, named.id, name="Coats")
    assert ("title", "") not in await found(owner, "umbrella")
    assert await found(owner, "coats") == [("title", "")]


async def test_a_session_named_by_its_first_prompt_is_found_by_it(owner: User, session: Session) -> None:
    await turn(owner, session, "count to 2")
    assert [kind for kind, _ in await found(owner, "count")][:2] == ["title", "prompt"]


async def test_nobody_finds_what_another_said(other: User, told: Session) -> None:
    for q in ("umbrella", "brussels"):
        assert await sessions.search(other, q) == ([], "")
        assert await sessions.search(other, q, Filters(session_id=told.id)) == ([], "")
        assert await sessions.mine(other, q) == ([], "")


async def test_what_is_deleted_is_found_no_more_until_it_is_back(owner: User, told: Session) -> None:
    await sessions.delete(owner, told.id)
    assert await found(owner, "umbrella") == []
    await sessions.undelete(owner, told.id)
    assert len(await found(owner, "umbrella")) == 2


async def test_what_the_session_went_back_before_is_found_no_more(owner: User, told: Session) -> None:
    kept = await sessions.checkpoint(owner, told.id)
    await turn(owner, told, "count to 3")
    assert ("prompt", "t") not in await found(owner, "count")
    assert await found(owner, '"count to 3"')
    await sessions.restore(owner, told.id, kept.id)
    assert await found(owner, '"count to 3"', session_id=told.id) == [("title", "")]
    assert len(await found(owner, "umbrella")) == 2


async def test_a_copy_is_found_by_what_it_has(owner: User, told: Session) -> None:
    copy = await sessions.fork(owner, told.id, 2)
    assert {kind for kind, _ in await found(owner, "umbrella", session_id=copy.id)} == {"tool"}
    [(_, row_id)] = await found(owner, "rain", session_id=copy.id)
    assert row_id in {row.id for row in (await sessions.open(owner, copy.id)).rows}


async def test_hits_come_in_pages_of_each_session_a_few(owner: User, session: Session) -> None:
    for number in range(PAGE + 5):
        await log.append(session.id, _prompt(f"milk {number}"))
    others = [await sessions.create(owner) for _ in range(2)]
    for one in others:
        await log.append(one.id, _prompt("milk"))
    hits, cursor = await sessions.search(owner, "milk")
    assert [hit.session.id for hit in hits] == [others[1].id, others[0].id, *[session.id] * HITS_OF_ONE]
    assert cursor == ""
    alone = Filters(session_id=session.id)
    first, cursor = await sessions.search(owner, "milk", alone)
    rest, end = await sessions.search(owner, "milk", alone, cursor)
    assert (len(first), len(rest), end) == (PAGE, 5, "")
    assert len({hit.seq for hit in (*first, *rest)}) == PAGE + 5


async def test_a_page_ends_where_enough_was_looked_at(
    owner: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "BATCH", 2)
    monkeypatch.setattr(searching, "MOST_BATCHES", 2)
    first = await sessions.create(owner)
    await log.append(first.id, _prompt("milk"))
    for _ in range(6):
        await log.append(session.id, _prompt("milk"))
    hits, cursor = await sessions.search(owner, "milk")
    assert [hit.session.id for hit in hits] == [session.id] * HITS_OF_ONE
    hits, cursor = await sessions.search(owner, "milk", cursor=cursor)
    assert [hit.session.id for hit in hits] == [session.id, session.id, first.id]
    assert cursor == ""


async def test_filters_narrow_a_search(owner: User, told: Session) -> None:
    for none in ({"model": "demo:other"}, {"state": "archived"}, {"until": told.created_at}):
        assert await found(owner, "umbrella", **none) == []
    assert await found(owner, "umbrella", model=told.model, state="running", has_changes=False)
    assert await found(owner, "umbrella", session_id="no id") == []


async def test_archived_sessions_are_searched_only_when_asked_for(owner: User, told: Session) -> None:
    await sessions.mark(owner, [told.id], "archive")
    assert await found(owner, "umbrella") == []
    assert len(await found(owner, "umbrella", state="archived")) == 2


async def test_a_damaged_event_hides_no_other_hit(owner: User, told: Session) -> None:
    def damage(store: Store) -> None:
        store.exec(update(EventRow).where(col(EventRow.seq) == 2).values(body={"type": "Lost"}))

    await writing(damage)
    assert await found(owner, "umbrella", session_id=told.id) == [("answer", "t/1/0")]
    assert await found(owner, "brussels", session_id=told.id) == [("prompt", "t")]


@KEEPING_THE_DATABASE
@given(q=st.text(st.sampled_from("ab \"'-*():&|!<>\\^~%_.,§@#{}[]+=?/0é中\0\ud800\U0001f642"), max_size=30))
async def test_nothing_that_is_asked_is_an_error(owner: User, q: str) -> None:
    await sessions.search(owner, q)
    await sessions.mine(owner, q)


@KEEPING_THE_DATABASE
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
async def test_whatever_was_said_is_found_by_the_same_words(owner: User, session: Session, text: str) -> None:
    seq, _, _ = await log.append(session.id, _prompt(text))
    quoted = f'"{text.replace(chr(34), " ")}"'
    hits, _ = await sessions.search(owner, quoted, Filters(session_id=session.id))
    assert not hits or seq in {hit.seq for hit in hits}
    assert bool(hits) == any(map(str.isalnum, log.storable(text)))


def _prompt(text: str) -> TurnStarted:
    return TurnStarted(turn_id="p", prompt=(Text(text=text),), model="m", mode="ask")
