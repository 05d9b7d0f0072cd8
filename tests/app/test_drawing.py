from agent.core.transcript import Row
from app.drawing import Drawing

TEXT = Row(id="t", kind="text", text="```python\nreturn 3\n```")


def test_a_row_is_made_once_until_it_changes() -> None:
    drawing = Drawing()
    row = Row(id="c", kind="tool", title="grep", call_id="c", status="running")
    assert drawing.row(row) is drawing.row(row)
    assert drawing.row(row.model_copy(update={"status": "ok"})).status == "ok"


def test_an_answer_gets_its_colours_once_they_are_known() -> None:
    drawing = Drawing()
    assert drawing.row(TEXT).inks == [""]
    drawing.inks.learn()
    coloured = drawing.row(TEXT)
    assert coloured.inks == ["1:k7,n2"]
    assert drawing.row(TEXT) is coloured


def test_calls_that_only_looked_are_drawn_as_one() -> None:
    rows = [Row(id=str(n), kind="tool", title="read_file", status="ok", call_id=str(n)) for n in range(3)]
    assert [row.kind for row in Drawing().rows(rows)] == ["group"]


def test_what_is_shown_no_longer_is_forgotten() -> None:
    drawing = Drawing()
    later = TEXT.model_copy(update={"id": "later", "text": "```python\nreturn 2\n```"})
    first, last = drawing.rows([TEXT, later])
    drawing.keep([later])
    assert drawing.row(later) is last
    assert drawing.row(TEXT) is not first
