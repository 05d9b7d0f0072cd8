"""Why no token came."""

from typing import Literal

Refusal = Literal["refused", "unusable", "unreachable"]


class TokenError(Exception):
    """No token came: the server refused, gave what is no answer, or could not be reached."""

    def __init__(self, kind: Refusal, code: str = "") -> None:
        super().__init__(f"{kind} {code}".strip())
        self.kind: Refusal = kind
        self.code = code
        """The server's own, when it refused: `invalid_grant`, `authorization_pending` …"""
