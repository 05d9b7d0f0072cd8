"""Whether a secret key can be guessed, as far as its letters tell."""

import re
from typing import Literal

Weakness = Literal["short", "example", "repeated"]
"""It has too few characters, comes out of somebody's documentation, or says one thing again and again."""

SHORTEST = 32
"""Characters; a key of 256 bits has 43 in Base64 and 64 in hexadecimal."""
FEWEST = 8
"""Different characters; a key that was made at random practically always has more."""
EXAMPLES = re.compile(
    r"change.?(me|this|it)|secret.?key|your.?(secret|key)|my.?secret|insecure|example|password|passw0rd"
    r"|replace.?(me|this)|default|sesame|qwerty|letmein|deadbeef|0123456789|1234567890|abcdefgh",
    re.IGNORECASE,
)
"""What stands in documentation, and what fingers type."""


def weakness(key: str) -> Weakness | None:
    """Why a key can be guessed; None when nothing speaks for it.

    >>> weakness("fX2q0Zl8wT5yQvN3rJ7kB9sHcE1uMdGa")
    >>> (
    ...     weakness("short"),
    ...     weakness(32 * "a"),
    ...     weakness(8 * "aB3x"),
    ...     weakness("please-change-me-please-now-00000"),
    ... )
    ('short', 'repeated', 'repeated', 'example')
    """
    if len(key) < SHORTEST:
        return "short"
    if len({*key}) < FEWEST or key in (key + key)[1:-1]:
        return "repeated"
    return "example" if EXAMPLES.search(key) else None
