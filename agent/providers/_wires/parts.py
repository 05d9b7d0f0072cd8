"""What the wires have in common: arguments written as text, files, results."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from math import isfinite
from typing import ParamSpec, TypeVar, cast

from pydantic import JsonValue

from agent.core.errors import ProviderError
from agent.core.messages import File, Message, Opaque, Text, ToolCall, ToolResult
from agent.providers._characters import HALF, mended

Asked = ParamSpec("Asked")
Heard = TypeVar("Heard")

Fields = dict[str, JsonValue]
"""A JSON object as it goes over the wire."""
DEEPEST = 100
"""Levels of a call's arguments; readers of JSON give up at 200, and an event has some around them."""
TOO_DEEP = "{… (nested too deeply)"


def tool_call(call_id: str, name: str, raw: str, opaque: Opaque | None = None) -> ToolCall:
    """A call whose arguments came as text; no text means no arguments.

    >>> tool_call("c", "grep", '{"pattern": "x"}').arguments
    {'pattern': 'x'}
    >>> tool_call("c", "grep", '{"pattern": ').malformed
    '{"pattern": '
    >>> tool_call("c", "grep", '{"most": NaN}').arguments
    {}
    """
    raw = mended(raw)
    arguments: object = None
    try:
        arguments = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        return ToolCall(id=call_id, name=name, arguments={}, malformed=raw, opaque=opaque or {})
    return parsed_call(call_id, name, cast("Fields", arguments), opaque)


def parsed_call(call_id: str, name: str, arguments: Fields, opaque: Opaque | None = None) -> ToolCall:
    """A call whose arguments were read already; malformed when they could not be kept or sent on.

    >>> parsed_call("c", "grep", {"most": float("inf")}).malformed
    '{"most": Infinity}'
    """
    if is_plain(arguments):
        return ToolCall(id=call_id, name=name, arguments=arguments, opaque=opaque or {})
    try:
        written = json.dumps(arguments)
    except RecursionError:
        written = TOO_DEEP
    return ToolCall(id=call_id, name=name, arguments={}, malformed=written, opaque=opaque or {})


def is_plain(value: JsonValue, depth: int = DEEPEST) -> bool:
    r"""Whether everybody can write a value down and read it again as it is.

    >>> is_plain({"a": [1, "b"]}), is_plain([float("nan")]), is_plain("half \ud800")
    (True, False, False)
    """
    match value:
        case str():
            return value.isascii() or not HALF.search(value)
        case float():
            return isfinite(value)
        case dict():
            return depth > 0 and all(is_plain(at) and is_plain(one, depth - 1) for at, one in value.items())
        case list():
            return depth > 0 and all(is_plain(one, depth - 1) for one in value)
        case _:
            return True


def fitting(name: str, most: int = 64) -> str:
    """An id or a name as every wire takes it: letters, digits, `_` and `-`; else one made from it.

    Args:
        name: as another provider gave it.
        most: characters it may have.

    >>> fitting("call_1"), fitting("functions.read_file:0")
    ('call_1', 'functions_read_file_0_f9cc2c78')
    """
    if name and re.fullmatch(r"[A-Za-z0-9_-]+", name) and len(name) <= most:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', name)[: most - 9]}_{mark}"


def own(opaque: Opaque, wire: str) -> Fields:
    """What this wire asked to have echoed.

    >>> own({"gemini": {"id": "7"}}, "gemini"), own({"gemini": {"id": "7"}}, "anthropic")
    ({'id': '7'}, {})
    """
    kept = opaque.get(wire)
    return kept if isinstance(kept, dict) else {}


def echoed(wire: str, fields: Fields) -> Opaque:
    """What this wire wants echoed, without what is not there.

    >>> echoed("gemini", {"id": None, "thought_signature": "c2ln"})
    {'gemini': {'thought_signature': 'c2ln'}}
    >>> echoed("gemini", {"id": None})
    {}
    """
    kept: Fields = {key: value for key, value in fields.items() if value is not None}
    return {wire: kept} if kept else {}


def result_text(result: ToolResult) -> str:
    """The words of a result; never empty, as some wires refuse that.

    >>> result_text(ToolResult(call_id="c", outcome="ok", text=""))
    '(ok, no output)'
    """
    return result.text if result.text.strip() else f"({result.outcome}, no output)"


def data_url(file: File) -> str:
    """A file's content as an address.

    >>> data_url(File(media_type="image/png", data="iVBORw0="))
    'data:image/png;base64,iVBORw0='
    """
    return f"data:{file.media_type};base64,{file.data}"


def file_note(file: File) -> str:
    """What a model is told of a file that its wire does not take: a text in full, in a fence it cannot end.

    >>> file_note(File(media_type="audio/ogg", name="a.ogg"))
    '[file a.ogg, audio/ogg, not shown]'
    >>> print(file_note(File(media_type="text/plain", data="SGk=", name="a.txt")))
    [file a.txt, text/plain]
    ```
    Hi
    ```
    """
    header = f"file {' '.join((file.name or file.path).split()) or 'without a name'}, {file.media_type}"
    text = ""
    if file.media_type.startswith("text/"):
        with suppress(ValueError):  # nobody has checked that what a program sent is base64
            text = base64.b64decode(file.data).decode("utf-8", "replace")
    if not text:
        return f"[{header}, not shown]"
    fence = "`" * (max(map(len, re.findall("`{3,}", text)), default=2) + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"[{header}]\n{fence}\n{text}{end}{fence}"


def all_calls(messages: Iterable[Message]) -> dict[str, ToolCall]:
    """Every call by its id, for results, which hold only that.

    >>> call = ToolCall(id="c", name="grep", arguments={})
    >>> all_calls([Message(role="assistant", parts=(call,))])["c"].name
    'grep'
    """
    return {call.id: call for message in messages for call in message.calls}


def is_prompt(message: Message) -> bool:
    """Whether a person speaks in it, not only tools.

    >>> is_prompt(Message(role="user", parts=(Text(text="Hi"),)))
    True
    """
    return message.role == "user" and any(isinstance(part, Text | File) for part in message.parts)


def in_form(read: Callable[Asked, Heard]) -> Callable[Asked, Heard]:
    """Make a reading of an answer whose failure counts as cut: the answer is not in its wire's form.

    A context manager would cost more than what is read.

    >>> in_form(lambda: {}["type"])()
    Traceback (most recent call last):
    agent.core.errors.ProviderError: The answer is not in its wire's form (KeyError).
    """

    @wraps(read)
    def reading(*args: Asked.args, **more: Asked.kwargs) -> Heard:
        try:
            return read(*args, **more)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            told = f"The answer is not in its wire's form ({type(error).__name__})."
            raise ProviderError("cut", told) from error

    return reading
