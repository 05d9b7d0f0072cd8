"""Signing in at an issuer: a real, certified one, and one that lies."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from sqlmodel import select

from agent import accounts
from agent.accounts import oidc, sign_ins
from agent.accounts.oidc import Answer, begin, finish
from agent.config import Settings
from agent.core.errors import Invalid, MaestroError, Unavailable
from agent.core.identity import User
from agent.store.engine import reading
from agent.store.users import SignInRow, UserRow
from tests.agent.sessions.talk import sqlite_only
from tests.forged import CLIENT, Forged, forged, key, signed
from tests.oauth import AuthorizationServer, authorization_server, visit

CALLBACK = "http://127.0.0.1:3000/auth/callback"
BROWSER, ANOTHER = "b" * 43, "o" * 43


@pytest.fixture(scope="module")
def authority() -> Iterator[AuthorizationServer]:
    with authorization_server(CALLBACK) as running:
        yield running


@pytest.fixture
def liar() -> Iterator[Forged]:
    with forged() as running:
        yield running


def at(issuer: str, **more: Any) -> Settings:
    """This server, with people signing in there."""
    own = {"oidc_client_id": CLIENT, "oidc_client_secret": SecretStr("the-secret-of-our-own-client")}
    return Settings.model_validate({"maestro_auth": "oidc", "oidc_issuer": issuer, **own, **more})


def asked(address: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}


async def on_the_way() -> list[SignInRow]:
    return await reading(lambda store: [*store.exec(select(SignInRow))])


async def refusal(settings: Settings, back: dict[str, str], browser: str = BROWSER) -> str:
    with pytest.raises(MaestroError) as refused:
        await finish(settings, browser, Answer(**back))
    assert (
        await reading(lambda store: store.exec(select(UserRow.id).where(UserRow.provider != "local")).all())
        == []
    )
    return refused.value.code


@pytest.mark.usefixtures("owner")
async def test_a_person_signs_in(authority: AuthorizationServer) -> None:
    settings = at(authority.url)
    address = await begin(settings, BROWSER, "/s/42")
    back = await visit(address, {"login": "ada"}, CALLBACK)
    assert back["iss"] == authority.url
    returned = await finish(
        settings, BROWSER, Answer(**{name: back[name] for name in ("state", "code", "iss")})
    )
    assert returned.onward == "/s/42"
    user = returned.user
    assert (user.email, user.name, user.provider) == ("ada@example.org", "ada", authority.url)
    assert user.is_admin


@pytest.mark.usefixtures("owner")
async def test_the_way_there_is_proven_and_tells_no_secret(authority: AuthorizationServer) -> None:
    address = await begin(at(authority.url), BROWSER, "/")
    told = asked(address)
    assert told["redirect_uri"] == CALLBACK
    assert (told["response_type"], told["code_challenge_method"]) == ("code", "S256")
    assert set(told["scope"].split()) == {"openid", "email", "profile"}
    assert len(told["state"]) == len(told["nonce"]) == 43
    again = asked(await begin(at(authority.url), BROWSER, "/"))
    assert not {told["state"], told["nonce"], told["code_challenge"]} & set(again.values())
    rows = await on_the_way()
    assert {told["state"], told["nonce"], BROWSER}.isdisjoint(str(row.model_dump()) for row in rows)
    assert not any(told["nonce"].encode() in row.sealed for row in rows)


@pytest.mark.usefixtures("owner")
async def test_a_return_counts_once(authority: AuthorizationServer) -> None:
    settings = at(authority.url)
    back = await visit(await begin(settings, BROWSER, "/"), {"login": "ada"}, CALLBACK)
    assert (await finish(settings, BROWSER, Answer(**back))).user
    with pytest.raises(Invalid, match="login_state"):
        await finish(settings, BROWSER, Answer(**back))


@pytest.mark.usefixtures("owner")
async def test_a_code_of_another_sign_in_is_refused_by_its_verifier(authority: AuthorizationServer) -> None:
    settings = at(authority.url)
    mine = await visit(await begin(settings, BROWSER, "/"), {"login": "ada"}, CALLBACK)
    theirs = await visit(await begin(settings, ANOTHER, "/"), {"login": "mallory"}, CALLBACK)
    assert await refusal(settings, {**mine, "code": theirs["code"]}) == "login_refused"


@pytest.mark.usefixtures("owner")
async def test_a_wrong_secret_is_refused(authority: AuthorizationServer) -> None:
    settings = at(authority.url, oidc_client_secret=SecretStr("wrong"))
    back = await visit(await begin(settings, BROWSER, "/"), {"login": "ada"}, CALLBACK)
    assert await refusal(settings, back) == "login_refused"


@pytest.mark.usefixtures("owner")
async def test_who_has_no_address_there_is_refused(authority: AuthorizationServer) -> None:
    settings = at(authority.url)
    back = await visit(await begin(settings, BROWSER, "/"), {"login": "unreachable"}, CALLBACK)
    assert await refusal(settings, back) == "login_email_missing"


@pytest.mark.usefixtures("owner")
async def test_what_was_not_begun_here_is_refused(liar: Forged) -> None:
    settings = at(liar.url)
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    for state in ("", "x" * 43, back["state"].lower(), "\0", "é" * 9000):
        assert await refusal(settings, {**back, "state": state}) == "login_state"
    assert await refusal(settings, back, ANOTHER) == "login_state"
    assert await refusal(settings, back, "") == "login_state"
    assert "/token" not in liar.asked
    # Those who tried took nothing away from who left.
    assert (await finish(settings, BROWSER, Answer(**back))).user


@pytest.mark.usefixtures("owner")
async def test_a_sign_in_that_took_too_long_is_refused(liar: Forged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "LIFE", timedelta(seconds=-1))
    settings = at(liar.url)
    assert await refusal(settings, liar.leaves(await begin(settings, BROWSER, "/"))) == "login_state"


@pytest.mark.usefixtures("owner")
async def test_a_state_kept_for_another_purpose_signs_nobody_in(liar: Forged) -> None:
    state = "s" * 43
    await sign_ins.keep(state, "provider", accounts.hashed(BROWSER), b"{}")
    assert await refusal(at(liar.url), {"state": state, "code": "c"}) == "login_state"


@sqlite_only
@pytest.mark.parametrize(
    ("back", "code"),
    [
        ({"error": "access_denied"}, "login_denied"),
        ({"error": "server_error"}, "login_refused"),
        ({"error": "<script>"}, "login_refused"),
        ({"code": ""}, "login_answer"),
        ({"code": "a b"}, "login_answer"),
        ({"code": "c" * 5000}, "login_answer"),
        ({"iss": "https://evil.example.org"}, "login_answer"),
    ],
)
@pytest.mark.usefixtures("owner")
async def test_what_comes_back_and_does_not_fit_is_sent_nowhere(
    back: dict[str, str], code: str, liar: Forged
) -> None:
    settings = at(liar.url)
    left = liar.leaves(await begin(settings, BROWSER, "/"))
    assert await refusal(settings, {**left, **back}) == code
    assert "/token" not in liar.asked
    assert await refusal(settings, left) == "login_state"


@pytest.mark.usefixtures("owner")
async def test_an_issuer_that_names_itself_on_the_way_back_must_do_so(liar: Forged) -> None:
    liar.description = {"authorization_response_iss_parameter_supported": True}
    settings = at(liar.url)
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    assert await refusal(settings, back) == "login_answer"
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    assert (await finish(settings, BROWSER, Answer(**back, iss=liar.url))).user


@sqlite_only
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"iss": "https://evil.example.org"},
        {"aud": "another"},
        {"exp": 1},
        {"sub": ""},
    ],
)
@pytest.mark.usefixtures("owner")
async def test_an_id_token_that_does_not_fit_lets_nobody_in(claims: dict[str, Any], liar: Forged) -> None:
    settings = at(liar.url)
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    liar.claims |= claims
    assert await refusal(settings, back) == "login_answer"


@pytest.mark.usefixtures("owner")
async def test_an_id_token_of_an_unknown_key_lets_nobody_in(liar: Forged) -> None:
    settings = at(liar.url)
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    liar.id_token = signed(liar.meant(), key("unknown"))
    assert await refusal(settings, back) == "login_answer"


@pytest.mark.usefixtures("owner")
async def test_without_an_id_token_nobody_is_let_in(liar: Forged) -> None:
    settings = at(liar.url)
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    liar.id_token = ""
    assert await refusal(settings, back) == "login_answer"


@pytest.mark.usefixtures("owner")
async def test_userinfo_is_asked_when_the_token_names_no_address(liar: Forged) -> None:
    settings = at(liar.url)
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    liar.claims = {"sub": "1"}
    liar.userinfo = {"sub": "2", "email": "eve@example.org"}
    assert await refusal(settings, back) == "login_answer"
    back = liar.leaves(await begin(settings, BROWSER, "/"))
    liar.userinfo = {"sub": "1", "email": "ada@example.org"}
    assert (await finish(settings, BROWSER, Answer(**back))).user.email == "ada@example.org"


@pytest.mark.usefixtures("owner")
async def test_the_exchange_proves_who_began_it(liar: Forged) -> None:
    settings = at(liar.url)
    address = await begin(settings, BROWSER, "/")
    await finish(settings, BROWSER, Answer(**liar.leaves(address)))
    form = next(form for path, form in zip(liar.asked, liar.forms, strict=True) if path == "/token")
    assert oidc.challenge(form["code_verifier"]) == asked(address)["code_challenge"]
    assert (form["redirect_uri"], form["grant_type"]) == (CALLBACK, "authorization_code")


async def test_an_issuer_that_cannot_be_reached_is_told_in_words(owner: User) -> None:
    del owner
    with pytest.raises(Unavailable, match="login_unreachable"):
        await begin(at("http://127.0.0.1:9"), BROWSER, "/")
