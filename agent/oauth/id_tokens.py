"""Who signed in, as an issuer says it: an ID token is believed when all of it fits. It loads joserfc."""

from collections.abc import Iterator, Mapping
from hmac import compare_digest
from typing import Any, cast

from joserfc import jwk, jws, jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from pydantic import JsonValue, ValidationError

from agent.oauth import TokenError
from agent.oauth.claims import Claims, Expected

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Signatures that only the issuer can make: never `none`, and never one with a secret that we know too."""
LEEWAY = 60
"""Seconds that two clocks may differ."""
LONGEST = 32_768
"""Characters of a token."""


def verified(token: str, keys: Mapping[str, JsonValue], expected: Expected) -> Claims:
    """What an ID token says, when all of it holds. Source: OpenID Connect Core 1.0, section 3.1.3.7.

    Args:
        token: as the token endpoint gave it.
        keys: the issuer's, as a JWK set.
        expected: what it must say.

    Raises:
        TokenError: it must not be believed; its code says where it fails, never what stands there.
    """
    if len(token) > LONGEST:
        raise TokenError("unusable", "size")
    try:
        found = jwt.decode(token, jwk.KeySet([*_usable(keys)]), algorithms=ALGORITHMS, registry=_REGISTRY)
        _require(found.claims, expected)
        return Claims.model_validate(found.claims)
    except InvalidKeyIdError:
        raise TokenError("unusable", "key") from None
    except InvalidClaimError as error:
        raise TokenError("unusable", error.claim) from None
    except (JoseError, ValidationError, ValueError, TypeError, RecursionError) as error:
        raise TokenError("unusable", getattr(error, "error", "") or "token") from None


_REGISTRY = jws.JWSRegistry(algorithms=[*ALGORITHMS])


def _usable(keys: Mapping[str, JsonValue]) -> Iterator[jwk.Key]:
    """The public keys of a set; those of a kind that nobody knows yet are passed over."""
    listed = keys.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("kty") not in {"RSA", "EC", "OKP"}:
            continue
        try:
            yield jwk.import_key(cast("dict[str, Any]", one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue


def _require(claims: Mapping[str, Any], expected: Expected) -> None:
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "values": sorted(expected.issuers)},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    registry.validate(dict(claims))
    several = isinstance(claims["aud"], list) and len(cast("list[object]", claims["aud"])) > 1
    if (several or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise InvalidClaimError("azp")
    if not compare_digest(str(claims.get("nonce")).encode("utf-8", "replace"), expected.nonce.encode()):
        raise InvalidClaimError("nonce")
