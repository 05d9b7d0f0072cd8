"""An ID token is believed when all of it fits, and not when anything does not."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwk, jws

from agent.oauth import TokenError
from agent.oauth.claims import Expected
from agent.oauth.id_tokens import ALGORITHMS, LONGEST, verified
from tests.forged import CLIENT, key, signed

ISSUER = "https://login.example.org"
EXPECTED = Expected(issuers=frozenset({ISSUER}), client_id=CLIENT, nonce="n")
KEYS: dict[str, Any] = {"keys": [key().as_dict(private=False), key("second").as_dict(private=False)]}


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says; None leaves a claim out."""
    moment = int(time.time())
    good = {"iss": ISSUER, "aud": CLIENT, "sub": "1", "exp": moment + 60, "iat": moment, "nonce": "n"}
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def unsigned(payload: dict[str, Any], header: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def reason(token: str, keys: dict[str, Any] = KEYS) -> str:
    with pytest.raises(TokenError) as refused:
        verified(token, keys, EXPECTED)
    assert refused.value.kind == "unusable"
    return refused.value.code


def test_a_token_that_fits_says_who_signed_in() -> None:
    said = verified(signed(claims(email="ada@example.org", email_verified=True, name="Ada")), KEYS, EXPECTED)
    assert (said.sub, said.email, said.email_verified, said.name) == ("1", "ada@example.org", True, "Ada")


def test_each_key_of_the_issuer_signs() -> None:
    assert verified(signed(claims(), key("second")), KEYS, EXPECTED).sub == "1"


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({"iss": "https://evil.example.org"}, "iss"),
        ({"iss": ISSUER + "/"}, "iss"),
        ({"iss": [ISSUER]}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"aud": [CLIENT, "another"]}, "azp"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "azp"),
        ({"azp": "another"}, "azp"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "n\ud800"}, "nonce"),
        ({"exp": time.time() - 3600}, "expired_token"),
        ({"exp": None}, "missing_claim"),
        ({"exp": "tomorrow"}, "exp"),
        ({"iat": None}, "missing_claim"),
        ({"iat": int(time.time()) + 3600}, "iat"),
        ({"nbf": int(time.time()) + 3600}, "nbf"),
        ({"sub": None}, "missing_claim"),
        ({"sub": ["1"]}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "token"),
        ({"sub": "1\n2"}, "token"),
        ({"aud": None}, "missing_claim"),
        ({"iss": None}, "missing_claim"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(changed: dict[str, Any], claim: str) -> None:
    assert reason(signed(claims(**changed))) in {claim, "invalid_token", "invalid_claim"}


def test_several_may_be_meant_when_it_was_given_to_us() -> None:
    assert verified(signed(claims(aud=[CLIENT, "another"], azp=CLIENT)), KEYS, EXPECTED).sub == "1"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
def test_a_token_nobody_signed_is_refused(alg: str) -> None:
    assert reason(unsigned(claims(), {"alg": alg, "kid": "first"}))


def test_a_secret_both_know_signs_nothing() -> None:
    shared = jwk.OctKey.import_key("the-secret-of-our-own-client-0000", {"kid": "first"})
    assert reason(signed(claims(), shared, alg="HS256"))


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    header = {"alg": "HS256", "kid": "first"}
    told = unsigned(claims(), header).rstrip(".")
    public = key().as_pem(private=False)
    signature = hmac.new(public, told.encode(), "sha256").digest()
    assert reason(unsigned(claims(), header, signature))
    assert not any(alg.startswith("HS") for alg in ALGORITHMS)


def test_a_secret_among_the_issuers_keys_is_passed_over() -> None:
    secret = jwk.OctKey.import_key("0123456789abcdef0123456789abcdef", {"kid": "oct"})
    assert reason(signed(claims(), secret, alg="HS256"), {"keys": [secret.as_dict()]})


def test_another_key_under_a_known_name_is_refused() -> None:
    impostor = jwk.generate_key("EC", "P-256", {"kid": "first"})
    assert reason(signed(claims(), impostor)) == "bad_signature"


def test_a_key_that_the_token_brings_along_counts_for_nothing() -> None:
    own = jwk.generate_key("EC", "P-256", {"kid": "mine"})
    assert reason(signed(claims(), own, jwk=own.as_dict(private=False))) in {"key", "unsupported_header"}


def test_a_key_not_shown_yet_is_told_apart() -> None:
    assert reason(signed(claims(), key("third"))) == "key"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_was_changed_is_refused(part: int) -> None:
    pieces = signed(claims()).split(".")
    pieces[part] = pieces[part][:-4] + ("AAAA" if pieces[part][-4:] != "AAAA" else "BBBB")
    assert reason(".".join(pieces))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "é.é.é", "x" * (LONGEST + 1), unsigned({}, {"alg": "ES256"}), "a.b.c.d.e"],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert reason(token)


def test_a_payload_without_end_is_refused() -> None:
    deep = jws.serialize_compact({"alg": "ES256", "kid": "first"}, "[" * 10_000, key(), ["ES256"])
    assert reason(deep)


@pytest.mark.parametrize(
    "keys", [{}, {"keys": None}, {"keys": {}}, {"keys": [None, 1, {}, {"kty": "EC"}, {"kty": "PQ"}]}]
)
def test_keys_that_are_none_open_nothing(keys: dict[str, Any]) -> None:
    assert reason(signed(claims()), keys) == "key"


def test_a_key_of_a_new_kind_hinders_no_other() -> None:
    assert verified(signed(claims()), {"keys": [{"kty": "AKP"}, *KEYS["keys"]]}, EXPECTED).sub == "1"
