import pytest

from agent.core.identity import User
from agent.store.audit import Entry, append
from agent.store.engine import writing
from agent.tooling import auditing
from agent.tooling.auditing import audit_entries


async def noted(user: User, *bodies: dict[str, object]) -> None:
    for body in bodies:
        entry = Entry(action="call_allowed", user_id=user.id, session_id="s", turn_id="t", body=body)
        await writing(lambda store, entry=entry: append(store, entry))


async def test_a_person_reads_what_was_decided_for_them(owner: User, other: User) -> None:
    await noted(owner, {"tool": "edit"}, {"tool": "shell", "deep": [{"a": None}]})
    await noted(other, {"tool": "secret"})
    [newest, oldest], cursor = await audit_entries(owner)
    assert (newest.body, oldest.body) == ({"tool": "shell", "deep": [{"a": None}]}, {"tool": "edit"})
    assert (newest.action, newest.session_id, newest.turn_id, cursor) == ("call_allowed", "s", "t", "")
    assert newest.at.tzinfo is not None
    assert newest.seq > oldest.seq
    assert [entry.body["tool"] for entry in (await audit_entries(other))[0]] == ["secret"]


async def test_it_is_read_in_pages(owner: User, other: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "PAGE", 2)
    for number in range(5):
        await noted(owner, {"number": number})
        await noted(other, {"number": -1})
    found: list[object] = []
    cursor, pages = "", 0
    while cursor or not pages:
        entries, cursor = await audit_entries(owner, cursor)
        found += [entry.body["number"] for entry in entries]
        pages += 1
    assert (found, pages) == ([4, 3, 2, 1, 0], 3)


async def test_half_a_character_in_a_name_hides_nothing(owner: User) -> None:
    await noted(owner, {"file": "\ud800\n"})
    [[entry], _] = await audit_entries(owner)
    assert entry.model_dump_json()
    assert entry.body == {"file": "?\n"}
