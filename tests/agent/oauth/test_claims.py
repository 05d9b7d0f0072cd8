"""What an issuer says of somebody."""

from typing import Any

import pytest

from agent.oauth import TokenError
from agent.oauth.claims import Claims, told


@pytest.mark.parametrize(
    ("said", "is_verified"),
    [(True, True), ("true", True), (False, False), ("false", False), (1, False), (None, False), ([1], False)],
)
def test_an_address_is_verified_when_the_issuer_says_so(said: object, is_verified: object) -> None:
    assert Claims.model_validate({"sub": "1", "email_verified": said}).email_verified is is_verified


def test_a_silent_issuer_has_verified_nothing() -> None:
    assert not Claims(sub="1").email_verified


@pytest.mark.parametrize("odd", [None, 1, ["a@b"], {"a": "b"}])
def test_what_is_no_text_is_nothing(odd: object) -> None:
    said = Claims.model_validate({"sub": "1", "email": odd, "name": odd})
    assert (said.email, said.name) == ("", "")


@pytest.mark.parametrize("document", [{}, {"sub": "2"}, {"sub": None}, {"sub": ["1"]}])
def test_userinfo_of_somebody_else_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(TokenError, match="userinfo"):
        told({**document, "email": "ada@example.org"}, "1")
