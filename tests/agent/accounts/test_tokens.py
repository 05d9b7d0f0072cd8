import pytest

from agent.accounts import tokens
from agent.accounts.tokens import Remembered, hashed, new_token


def test_no_two_tokens_are_the_same() -> None:
    made = {new_token("mst") for _ in range(1000)}
    assert len(made) == 1000
    assert all(token.startswith("mst_") and len(token) == 47 for token in made)


def test_a_hash_says_nothing_of_its_token() -> None:
    token = new_token("mst")
    assert hashed(token) == hashed(token)
    assert token not in hashed(token)
    assert hashed(token) != hashed(token + "x")


def test_an_answer_is_believed_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = Remembered[str]()
    assert remembered.get("a") is None
    assert remembered.put("a", "b") == "b"
    assert remembered.get("a") == "b"
    monkeypatch.setattr(tokens, "FRESH_FOR", 0.0)
    remembered.put("a", "c")
    assert remembered.get("a") is None


def test_only_so_many_answers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    remembered = Remembered[str]()
    for key in "abcd":
        remembered.put(key, key)
    assert [remembered.get(key) for key in "abcd"] == [None, None, None, "d"]
