"""What a weak key looks like."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.key_strength import SHORTEST, weakness


@pytest.mark.parametrize("make", [secrets.token_urlsafe, secrets.token_hex])
def test_a_key_made_at_random_is_good(make: type[str]) -> None:
    assert [key for key in (make(32) for _ in range(300)) if weakness(key) == "repeated"] == []


@pytest.mark.parametrize(
    "key",
    [
        "your-secret-key-at-least-32-characters-long",
        "CHANGEME-CHANGEME-1-CHANGEME-CHANGEME",
        "0123456789abcdef0123456789abcdeX",
        "this is an Example of a secret, 32+",
        "correct-horse-battery-staple-password",
    ],
)
def test_what_stands_in_documentation_is_no_secret(key: str) -> None:
    assert weakness(key) == "example"


@given(st.text(min_size=1, max_size=20), st.integers(2, 40))
def test_a_text_said_again_and_again_is_no_secret(unit: str, times: int) -> None:
    key = unit * times
    assert weakness(key) == ("short" if len(key) < SHORTEST else "repeated")
