"""What the wires have in common: arguments written as text, files, results."""

import hashlib
import json
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import cast

from pydantic import JsonValue

from agent.core.errors import ProviderError
from agent.core.messages import File, Message, Opaque, Text, ToolCall, ToolResult

Fields = dict[str, JsonValue]
"""A JSON object as it goes over the wire."""


def tool_call(call_id: str, name: str, raw: str, opaque: Opaque | None = None) -> ToolCall:
    """A call whose arguments came as text; no text means no arguments.

    >>> tool_call("c", "grep", '{"pattern": "x"}').arguments
    {'pattern': 'x'}
    >>> tool_call("c", "grep", '{"pattern": ').malformed
    '{"pattern": '
    """
    arguments: object = None
    try:
        arguments = json.loads(raw) if raw.strip() else {}
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        return ToolCall(id=call_id, name=name, arguments={}, malformed=raw, opaque=opaque or {})
    return ToolCall(id=call_id, name=name, arguments=cast("Fields", arguments), opaque=opaque or {})


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
    """What a model is told of a file that its wire does not take.

    >>> file_note(File(media_type="audio/ogg", name="a.ogg"))
    '[file a.ogg, audio/ogg, not shown]'
    """
    return f"[file {file.name or file.path or 'without a name'}, {file.media_type}, not shown]"


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


@contextmanager
def in_form() -> Generator[None]:
    """Around the reading of an answer: one that is not in its wire's form counts as cut.

    >>> with in_form():
    ...     {}["type"]
    Traceback (most recent call last):
    agent.core.errors.ProviderError: The answer is not in its wire's form (KeyError).
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        told = f"The answer is not in its wire's form ({type(error).__name__})."
        raise ProviderError("cut", told) from error
