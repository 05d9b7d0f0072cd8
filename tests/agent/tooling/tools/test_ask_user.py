import pytest

from agent.core.errors import ToolFailed
from agent.tooling.tools.ask_user import ask_user

COLOUR = {"question": "Which colour?", "options": [{"label": "Blue"}, {"label": "Green"}]}
DAYS = {"question": "Which days?", "options": [{"label": "Monday"}, {"label": "Friday"}], "multiple": True}


async def test_the_model_reads_each_question_with_its_reply() -> None:
    replies = (("Blue",), ("Monday", "and any other"))
    output = await ask_user.run({"questions": [COLOUR, DAYS]}, replies=replies)
    assert output.text == "Which colour?\n→ Blue\n\nWhich days?\n→ Monday; and any other"


async def test_without_replies_it_says_so() -> None:
    with pytest.raises(ToolFailed, match="Nobody has replied"):
        await ask_user.run({"questions": [COLOUR]}, replies=())


@pytest.mark.parametrize(
    "questions",
    [
        [],
        [COLOUR] * 5,
        [{"question": "Which?", "options": [{"label": "One"}]}],
        [{"question": "Which?", "options": [{"label": str(number)} for number in range(5)]}],
        [{"question": "", "options": COLOUR["options"]}],
        "Which?",
    ],
)
async def test_questions_that_cannot_be_asked_are_refused_in_words(questions: object) -> None:
    assert not ask_user.accepts({"questions": questions})  # pyright: ignore[reportArgumentType]
    with pytest.raises(ToolFailed, match="questions"):
        await ask_user.run({"questions": questions}, replies=())  # pyright: ignore[reportArgumentType]
