"""Where a person's day begins: the browser says how far its clock is from UTC."""

from datetime import UTC, timedelta, timezone, tzinfo

import reflex as rx
from starlette.requests import cookie_parser

COOKIE = "maestro-zone"
"""What assets/zone.js keeps the minutes in."""
FARTHEST = 14 * 60
"""Minutes; no clock on Earth is farther ahead."""


def zone_in(cookies: str) -> tzinfo:
    """The zone that a Cookie header tells; UTC when it tells none.

    >>> zone_in("a=b; maestro-zone=120").utcoffset(None), zone_in("maestro-zone=soon")
    (datetime.timedelta(seconds=7200), datetime.timezone.utc)
    """
    told = cookie_parser(cookies).get(COOKIE, "")
    is_number = told.removeprefix("-").isdecimal() and len(told) <= len(str(-FARTHEST))
    minutes = int(told) if is_number else 0
    return timezone(timedelta(minutes=minutes)) if 0 < abs(minutes) <= FARTHEST else UTC


def zone_of(state: rx.State) -> tzinfo:
    """The zone of the browser behind a tab."""
    return zone_in(state.router.headers.cookie)
