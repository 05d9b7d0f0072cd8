from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from agent.core.identity import Session
from agent.store.columns import Utc, is_id, new_id, now
from agent.store.engine import reading, writing
from agent.store.sessions import SessionRow


def test_later_ids_sort_after_earlier_ones() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


@pytest.mark.parametrize("text", ["", "x", "0198C0DE-0000-7000-8000-000000000000", "0" * 32, "\0"])
def test_what_is_no_id_is_known(text: str) -> None:
    assert not is_id(text)


def test_a_time_without_a_zone_is_in_utc() -> None:
    naive = datetime(2026, 1, 2, 3, 4)  # noqa: DTZ001
    assert Utc().process_result_value(naive, sqlite.dialect()) == naive.replace(tzinfo=UTC)
    assert Utc().process_result_value(None, sqlite.dialect()) is None


async def test_a_time_comes_back_as_the_same_moment_in_utc(session: Session) -> None:
    zones = [timezone(timedelta(hours=hours)) for hours in (-11, 0, 14)]
    for moment in (now(), *(datetime(2026, 6, 1, 12, tzinfo=zone) for zone in zones)):
        await writing(
            lambda store, moment=moment: setattr(store.get_one(SessionRow, session.id), "archived_at", moment)
        )
        kept = await reading(lambda store: store.get_one(SessionRow, session.id).archived_at)
        assert kept == moment
        assert kept is not None
        assert kept.utcoffset() == timedelta(0)
