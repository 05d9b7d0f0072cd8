"""An issuer on loopback that says whatever a test wants, and signs it with keys of its own."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwk, jws

CLIENT = "maestro"
ADA = {"sub": "1", "email": "ada@example.org", "email_verified": True, "name": "Ada"}


@cache
def key(kid: str = "first") -> jwk.Key:
    """A key of an issuer, made once; RSA would take longer."""
    return jwk.generate_key("EC", "P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


def signed(claims: Mapping[str, Any], by: jwk.Key | None = None, **header: Any) -> str:
    """An ID token."""
    by = by or key()
    head = {"alg": "ES256", "kid": by.kid, **header}
    return jws.serialize_compact(head, json.dumps(dict(claims)), by, ["ES256", "HS256"])


@dataclass
class Forged:
    """What the issuer says, and how often it was asked for what."""

    url: str = ""
    description: dict[str, Any] = field(default_factory=dict[str, Any])
    keys: list[jwk.Key] = field(default_factory=lambda: [key()])
    claims: dict[str, Any] = field(default_factory=lambda: dict(ADA))
    """What stands in the next ID token, beside or instead of what belongs there."""
    id_token: str | None = None
    """A whole token in the place of one with the claims."""
    userinfo: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[str] = field(default_factory=list[str])
    forms: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    nonce: str = ""
    """As it was sent to the page where people sign in."""

    def says(self, path: str) -> dict[str, Any] | None:
        """The answer at a path; None where there is nothing."""
        match path:
            case "/.well-known/openid-configuration":
                return {**self._described(), **self.description}
            case "/keys":
                return {"keys": [one.as_dict(private=False) for one in self.keys]}
            case "/userinfo":
                return self.userinfo
            case "/token":
                token = self.id_token if self.id_token is not None else signed(self.meant(), self.keys[-1])
                return {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token}
        return None

    def meant(self, **changed: Any) -> dict[str, Any]:
        """Claims that hold, but for what is changed."""
        moment = int(time.time())
        fits = {"iss": self.url, "aud": CLIENT, "exp": moment + 60, "iat": moment, "nonce": self.nonce}
        return {**fits, **self.claims, **changed}

    def leaves(self, address: str) -> dict[str, str]:
        """Somebody is sent here and signs in: the code and state they come back with."""
        asked = dict(parse_qsl(urlsplit(address).query))
        self.nonce = asked["nonce"]
        return {"code": "c", "state": asked["state"]}

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }


@contextmanager
def forged() -> Iterator[Forged]:
    """Run the issuer until the end of the block."""
    told = Forged()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            told.headers.append({name.lower(): value for name, value in self.headers.items()})
            length = int(self.headers.get("content-length", 0))
            told.forms.append(dict(parse_qsl(self.rfile.read(length).decode())))
            answer = told.says(self.path)
            body = json.dumps(answer or {"error": "not_found"}).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            told.url = f"http://127.0.0.1:{server.server_port}"
            yield told
        finally:
            server.shutdown()
            serving.join()
