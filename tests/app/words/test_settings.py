from datetime import UTC, datetime, timedelta

import pytest

from agent import tooling
from agent.core.identity import SCOPES as KNOWN
from app.words.settings import MAY_RUN, SCOPES, TOOLS, ago, hit, joined, operations, tried, until

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=30), "on 01 Jan 2026"),
        (timedelta(seconds=-5), "just now"),
    ],
)
def test_the_past_is_told_as_people_say_it(before: timedelta, said: str) -> None:
    assert ago(NOON - before, NOON) == said


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(days=90), "ends in 90 days"),
        (timedelta(days=89, hours=23, minutes=59), "ends in 90 days"),
        (timedelta(hours=1), "ends in 1 hour"),
        (timedelta(minutes=5), "ends in 5 minutes"),
        (timedelta(seconds=5), "ends in less than a minute"),
        (timedelta(), "ended on 31 Jan 2026"),
        (timedelta(days=-30), "ended on 01 Jan 2026"),
    ],
)
def test_an_end_is_told_as_people_say_it(after: timedelta, said: str) -> None:
    assert until(NOON + after, NOON) == said


def test_how_often_a_rule_applied_is_told() -> None:
    assert hit(1, NOON, NOON) == "applied once, last just now"
    assert hit(1200, None, NOON) == "applied 1,200 times"


def test_nothing_stands_between_facts_that_are_not_there() -> None:
    assert joined(["", operations(2), ""]) == "2 operations"
    assert joined([]) == ""


def test_a_sentence_has_one_place_for_its_thing() -> None:
    assert MAY_RUN.count("{tool}") == 1


def test_what_a_rule_would_have_meant_is_told() -> None:
    assert tried("allow", 0, 0, 0) == "There were no such calls in the last 30 days to try it on."
    assert tried("allow", 40, 12, 0).endswith("it would have allowed 12.")
    assert tried("ask", 40, 12, 3).endswith("it would have asked about 12.")
    assert tried("deny", 40, 12, 3).endswith("it would have denied 12; 9 of these had run.")
    assert tried("deny", 3, 3, 3).endswith("it would have denied 3.")


def test_every_tool_is_told_in_words() -> None:

    assert tooling.kinds().keys() <= TOOLS.keys()


def test_every_scope_is_told_in_words() -> None:

    assert [*SCOPES] == [*KNOWN]
