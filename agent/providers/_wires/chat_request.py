"""A request in the form of Chat Completions, in a server's dialect of it."""

import hashlib
import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from pydantic import JsonValue

from agent.core.messages import File, Message, Text, Thinking, ToolCall, ToolResult
from agent.core.provider import Request
from agent.providers._dialects import PLAIN, Dialect
from agent.providers._wires.parts import Fields, data_url, file_note, fitting, is_prompt, own, result_text

WIRE = "openai-chat"
NAMES = ("reasoning_content", "reasoning")
"""Where servers put their reasoning: DeepSeek and vLLM, OpenRouter and Ollama."""
ALWAYS_THERE = "reasoning_content"
"""What DeepSeek misses in a message with calls that another model made."""
LONGEST_ID = 40
"""Characters of a call's id that OpenAI takes here. Source: the API's own error, "maximum length 40"."""
BRIDGE = "I have the results."
"""Said by the model between results and a prompt, where the one must not follow the other."""
MARK: Fields = {"type": "ephemeral"}
"""Where a prefix to be cached ends."""


def payload(request: Request, dialect: Dialect = PLAIN) -> Any:
    """What the SDK is told to ask.

    >>> payload(Request(model="m", messages=(), max_tokens=5))["max_tokens"]
    5
    """
    asked: Fields = {"model": request.model, "messages": messages(request, dialect)}
    if dialect.has_extras:
        asked["stream_options"] = {"include_usage": True}
    if request.max_tokens:
        asked[dialect.limit] = request.max_tokens
    if request.effort:
        # The SDK takes no field that OpenAI does not know, except here.
        asked["extra_body"] = dialect.effort(request.model, request.effort)
    if request.cache_key and dialect.cache == "key":
        asked["prompt_cache_key"] = request.cache_key
    tools: list[JsonValue] = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in request.tools
    ]
    if request.search and dialect.search:
        tools.append({"type": dialect.search})
    if tools:
        asked["tools"] = tools
    return asked


def messages(request: Request, dialect: Dialect = PLAIN) -> list[Any]:
    """The messages in this wire's form.

    >>> messages(Request(model="m", system="Be brief.", messages=()))
    [{'role': 'system', 'content': 'Be brief.'}]
    """
    is_strict = dialect.is_strict_about(request.model)
    said = _Speech(dialect, is_strict=is_strict)
    prompts = [at for at, message in enumerate(request.messages) if is_prompt(message)]
    sent: list[Any] = [{"role": "system", "content": request.system}] if request.system else []
    for at, message in enumerate(request.messages):
        if message.role == "user":
            sent.extend(said.asked(message))
        else:
            sent.extend(said.answered(message, is_current=at > max(prompts, default=0)))
    if is_strict:
        sent = bridged(sent)
    if dialect.cache == "marks" and request.model.startswith(("anthropic/", "~anthropic/")):
        marked(sent)
    return sent


def call_id(made: str, *, is_strict: bool) -> str:
    """An id as the server takes it; made from the given one, the same for a call and its result.

    >>> call_id("call_1", is_strict=False), call_id("D681PevKs", is_strict=True)
    ('call_1', 'D681PevKs')
    >>> call_id("call_1", is_strict=True)
    '74196fe72'
    """
    if not is_strict:
        return fitting(made, LONGEST_ID)
    return made if re.fullmatch("[a-zA-Z0-9]{9}", made) else hashlib.sha256(made.encode()).hexdigest()[:9]


def bridged(sent: list[Any]) -> list[Any]:
    """The messages with a word of the model between results and what a person says.

    >>> [message["role"] for message in bridged([{"role": "tool"}, {"role": "user"}])]
    ['tool', 'assistant', 'user']
    """
    whole = sent[:1]
    for before, message in pairwise(sent):
        if (before["role"], message["role"]) == ("tool", "user"):
            whole.append({"role": "assistant", "content": BRIDGE})
        whole.append(message)
    return whole


def marked(sent: list[Any]) -> None:
    """Mark the ends of the two prefixes worth caching: what is said to every session, and all until now.

    Source: https://openrouter.ai/docs/client-sdks/python/components/anthropiccachecontroldirective; four
    marks are the most.

    >>> sent = [{"role": "user", "content": "Hi"}]
    >>> marked(sent)
    >>> sent[0]["content"]
    [{'type': 'text', 'text': 'Hi', 'cache_control': {'type': 'ephemeral'}}]
    """
    ends = [message for message in sent if message["role"] == "system"][-1:]
    ends += [message for message in sent if message["role"] in {"user", "tool"}][-1:]
    for message in ends:
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        texts = [part for part in message["content"] if part["type"] == "text"]
        if texts:
            texts[-1]["cache_control"] = MARK


class _Speech:
    """Messages of both sides in one dialect."""

    def __init__(self, dialect: Dialect, *, is_strict: bool) -> None:
        self._dialect = dialect
        self._is_strict = is_strict

    def asked(self, message: Message) -> Iterable[Fields]:
        """Results in messages of their own; their files follow, as a tool's message holds only text."""
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        for result in results:
            made = call_id(result.call_id, is_strict=self._is_strict)
            yield {"role": "tool", "tool_call_id": made, "content": result_text(result)}
        shown = [file for result in results for file in result.files]
        said = [
            part for part in message.parts if isinstance(part, File) or (isinstance(part, Text) and part.text)
        ]
        if said and all(isinstance(part, Text) for part in said) and not shown:
            yield {"role": "user", "content": "\n".join(part.text for part in said if isinstance(part, Text))}
        elif said or shown:
            yield {"role": "user", "content": [self._content(part) for part in (*shown, *said)]}

    def answered(self, message: Message, *, is_current: bool) -> Iterable[Fields]:
        """The model's turn, with its reasoning as far as the server wants it back."""
        turn: Fields = {"role": "assistant", "content": message.text or None}
        if message.calls:
            turn["tool_calls"] = [self._call(call) for call in message.calls]
        if message.text or message.calls:
            yield {**turn, **self._reasoning(message, is_current=is_current)}

    def _reasoning(self, message: Message, *, is_current: bool) -> Fields:
        thoughts = [
            (part.text, kept)
            for part in message.parts
            if isinstance(part, Thinking) and (kept := own(part.opaque, WIRE))
        ]
        match self._dialect.echo:
            case "never":
                return {}
            case "blocks":
                return _blocks(message, [text for text, kept in thoughts if kept.get("field") == "content"])
            case "always":
                return {ALWAYS_THERE: "".join(text for text, _ in thoughts)} if message.calls else {}
            case "turn":
                echo: Fields = {}
                for text, kept in thoughts:
                    if "details" in kept:
                        echo["reasoning_details"] = kept["details"]
                    elif is_current and kept.get("field") in NAMES:
                        echo[str(kept["field"])] = text
                return echo

    def _call(self, call: ToolCall) -> Fields:
        # Malformed arguments are not sent back: some servers fail on them; the result tells what was wrong.
        function: Fields = {"name": fitting(call.name), "arguments": json.dumps(call.arguments)}
        made = call_id(call.id, is_strict=self._is_strict)
        extra = own(call.opaque, WIRE) if self._dialect.echo == "turn" else {}
        return {"id": made, "type": "function", "function": function, **extra}

    def _content(self, part: Text | File) -> Fields:
        if isinstance(part, Text):
            return {"type": "text", "text": part.text}
        if part.data and part.media_type.startswith("image/"):
            return {"type": "image_url", "image_url": {"url": data_url(part)}}
        if part.data and part.media_type == "application/pdf":
            match self._dialect.pdf:
                case "file":
                    named: Fields = {"filename": part.name or "file.pdf", "file_data": data_url(part)}
                    return {"type": "file", "file": named}
                case "document_url":
                    return {"type": "document_url", "document_url": data_url(part)}
                case _:
                    pass
        return {"type": "text", "text": file_note(part)}


def _blocks(message: Message, thoughts: list[str]) -> Fields:
    """Reasoning in front of the words, as Mistral sends it."""
    if not thoughts:
        return {}
    thinking: Fields = {"type": "thinking", "thinking": [{"type": "text", "text": "".join(thoughts)}]}
    words: Fields = {"type": "text", "text": message.text}
    return {"content": [thinking, words] if message.text else [thinking]}
