"""The SDKs' own types of a request, made to refuse what they do not know."""

from functools import cache
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict, is_typeddict

Body = dict[str, Any]

REQUESTS = {
    "anthropic": ("anthropic.types.message_create_params", "MessageCreateParamsStreaming"),
    "openai-responses": ("openai.types.responses.response_create_params", "ResponseCreateParamsStreaming"),
    "openai-chat": ("openai.types.chat.completion_create_params", "CompletionCreateParamsStreaming"),
}
"""Where the SDKs keep the type of a whole request."""
OPEN_FILES = {"IO", "PathLike"}
"""What an SDK would read itself."""
UNNEEDED = {"id": "msg_1", "status": "completed"}
"""What OpenAI's type demands of a model's earlier words, and its API does not.

Source: its own client Codex sends neither; https://github.com/openai/codex, protocol, ResponseItem.
"""
OURS = {
    "anthropic": {"text", "thinking", "redacted_thinking", "tool_use", "tool_result", "image", "document"},
    "openai-responses": {"message", "reasoning", "function_call", "function_call_output"},
}
"""Types of pieces that we write; what the server's own tools did goes back as it came, known or not."""
PLAIN_FIELDS = {"reasoning_content", "reasoning", "reasoning_details", "extra_content"}
FIELDS = {
    "deepseek": {"reasoning_content"},
    "mistral": set[str](),
    "groq": set[str](),
    "openai": set[str](),
}
"""Fields of a message or call that a dialect documents beyond OpenAI's; the others pass over unknown ones.

Source: https://api-docs.deepseek.com/guides/thinking_mode, https://openrouter.ai/docs (reasoning tokens,
prompt caching), https://docs.vllm.ai (reasoning outputs), https://ai.google.dev/gemini-api/docs/openai.
"""
PARTS = {"mistral": {"thinking", "document_url"}}
"""Types of content that a dialect documents beyond OpenAI's. Source: https://docs.mistral.ai/api."""
MARKS = {"openrouter": {"cache_control"}}
"""Fields of a part of content that a dialect documents beyond OpenAI's."""


def misfits(wire: str, body: Body, dialect: str = "") -> list[str]:
    """Where a request is not of the type that the wire's own SDK gives it; unknown fields count."""
    known = {
        "anthropic": _unbound,
        "openai-responses": _completed,
        "openai-chat": lambda whole: _known(whole, dialect),
    }
    try:
        if wire == "gemini":
            _google(body)
        else:
            told = {name: value for name, value in known[wire](body).items() if not name.startswith("extra_")}
            _request(wire).validate_python({**told, "stream": True}, strict=True)
    except ValidationError as error:
        wrong = sorted(error.errors(), key=lambda one: -len(one["loc"]))
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong[:5]]
    return []


def _google(body: Body) -> None:
    types = import_module("google.genai.types")
    types.GenerateContentConfig.model_validate(body["config"])
    for content in body["contents"]:
        types.Content.model_validate(content)


def _unbound(body: Body) -> Body:
    """A request without what only the type of a beta has. Source: anthropic.types.beta."""
    said = [
        {**message, "content": [one for one in message["content"] if one["type"] in OURS["anthropic"]]}
        for message in body["messages"]
    ]
    if "anthropic-beta" not in body.get("extra_headers", {}):
        return {**body, "messages": said}
    return {**body, "messages": said, "thinking": less(body["thinking"], {"block_binding"})}


def _completed(body: Body) -> Body:
    said = [
        _written(item) for item in body["input"] if item.get("type", "message") in OURS["openai-responses"]
    ]
    return {**body, "input": said}


def _written(item: Body) -> Body:
    """An item with what OpenAI's type demands; a model's words without what other servers cite."""
    if item.get("type") != "message" or item["role"] != "assistant":
        return item
    content = [
        {**piece, **({"annotations": []} if "annotations" in piece else {})} for piece in item["content"]
    ]
    return {**UNNEEDED, **item, "content": content}


def _known(body: Body, dialect: str) -> Body:
    """A request without what its dialect adds to OpenAI's."""
    fields, marks = FIELDS.get(dialect, PLAIN_FIELDS), MARKS.get(dialect, set())

    def known(message: Body) -> Body:
        known = less(message, fields)
        if calls := known.get("tool_calls"):
            known["tool_calls"] = [less(call, fields) for call in calls]
        if isinstance(content := known.get("content"), list):
            parts = [part for part in content if part["type"] not in PARTS.get(dialect, ())]
            known["content"] = [less(part, marks) for part in parts] or "-"
        return known

    return {**body, "messages": [known(message) for message in body["messages"]]}


def less(holder: Body, names: set[str]) -> Body:
    return {name: value for name, value in holder.items() if name not in names}


@cache
def _request(wire: str) -> TypeAdapter[Any]:
    module, name = REQUESTS[wire]
    return TypeAdapter(strict(getattr(import_module(module), name)))


def strict(kind: Any) -> Any:
    """A type that refuses unknown fields: lists for lazy iterables, no models of answers, which take all."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        return _fields(kind)
    if origin in {Union, UnionType}:
        return Union[tuple(strict(one) for one in inner if is_sent(one))]  # noqa: UP007  made at run time
    if origin is Annotated:
        return strict(inner[0])
    if origin is dict:
        return dict[inner[0], strict(inner[1])]
    return list[strict(inner[0])] if inner and origin is not Literal else kind


def is_sent(kind: Any) -> bool:
    """Whether a member of a union is a type of JSON that is sent."""
    origin = get_origin(kind)
    if origin in {Union, UnionType, Annotated}:
        return any(map(is_sent, get_args(kind) if origin is not Annotated else get_args(kind)[:1]))
    made = origin or kind
    return not (isinstance(made, type) and (issubclass(made, BaseModel) or made.__name__ in OPEN_FILES))


@cache
def _fields(kind: Any) -> Any:
    fields = {
        name: (Required if get_origin(hint) is Required else NotRequired)[
            strict(get_args(hint)[0] if get_origin(hint) in {Required, NotRequired} else hint)
        ]
        for name, hint in get_type_hints(kind, include_extras=True).items()
    }
    made = TypedDict(kind.__name__, fields)
    made.__pydantic_config__ = ConfigDict(extra="forbid")
    return made
