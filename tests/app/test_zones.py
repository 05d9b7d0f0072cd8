"""Days are those of the person before the browser."""

from datetime import UTC, timedelta

import pytest

from app.zones import zone_in


@pytest.mark.parametrize("minutes", [840, 330, -210, -660])
def test_a_browser_says_how_far_its_clock_is(minutes: int) -> None:
    assert zone_in(f"other=1; maestro-zone={minutes}").utcoffset(None) == timedelta(minutes=minutes)


@pytest.mark.parametrize("told", ["", "0", "841", "-900", "1e9", "9" * 5000, "--1", "\u0661", "NaN", "1;2"])
def test_what_is_no_offset_means_utc(told: str) -> None:
    zone = zone_in(f"maestro-zone={told}")
    assert zone is UTC or abs(zone.utcoffset(None) or timedelta()) <= timedelta(minutes=840)
