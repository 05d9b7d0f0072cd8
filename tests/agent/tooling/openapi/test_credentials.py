import pytest

from agent.core.errors import ToolFailed
from agent.tooling.openapi.credentials import chosen, masked, shown
from agent.tooling.openapi.description import Operation, Scheme

SCHEMES = {
    "key": Scheme(kind="header", name="X-Key"),
    "asked": Scheme(kind="query", name="api key"),
    "session": Scheme(kind="cookie", name="sid"),
    "user": Scheme(kind="basic"),
    "token": Scheme(kind="bearer"),
}
STORED = {"key": "k1", "asked": "a&b", "session": "s;1", "user": "ada:pä ss", "token": "t1"}


def needs(*schemes: tuple[str, ...]) -> Operation:
    return Operation(name="go", method="get", path="/", schemes=schemes)


def test_each_scheme_is_shown_in_its_way() -> None:
    added = shown(SCHEMES, ("key", "asked", "session", "token"), STORED)
    assert added.headers == {"X-Key": "k1", "Authorization": "Bearer t1"}
    assert (added.query, added.cookies) == (["api%20key=a%26b"], ["sid=s%3B1"])
    assert shown(SCHEMES, ("user",), STORED).headers == {"Authorization": "Basic YWRhOnDDpCBzcw=="}


@pytest.mark.parametrize(
    ("schemes", "stored", "used"),
    [
        ((("key",), ("user",)), ["user"], ("user",)),
        ((("key", "token"), ("user",)), ["key", "user"], ("user",)),
        (((), ("key",)), ["key"], ("key",)),
        (((), ("key",)), [], ()),
        ((("key",), ("key", "token")), ["key", "token"], ("key", "token")),
    ],
)
def test_the_first_alternative_that_can_be_met_is_used(
    schemes: tuple[tuple[str, ...], ...], stored: list[str], used: tuple[str, ...]
) -> None:
    assert chosen(needs(*schemes), dict.fromkeys(stored, "x")) == used


def test_a_missing_credential_is_told() -> None:
    with pytest.raises(ToolFailed, match=r"needs a credential \(key with token or user\)"):
        chosen(needs(("key", "token"), ("user",)), {"key": "x"})


def test_no_form_of_a_credential_is_told() -> None:
    stored = {"user": "ada:se/cret word", "key": 'qu"ote', "short": "abc"}
    leaks = [
        *("ada:se/cret word", "se/cret word", "se%2Fcret%20word", "YWRhOnNlL2NyZXQgd29yZA=="),
        *('{"k": "qu\\"ote"}', "abc"),
    ]
    told = [masked(leak, stored) for leak in leaks]
    assert told == [*["[credential]"] * 4, '{"k": "[credential]"}', "abc"]
