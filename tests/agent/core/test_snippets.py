from hypothesis import given
from hypothesis import strategies as st

from agent.core.search_query import parse
from agent.core.snippets import LENGTH, snippet

TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)))


def marked(text: str, asked: str) -> str:
    drawn = snippet(text, parse(asked))
    said = drawn.text
    for start, end in reversed(drawn.marks):
        said = f"{said[:start]}[{said[start:end]}]{said[end:]}"
    return said


def test_every_place_of_a_short_text_is_marked() -> None:
    assert marked("Milk, milk and MILKSHAKE", "milk") == "[Milk], [milk] and [MILKSHAKE]"
    assert marked("Milk, milk and MILKSHAKE", '"milk"') == "[Milk], [milk] and MILKSHAKE"


def test_a_phrase_is_one_mark() -> None:
    assert marked("in src/app.py\nand src", '"app py" and') == "in src/[app.py] [and] src"


def test_a_long_text_is_shown_where_most_is_found() -> None:
    text = "plan " * 100 + "then the plan for milk " + "and more " * 100
    drawn = snippet(text, parse("plan milk "))
    assert "[plan] for [milk]" in marked(text, "plan milk ")
    assert drawn.text.startswith("…")
    assert drawn.text.endswith("…")
    assert len(drawn.text) <= LENGTH + 2


def test_accents_are_marked_where_they_stand() -> None:
    assert marked("Un café crème", "cafe creme") == "Un [café] [crème]"


def test_what_is_not_there_leaves_the_beginning() -> None:
    assert snippet("x " * 500, parse("y")).marks == ()
    assert snippet("", parse("y")).text == ""


@given(text=TEXTS, asked=st.text())
def test_marks_stand_within_the_snippet_in_order(text: str, asked: str) -> None:
    drawn = snippet(text, parse(asked))
    places = [place for mark in drawn.marks for place in mark]
    assert places == sorted(places)
    assert all(0 <= place <= len(drawn.text) for place in places)
    assert len(drawn.text) <= LENGTH + 2
