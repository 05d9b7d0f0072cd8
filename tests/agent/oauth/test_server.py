"""An authorization server, asked; the suite of the providers' sign-in asks it for tokens."""

import base64
import json

import pytest
from pydantic import SecretStr

from agent.oauth import Client, TokenError, reach
from tests.oauth import endpoint

TOKENS = json.dumps({"access_token": "a", "token_type": "Bearer", "id_token": "h.p.s"}).encode()


async def test_a_document_is_read_without_saying_who_asks() -> None:
    with endpoint(b'{"issuer": "i"}') as there:
        assert await (await reach(there.url, Client(id="c", secret=SecretStr("s")))).document() == {
            "issuer": "i"
        }
        [(headers, body)] = there.asked
    assert "authorization" not in headers
    assert body == b""


async def test_a_document_that_is_not_there_is_refused() -> None:
    with endpoint(b'{"error": "invalid_token"}', 401) as there, pytest.raises(TokenError) as refused:
        await (await reach(there.url, Client())).document(SecretStr("a"))
    assert (refused.value.kind, refused.value.code) == ("refused", "invalid_token")


async def test_nobody_is_asked_over_a_way_that_others_read() -> None:
    with pytest.raises(TokenError, match="unusable"):
        await (await reach("http://login.example.org/keys", Client())).document()


async def test_who_signed_in_comes_with_the_tokens() -> None:
    with endpoint(TOKENS) as there:
        given = await (await reach(there.url, Client(id="c"))).tokens("authorization_code", code="x")
    assert given.id_token.get_secret_value() == "h.p.s"
    assert "h.p.s" not in repr(given)


async def test_our_secret_goes_into_the_header_where_that_is_wanted() -> None:
    client = Client(id="c", secret=SecretStr("s"), authentication="client_secret_basic")
    with endpoint(TOKENS) as there:
        await (await reach(there.url, client)).tokens("authorization_code", code="x")
        [(headers, body)] = there.asked
    assert headers["authorization"] == f"Basic {base64.b64encode(b'c:s').decode()}"
    assert b"client_secret" not in body
