"""What a tab shows of a session in the moment it is opened."""

from agent.core.events import ToolCallStarted, TurnFinished, TurnStarted
from agent.core.messages import Text, ToolCall
from app.view import FIRST, TURN_ROWS, View

PROMPT = (Text(text="Do it"),)


def test_a_view_that_opens_shows_the_newest_rows_alone() -> None:
    view = View()
    for number in range(TURN_ROWS):
        view.apply(TurnStarted(turn_id=f"{number}", prompt=PROMPT, model="demo:scripted", mode="ask"))
        view.apply(TurnFinished(turn_id=f"{number}", reason="end_turn"))
    shown = [row.id for row in [*view.history, *view.turn]]
    view.is_opening = True
    first = [row.id for row in [*view.history, *view.turn]]
    assert first == shown[-FIRST:]
    assert view.has_earlier


def test_a_long_turn_opens_with_its_end() -> None:
    view = View()
    view.apply(TurnStarted(turn_id="t", prompt=PROMPT, model="demo:scripted", mode="ask"))
    for number in range(FIRST * 2):
        call = ToolCall(id=f"{number}", name="grep", arguments={})
        view.apply(ToolCallStarted(turn_id="t", call=call, effect="pure"))
    view.is_opening = True
    assert [row.id for row in [*view.history, *view.turn]] == [
        f"{number}" for number in range(FIRST, FIRST * 2)
    ]
