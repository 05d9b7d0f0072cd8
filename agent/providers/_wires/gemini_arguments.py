"""Google's wire, inwards: the arguments of a call while they grow, value by value, each at its JSON path."""

import json
import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any, cast

from pydantic import JsonValue

from agent.core.errors import ProviderError
from agent.providers._wires.parts import Fields

if TYPE_CHECKING:
    from google.genai import types

Path = tuple[str | int, ...]

STEP = re.compile(
    r"""\.(?P<name>[^.*\[\]]+) | \[(?P<index>\d+)\] | \['(?P<single>(?:[^'\\]|\\.)*)'\]
      | \["(?P<double>(?:[^"\\]|\\.)*)"\]""",
    re.VERBOSE,
)
"""A step of a path that means one value. Source: RFC 9535."""


def path(written: str) -> Path:
    r"""The keys and indices of a JSON path.

    Raises:
        ProviderError: it is none that means one value.

    >>> path("$.recipe.steps[0]['in words']")
    ('recipe', 'steps', 0, 'in words')
    """
    steps = list(STEP.finditer(written, 1))
    try:
        if steps and "$" + "".join(step[0] for step in steps) == written:
            return tuple(int(step["index"]) if step["index"] else _key(step) for step in steps)
    except ValueError:
        pass  # an escape that JSON does not know
    raise ProviderError("cut", f"The model stumbled: arguments at {written[:100]!r}")


def _key(step: re.Match[str]) -> str:
    if step["name"]:
        return step["name"]
    quoted = step["double"]
    if quoted is None:
        quoted = step["single"].replace("\\'", "'").replace('"', '\\"')
    return json.loads(f'"{quoted}"')


class Arguments:
    """Arguments that grow; what is added is returned as the next piece of their JSON.

    >>> growing = Arguments()
    >>> [
    ...     growing.add(("path",), "a."),
    ...     growing.add(("path",), "txt"),
    ...     growing.add(("lines", 0), 7),
    ...     growing.end(),
    ... ]
    ['{"path": "a.', 'txt', '", "lines": [7', ']}']
    >>> growing.value
    {'path': 'a.txt', 'lines': [7]}
    """

    def __init__(self) -> None:
        self._tree: dict[str | int, Any] = {}
        self._path: Path = ()
        """Where the last value stands."""
        self._string: list[str] | None = None
        """The pieces of a text there, which may still grow."""

    def add(self, at: Path, value: JsonValue) -> str:
        """Put a value at its place, or go on with the text there."""
        if self._string is not None and isinstance(value, str) and at == self._path:
            self._string.append(value)
            return json.dumps(value)[1:-1]
        piece = self._closed() + self._way(at)
        self._path = at
        if isinstance(value, str):
            self._string = [value]
            return piece + json.dumps(value)[:-1]
        self._put(value)
        return piece + json.dumps(value)

    def end(self) -> str:
        """Close whatever is open; there is nothing to add any more."""
        return (self._closed() + _brackets(self._path)) if self._path else "{}"

    @property
    def value(self) -> Fields:
        """What has been closed so far."""
        return cast("Fields", _built(self._tree)) if self._tree else {}

    def _closed(self) -> str:
        """Close the text that grew."""
        if self._string is None:
            return ""
        self._put("".join(self._string))
        self._string = None
        return '"'

    def _put(self, value: JsonValue) -> None:
        holder = self._tree
        for key in self._path[:-1]:
            inner = holder.get(key)
            if not isinstance(inner, dict):
                inner = holder[key] = {}
            holder = cast("dict[str | int, Any]", inner)
        holder[self._path[-1]] = value

    def _way(self, at: Path) -> str:
        """The JSON between the last value and one at this path."""
        pairs = zip(self._path, at[:-1], strict=False)
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        deeper = "".join(("[" if isinstance(key, int) else "{") + _label(key) for key in at[same + 1 :])
        begin = ", " if self._path else "{"
        return _brackets(self._path[same + 1 :]) + begin + _label(at[same]) + deeper


def numbered(piece: "types.PartialArg") -> JsonValue:
    """The value of a piece; whole numbers come as floats.

    >>> from google.genai import types
    >>> (
    ...     numbered(types.PartialArg(json_path="$.a", number_value=3.0)),
    ...     numbered(types.PartialArg(string_value="b")),
    ... )
    (3, 'b')
    """
    number = piece.number_value
    if number is not None:
        return int(number) if number.is_integer() else number
    return piece.bool_value if piece.bool_value is not None else piece.string_value


def _label(key: str | int) -> str:
    return "" if isinstance(key, int) else f"{json.dumps(key)}: "


def _brackets(closed: Path) -> str:
    return "".join("]" if isinstance(key, int) else "}" for key in reversed(closed))


def _built(tree: object) -> JsonValue:
    """A tree whose lists are still dictionaries by index, as JSON."""
    if not isinstance(tree, dict):
        return cast("JsonValue", tree)
    branches = cast("dict[str | int, object]", tree)
    indices = [key for key in branches if isinstance(key, int)]
    if indices and len(indices) == len(branches):
        return [_built(branches[key]) for key in sorted(indices)]
    return {str(key): _built(branch) for key, branch in branches.items()}
