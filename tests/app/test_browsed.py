from datetime import UTC, datetime, timedelta

import pytest

from agent.core.identity import Session
from agent.core.snippets import Snippet
from agent.sessions import HITS_OF_ONE, Hit
from app.browsed import between, group, hit_shown, pieces, session_shown, with_hits

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def session(**fields: object) -> Session:
    known = {
        "id": "s",
        "user_id": "1",
        "name": "Plan",
        "model": "demo:m",
        "mode": "ask",
        "workspace": "/w/mine",
    }
    times = {"last_seq": 0, "created_at": NOW, "updated_at": NOW}
    return Session.model_validate({**known, **times, **fields})


def hit(kind: str = "prompt", row_id: str = "t", **fields: object) -> Hit:
    drawn = Snippet(text="Plan milk", marks=((5, 9),))
    return Hit.model_validate(
        {
            "session": session(**fields),
            "state": "idle",
            "seq": 1,
            "row_id": row_id,
            "kind": kind,
            "snippet": drawn,
        }
    )


def test_a_session_is_shown_in_words() -> None:
    shown = session_shown(session(name="", updated_at=NOW - timedelta(hours=3)), "needs_me", NOW)
    assert (shown.name, shown.label, shown.workspace) == ("New session", "Needs me", "mine")
    assert (shown.when, shown.at) == ("3 hours ago", "31 Jan 2026 09:00 UTC")
    own = session_shown(session(workspace="/data/workspaces/s"), "idle", NOW)
    assert (own.workspace, own.path) == ("own folder", "/data/workspaces/s")


def test_hits_stand_with_their_session_and_lead_to_their_row() -> None:
    hits = [hit("title", "", id="b"), hit("answer", "t/0/1", id="a"), hit(id="b"), hit(id="a")]
    first, second = with_hits([], hits, NOW)
    assert (first.id, [one.kind for one in first.hits]) == ("b", ["Prompt"])
    assert [(piece.text, piece.is_mark) for piece in first.pieces] == [("Plan ", False), ("milk", True)]
    assert [one.href for one in second.hits] == ["/s/a#t%2F0%2F1", "/s/a#t"]


def test_the_next_page_adds_to_what_is_there() -> None:
    before = with_hits([], [hit(id="a")], NOW)
    after = with_hits(before, [hit(id="b"), *[hit(id="a")] * HITS_OF_ONE], NOW)
    assert [(one.id, len(one.hits), one.has_more) for one in after] == [
        ("a", HITS_OF_ONE + 1, True),
        ("b", 1, False),
    ]
    assert len(before[0].hits) == 1


def test_a_row_of_any_name_stays_one_fragment() -> None:
    assert hit_shown(hit(row_id='call "1" #?/ü')).href == "/s/s#call%20%221%22%20%23%3F%2F%C3%BC"


@pytest.mark.parametrize("marks", [(), ((0, 4),), ((5, 9),), ((0, 4), (5, 9))])
def test_pieces_make_the_whole(marks: tuple[tuple[int, int], ...]) -> None:
    found = pieces(Snippet(text="Plan milk", marks=marks))
    assert "".join(piece.text for piece in found) == "Plan milk"
    assert sum(piece.is_mark for piece in found) == len(marks)


def test_ages_and_groups_go_back_from_now() -> None:
    assert between("", NOW) == (None, None)
    assert between("day", NOW) == (NOW - timedelta(days=1), None)
    assert between("older", NOW) == (None, NOW - timedelta(days=30))
    ages = {0: "today", 1: "yesterday", 2: "week", 7: "week", 8: "older"}
    assert {days: group(session(updated_at=NOW - timedelta(days=days)), NOW) for days in ages} == ages
    assert group(session(pinned_at=NOW, updated_at=NOW - timedelta(days=9)), NOW) == "pinned"
