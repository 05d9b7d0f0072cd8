from agent.core.events import ModelSwitched, Noticed
from agent.core.messages import Usage
from agent.core.trace import Span
from app.drawer.trace import LONGEST_RAW, raw, span_shown

USED = Usage(input=14_200, cached=9000, output=350, cost=0.0123)


def test_a_request_says_what_it_used_and_what_went_wrong() -> None:
    retry = Noticed(code="retry", values={"provider": "anthropic", "trouble": "overloaded"})
    switched = ModelSwitched(before="anthropic:a", after="openai:b", why="overloaded")
    span = Span(
        kind="model",
        name="openai:b",
        after=0,
        seconds=5,
        outcome="error",
        usage=USED,
        asides=(retry, switched),
    )
    shown = span_shown(3, span)
    assert (shown.number, shown.what, shown.after, shown.took) == (3, "openai:b", "+0.0 s", "5.0 s")
    assert (shown.tokens, shown.cached, shown.cost) == ("14.2k → 350", "9k cached", "$0.0123")
    assert shown.outcome == "broke off"
    assert len(shown.asides) == 2
    assert "openai:b goes on with this turn" in shown.asides[1]


def test_a_call_that_went_well_says_only_how_long_it_took() -> None:
    shown = span_shown(0, Span(kind="tool", name="grep", after=1, seconds=0.02, outcome="ok"))
    assert (shown.what, shown.took, shown.outcome, shown.tokens, shown.cost) == ("grep", "20 ms", "", "", "")


def test_raw_events_are_cut() -> None:
    text = raw([{"text": "x" * LONGEST_RAW}])
    assert text.endswith("… 15 more characters")
    assert len(text) < LONGEST_RAW + 50
