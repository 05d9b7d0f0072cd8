from agent.core.filling import Filling
from app.drawer.context import Share, shown
from app.words.drawer import NOT_COUNTED, PICTURES_TOO


def test_shares_are_parts_of_the_window() -> None:
    found = shown(Filling(characters={"results": 900, "prompts": 100}, used=500), 1000)
    assert found["title"] == "About 500 of 1k tokens, 50 %"
    assert found["shares"] == [
        Share("results", "What tools gave back", "450", 45, "45 %"),
        Share("prompts", "What you said", "50", 5, "5 %"),
    ]
    assert found["notes"] == []


def test_without_a_known_window_they_are_parts_of_what_is_sent() -> None:
    found = shown(Filling(characters={"prompts": 400}, has_pictures=True), 0)
    assert found["title"] == "About 100 tokens"
    assert found["notes"] == [NOT_COUNTED, PICTURES_TOO]
