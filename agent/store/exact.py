"""JSON that comes back as it was put down, whatever a database makes of its values: as ASCII text."""

import json
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Exact(TypeDecorator[Any]):
    """A column of JSON kept as text: PostgreSQL's own refuses NUL, and reads 1e300 back as a whole number."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write JSON; None is no value and not its null."""
        del dialect
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read what was written."""
        del dialect
        return value and json.loads(value)


def canonical(value: Any) -> str:
    r"""The one way to write a value down: names sorted, no spaces, on one line, in ASCII.

    Raises:
        ValueError: a number is none that JSON knows.

    >>> canonical({"b": "x\n\0", "a": [1, 1.0, True, None]})
    '{"a":[1,1.0,true,null],"b":"x\\n\\u0000"}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def tolerant(value: Any) -> str:
    r"""The same of a value from anywhere: a question mark for half a character, a text for what is no number.

    >>> tolerant({"name": "half \ud800", "size": float("inf")})
    '{"name":"half ?","size":"Infinity"}'
    """
    written = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return canonical(json.loads(written, parse_constant=str))


def is_exact(value: Any) -> bool:
    r"""Whether a value can be written down and read back by everybody as it is.

    >>> is_exact({"a": [1, "\0"]}), is_exact("half \ud800"), is_exact(float("nan"))
    (True, False, False)
    """
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True
