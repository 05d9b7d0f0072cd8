import pytest

from agent.core.errors import Invalid
from app.replying import replied


def test_own_words_stand_instead_of_the_one_choice_and_beside_several() -> None:
    form = {"count": "2", "q0": "Blue", "q0.own": " Red ", "q1.1": "Friday", "q1.own": "at noon"}
    assert replied(form) == (("Red",), ("Friday", "at noon"))


@pytest.mark.parametrize(
    "form",
    [{}, {"count": "x"}, {"count": "0"}, {"count": "99"}, {"count": "2", "q0": "Blue", "q1.own": "  "}],
)
def test_a_question_without_a_reply_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        replied(form)
    assert caught.value.code == "replies_missing"
