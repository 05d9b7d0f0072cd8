"""What an issuer says of itself, asked over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from agent.oauth import TokenError, issuers
from agent.oauth.issuers import Issuer
from tests.forged import CLIENT, Forged, forged, key, signed
from tests.oauth import endpoint

DESCRIPTION, KEYS = "/.well-known/openid-configuration", "/keys"


@pytest.fixture
def far() -> Iterator[Forged]:
    with forged() as running:
        running.nonce = "n"
        yield running


async def test_an_issuer_describes_itself_once(far: Forged) -> None:
    asked = Issuer(far.url)
    first = await asked.description()
    assert await asked.description() is first
    assert first.token_endpoint == f"{far.url}/token"
    assert far.asked == [DESCRIPTION]


async def test_a_description_is_believed_for_an_hour(far: Forged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuers, "FRESH_FOR", 0.0)
    asked = Issuer(far.url)
    await asked.description()
    await asked.description()
    assert far.asked == [DESCRIPTION, DESCRIPTION]


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://evil.example.org"},
        {"issuer": None},
        {"token_endpoint": "http://login.example.org/token"},
        {"authorization_endpoint": "http://login.example.org/auth"},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://login.example.org/me"},
        {"token_endpoint": None},
    ],
)
async def test_a_description_that_leads_elsewhere_is_refused(
    description: dict[str, Any], far: Forged
) -> None:
    far.description = description
    with pytest.raises(TokenError) as refused:
        await Issuer(far.url).description()
    assert refused.value.kind == "unusable"


async def test_who_was_refused_is_asked_again(far: Forged) -> None:
    far.description = {"issuer": "https://evil.example.org"}
    asked = Issuer(far.url)
    with pytest.raises(TokenError, match="issuer"):
        await asked.description()
    far.description = {}
    assert (await asked.description()).issuer == far.url


async def test_nobody_follows_an_issuer_elsewhere() -> None:
    with endpoint(b"", 302, {"location": "http://127.0.0.1:9/"}) as there:
        with pytest.raises(TokenError, match="unusable"):
            await Issuer(there.url).description()
        assert len(there.asked) == 1


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [(b"[]", 200, "unusable"), (b"x" * 70_000, 200, "unusable"), (b"{}", 503, "unreachable")],
)
async def test_an_answer_that_is_none_is_told(body: bytes, status: int, kind: str) -> None:
    with endpoint(body, status) as there, pytest.raises(TokenError) as refused:
        await Issuer(there.url).description()
    assert refused.value.kind == kind


async def test_an_id_token_is_read_with_the_keys_of_its_issuer(far: Forged) -> None:
    said = await Issuer(far.url).claims(signed(far.meant()), CLIENT, "n")
    assert said.email == "ada@example.org"


async def test_a_new_key_is_asked_for_once(far: Forged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuers, "REST", 0.0)
    asked = Issuer(far.url)
    await asked.claims(signed(far.meant()), CLIENT, "n")
    far.keys = [key(), key("second")]
    assert (await asked.claims(signed(far.meant(), key("second")), CLIENT, "n")).sub == "1"
    assert far.asked.count(KEYS) == 2


async def test_unknown_keys_do_not_make_us_ask_again_and_again(far: Forged) -> None:
    asked = Issuer(far.url)
    for _ in range(3):
        with pytest.raises(TokenError, match="key"):
            await asked.claims(signed(far.meant(), key("third")), CLIENT, "n")
    assert far.asked.count(KEYS) == 1


async def test_a_token_that_is_refused_does_not_fetch_keys_anew(
    far: Forged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "REST", 0.0)
    with pytest.raises(TokenError, match="nonce"):
        await Issuer(far.url).claims(signed(far.meant(nonce="another")), CLIENT, "n")
    assert far.asked.count(KEYS) == 1


async def test_userinfo_is_asked_with_the_persons_token(far: Forged) -> None:
    far.userinfo = {"sub": "1", "email": "ada@example.org"}
    said = await Issuer(far.url).userinfo(SecretStr("a-token"), "1")
    assert said
    assert said.email == "ada@example.org"
    assert far.headers[-1]["authorization"] == "Bearer a-token"


async def test_an_issuer_without_userinfo_says_nothing_more(far: Forged) -> None:
    far.description = {"userinfo_endpoint": None}
    assert await Issuer(far.url).userinfo(SecretStr("a-token"), "1") is None


@pytest.mark.parametrize(
    ("methods", "method"),
    [
        (["client_secret_basic", "client_secret_post"], "client_secret_post"),
        (["client_secret_basic"], "client_secret_basic"),
        ([], "client_secret_basic"),
    ],
)
async def test_our_secret_is_shown_as_the_issuer_wants_it(
    methods: list[str], method: str, far: Forged
) -> None:
    far.description = {"token_endpoint_auth_methods_supported": methods}
    assert (await Issuer(far.url).description()).authentication == method


def test_google_names_itself_in_two_ways() -> None:
    assert Issuer(issuers.GOOGLE).names == {"https://accounts.google.com", "accounts.google.com"}
    assert Issuer("https://login.example.org").names == {"https://login.example.org"}
