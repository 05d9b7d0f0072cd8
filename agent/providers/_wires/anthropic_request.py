"""A request in the form of Anthropic's Messages API."""

import re
from typing import Any

from agent.core.messages import File, Message, Part, Text, Thinking, ToolCall, ToolResult, Unknown
from agent.core.provider import Effort, Request
from agent.providers._wires.parts import Fields, file_note, fitting, own, result_text

WIRE = "anthropic"

MAX_TOKENS = 32_000
"""Tokens of an answer when nobody says; every model of the fourth generation and later takes it."""
OLD_MAX_TOKENS = {"claude-3-haiku": 4096, "claude-3-opus": 4096, "claude-3-5": 8192}
LONGEST_ID, LONGEST_NAME = 64, 128
"""Characters of a call's id and of a tool's name."""

VERSION = re.compile(r"claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
"""Family and version in a model's name; the third generation and before name the version first."""
Version = tuple[int, int]
FIRST_TO_THINK: Version = (3, 7)
FIRST_WITH_EFFORT: Version = (4, 6)
FIRST_TO_THINK_UNASKED: Version = (5, 0)
LAST_UNBOUND: Version = (5, 0)
"""Later models bind their thinking to everything that was sent before it."""
QUIET = {
    ("opus", (5, 0)): "disabled",
    ("sonnet", (5, 0)): "disabled",
    ("sonnet", (5, 5)): "between_tools",
    ("haiku", (5, 5)): "disabled",
}
"""How models that think unasked are told not to; the others cannot be."""

BUDGETS: dict[Effort, int] = {"low": 2048, "medium": 8192, "high": 16_384}
"""Tokens of reasoning for models that know no effort."""
SMALLEST_BUDGET = 1024
THOUGHTS = frozenset({"thinking", "redacted_thinking"})
"""Blocks that must not be the last of a message."""
BINDING = "thinking-binding-controls-2026-08-01"
MARK: Fields = {"type": "ephemeral"}
SEARCH: Fields = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
"""Later versions filter what they find by programs that they run, which not every model can.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def payload(request: Request, listed: int | None = None) -> Any:
    """What the API is asked.

    A prefix is cached up to a mark, and found again when one of the twenty blocks before a later mark
    ends it. The API itself marks the last block. We mark where the request before this one ended, as many
    results at once put more than twenty blocks between; and the ends of the tools and of the system
    prompt, which stay the same after a compaction. A mark costs nothing by itself; four are allowed.

    Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching

    Args:
        request: what is asked.
        listed: tokens an answer of this model may have, as the provider's own list says.

    >>> sorted(payload(Request(model="claude-opus-4-8", messages=())))
    ['cache_control', 'max_tokens', 'messages', 'model']
    """
    limit = request.max_tokens or listed or max_tokens(request.model)
    asked: Fields = {
        "model": request.model,
        "max_tokens": limit,
        "messages": messages(request.messages),
        "cache_control": MARK,
        **reasoning(request, limit),
    }
    tools: list[Any] = [
        {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
        for tool in request.tools
    ]
    if request.search:
        tools.append({**SEARCH})
    if tools:
        tools[-1]["cache_control"] = MARK
        asked["tools"] = tools
    if request.system:
        asked["system"] = [{"type": "text", "text": request.system, "cache_control": MARK}]
    return asked


def max_tokens(model: str) -> int:
    """Tokens an answer may have when nobody says.

    >>> max_tokens("claude-opus-5"), max_tokens("claude-3-haiku-20240307")
    (32000, 4096)
    """
    return next((limit for old, limit in OLD_MAX_TOKENS.items() if model.startswith(old)), MAX_TOKENS)


def version(model: str) -> tuple[str, Version]:
    """A model's family and version; a name that does not tell counts as the first that knows effort.

    >>> version("claude-opus-5-5"), version("claude-sonnet-4-20250514"), version("claude-3-7-sonnet-latest")
    (('opus', (5, 5)), ('sonnet', (4, 0)), ('', (3, 7)))
    >>> version("claude-mythos-preview")
    ('', (4, 6))
    """
    found = VERSION.search(model)
    return (found[1] or "", (int(found[2]), int(found[3] or 0))) if found else ("", FIRST_WITH_EFFORT)


def reasoning(request: Request, limit: int) -> Fields:
    """How much to reason, in the words the model knows, and to be shown it.

    Models that think unasked hide it unless asked not to. What they thought is theirs to read only while
    nothing before it has changed; after a compaction or with another tool they shall drop it instead of
    refusing the request.

    Source: https://platform.claude.com/docs/en/build-with-claude/thinking and …/preserved-thinking

    >>> reasoning(Request(model="claude-opus-4-8", messages=(), effort="low"), 32_000)["output_config"]
    {'effort': 'low'}
    >>> reasoning(Request(model="claude-haiku-4-5", messages=(), effort="low"), 32_000)
    {'thinking': {'type': 'enabled', 'budget_tokens': 2048}}
    >>> reasoning(Request(model="claude-opus-5", messages=()), 32_000)
    {'thinking': {'type': 'adaptive', 'display': 'summarized'}}
    """
    family, made = version(request.model)
    effort = request.effort
    if made < FIRST_WITH_EFFORT:
        return _budget(made, effort, limit)
    if effort in {None, "none"} and made < FIRST_TO_THINK_UNASKED:
        return {}
    if effort == "none" and (family, made) in QUIET:
        return {"thinking": {"type": QUIET[family, made]}}
    thinking: Fields = {"type": "adaptive", "display": "summarized"}
    asked: Fields = {"thinking": thinking}
    if made > LAST_UNBOUND:
        thinking["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
        asked["extra_headers"] = {"anthropic-beta": BINDING}
    if effort is not None:
        asked["output_config"] = {"effort": "low" if effort == "none" else effort}
    return asked


def _budget(made: Version, effort: Effort | None, limit: int) -> Fields:
    budget = min(BUDGETS.get(effort, 0), limit // 2) if effort else 0
    if made < FIRST_TO_THINK or budget < SMALLEST_BUDGET:
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def messages(said: tuple[Message, ...]) -> list[Any]:
    """The messages, with a mark where the request before this one ended.

    >>> hello = Message(role="user", parts=(Text(text="Hi"),))
    >>> messages((hello, hello))[0]["content"]
    [{'type': 'text', 'text': 'Hi', 'cache_control': {'type': 'ephemeral'}}]
    """
    turns = [turn for message in said if (turn := _message(message))["content"]]
    asked = [turn for turn in turns if turn["role"] == "user"]
    if len(asked) > 1:
        asked[-2]["content"][-1]["cache_control"] = MARK
    return turns


def _message(message: Message) -> dict[str, Any]:
    """A message with its results first, as the API demands, and without thinking that led to nothing."""
    parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
    blocks = [block for part in parts if (block := _block(part))]
    while blocks and blocks[-1]["type"] in THOUGHTS:
        blocks.pop()
    return {"role": message.role, "content": blocks}


def _block(part: Part) -> Fields | None:
    """A part as a block; None where there is nothing this API could read."""
    match part:
        case Text(text=text):
            return {"type": "text", "text": text, **_cited(own(part.opaque, WIRE))} if text.strip() else None
        case Thinking(text=text):
            kept = own(part.opaque, WIRE)
            return {"type": "thinking", "thinking": text, **kept} if kept.get("signature") else None
        case ToolCall():
            call: Fields = {
                "type": "tool_use",
                "id": fitting(part.id, LONGEST_ID),
                "name": fitting(part.name, LONGEST_NAME),
                "input": part.arguments,
            }
            return {**call, **own(part.opaque, WIRE)}
        case ToolResult():
            return _result(part)
        case File():
            return _file(part)
        case Unknown():
            return own(part.opaque, WIRE) or None


def _cited(kept: Fields) -> Fields:
    """What a text wants echoed, without what the API says of its citations and does not take back."""
    cited: Any = kept.get("citations")
    if not cited:
        return kept
    return {**kept, "citations": [{key: one[key] for key in one if key != "file_id"} for one in cited]}


def _result(result: ToolResult) -> Fields:
    words = result_text(result)
    files = [_file(file) for file in result.files]
    block: Fields = {
        "type": "tool_result",
        "tool_use_id": fitting(result.call_id, LONGEST_ID),
        "content": [{"type": "text", "text": words}, *files],
    }
    # The API takes nothing but text in an error.
    is_told = result.outcome != "ok" and all(file["type"] == "text" for file in files)
    return {**block, "is_error": True} if is_told else block


def _file(file: File) -> Fields:
    source: Fields = {"type": "base64", "media_type": file.media_type, "data": file.data}
    if file.data and file.media_type in IMAGES:
        return {"type": "image", "source": source}
    if file.data and file.media_type == "application/pdf":
        return {"type": "document", "source": source}
    return {"type": "text", "text": file_note(file)}
