"""What a recorded answer says, read straight from its payloads and independently of our adapters."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]


@dataclass
class Expected:
    """What a step must come to."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Names, and arguments as text."""
    input: int = 0
    cached: int = 0
    output: int = 0
    reason: str | None = None

    @property
    def parsed_calls(self) -> list[tuple[str, Any]]:
        return [(name, loaded(arguments)) for name, arguments in self.calls]

    @property
    def stop(self) -> str:
        if self.calls:
            return "tool_use"
        return STOPS.get(self.reason or "", "end_turn")


STOPS = {
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "length": "max_tokens",
    "MAX_TOKENS": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
    "pause_turn": "pause",
}


def loaded(arguments: str) -> Any:
    """Arguments as an object; None when they are none."""
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def payloads(body: str) -> Iterable[Payload]:
    """The JSON payloads of a stream."""
    for line in body.splitlines():
        if line.startswith("data:") and line[5:].strip() not in {"", "[DONE]"}:
            yield json.loads(line[5:])


def in_list(answer: Payload | list[Payload]) -> list[Payload]:
    """An answer's pieces; Google sends a list where nobody asked for a stream of events."""
    return answer if isinstance(answer, list) else [answer]


def anthropic(body: str) -> Expected:
    said, usage = Expected(), {}
    calls: dict[int, list[str]] = {}
    for payload in payloads(body):
        if payload["type"] == "message_start":
            said = Expected()
            calls.clear()
        if payload["type"] == "message_stop":
            break
        block, delta = payload.get("content_block", {}), payload.get("delta", {})
        usage |= {
            key: value
            for key, value in (payload.get("usage") or payload.get("message", {}).get("usage") or {}).items()
            if value is not None
        }
        said.text += delta.get("text", "") + (block.get("text") or "" if block.get("type") == "text" else "")
        said.thinking += delta.get("thinking", "") + (block.get("thinking") or "")
        said.reason = delta.get("stop_reason") or said.reason
        if block.get("type") == "tool_use":
            calls[payload["index"]] = [block["name"], json.dumps(block["input"]) if block["input"] else ""]
        if "partial_json" in delta and payload["index"] in calls:
            calls[payload["index"]][1] += delta["partial_json"]
    said.calls = [(name, arguments) for name, arguments in calls.values()]
    said.cached = usage.get("cache_read_input_tokens", 0)
    said.input = usage.get("input_tokens", 0) + said.cached + usage.get("cache_creation_input_tokens", 0)
    said.output = usage.get("output_tokens", 0)
    return said


def responses(body: str) -> Expected:
    said = Expected()
    for payload in payloads(body):
        match payload["type"].removeprefix("response."):
            case "output_text.delta":
                said.text += payload["delta"]
            case "refusal.delta":
                said.text += payload["delta"]
                said.reason = "refusal"
            case "reasoning_summary_text.delta" | "reasoning_text.delta":
                said.thinking += payload["delta"]
            case "output_item.done" if payload["item"]["type"] == "function_call":
                said.calls.append((payload["item"]["name"], payload["item"]["arguments"]))
            case "completed" | "incomplete":
                usage = payload["response"].get("usage") or {}
                said.reason = (payload["response"].get("incomplete_details") or {}).get("reason", said.reason)
                said.input, said.output = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
                said.cached = (usage.get("input_tokens_details") or {}).get("cached_tokens", 0)
    return said


def chat(body: str) -> Expected:
    said = Expected()
    calls: list[dict[str, Any]] = []
    for payload in payloads(body):
        if usage := payload.get("usage"):
            said.input, said.output = usage["prompt_tokens"], usage["completion_tokens"]
            details = usage.get("prompt_tokens_details") or {}
            said.cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
        for choice in payload.get("choices", []):
            said.reason = choice.get("finish_reason") or said.reason
            delta = choice.get("delta") or {}
            said.thinking += delta.get("reasoning_content") or delta.get("reasoning") or ""
            text, thinking = content(delta.get("content") or "")
            said.text += text + (delta.get("refusal") or "")
            said.thinking += thinking
            said.reason = "refusal" if delta.get("refusal") else said.reason
            for piece in delta.get("tool_calls") or []:
                grow(calls, piece)
    said.calls = [(call["name"], call["arguments"]) for call in calls]
    return said


def content(said: str | list[Payload]) -> tuple[str, str]:
    """Text and thinking of a piece of content, which may be a list of blocks."""
    if isinstance(said, str):
        return said, ""
    thinking = [piece["text"] for block in said for piece in block.get("thinking", [])]
    return "".join(block.get("text", "") for block in said), "".join(thinking)


def grow(calls: list[dict[str, Any]], piece: Payload) -> None:
    """Add a piece to its call: an id not yet seen begins a new one."""
    function, known = piece.get("function") or {}, [call["id"] for call in calls]
    if piece.get("id") and piece["id"] not in known:
        calls.append({"id": piece["id"], "index": piece.get("index"), "name": "", "arguments": ""})
    same = [call for call in calls if call["index"] == piece.get("index")] or calls
    same[-1]["name"] = same[-1]["name"] or function.get("name") or ""
    same[-1]["arguments"] += function.get("arguments") or ""


def gemini(body: str) -> Expected:
    return gemini_chunks(payloads(body))


def gemini_chunks(chunks: Iterable[Payload]) -> Expected:
    said, usage = Expected(), {}
    calls: list[tuple[str, Payload]] = []
    for payload in chunks:
        usage = payload.get("usageMetadata") or usage
        for candidate in payload.get("candidates", [])[:1]:
            said.reason = candidate.get("finishReason") or said.reason
            for part in (candidate.get("content") or {}).get("parts") or []:
                if "functionCall" in part:
                    call = part["functionCall"]
                    if "name" in call:
                        calls.append((call["name"], call.get("args") or {}))
                    for piece in call.get("partialArgs") or ():
                        place(calls[-1][1], piece)
                elif part.get("thought"):
                    said.thinking += part.get("text", "")
                else:
                    said.text += part.get("text", "")
    said.calls = [(name, json.dumps(settled(arguments))) for name, arguments in calls]
    said.input = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
    said.cached = usage.get("cachedContentTokenCount", 0)
    said.output = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
    return said


def place(arguments: Payload, piece: Payload) -> None:
    """Add a piece of arguments at its path; what is in a list stands under its index until it is settled."""
    *outer, last = re.findall(r"[^.$\[\]]+|\[\d+\]", piece["jsonPath"])
    for step in outer:
        arguments = arguments.setdefault(step, {})
    (value,) = [value for key, value in piece.items() if key.endswith("Value")]
    arguments[last] = arguments[last] + value if last in arguments else value


def settled(value: Any) -> Any:
    """Arguments with their lists as lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: settled(one) for key, one in value.items()}
    return [*inner.values()] if any(key.startswith("[") for key in inner) else inner


def anthropic_whole(answer: Payload) -> Expected:
    said, usage, blocks = Expected(reason=answer["stop_reason"]), answer["usage"], answer["content"]
    said.text = "".join(block["text"] for block in blocks if block["type"] == "text")
    said.thinking = "".join(block["thinking"] for block in blocks if block["type"] == "thinking")
    said.calls = [
        (block["name"], json.dumps(block["input"])) for block in blocks if block["type"] == "tool_use"
    ]
    said.cached = usage.get("cache_read_input_tokens") or 0
    said.input = usage["input_tokens"] + said.cached + (usage.get("cache_creation_input_tokens") or 0)
    said.output = usage["output_tokens"]
    return said


def responses_whole(answer: Payload) -> Expected:
    said, usage = Expected(), answer.get("usage") or {}
    for item in answer["output"]:
        pieces = [*(item.get("summary") or ()), *(item.get("content") or ())]
        words = "".join(piece.get("text") or piece.get("refusal") or "" for piece in pieces)
        match item["type"]:
            case "message":
                said.text += words
                said.reason = "refusal" if any("refusal" in piece for piece in pieces) else said.reason
            case "reasoning":
                said.thinking += words
            case "function_call":
                said.calls.append((item["name"], item["arguments"]))
            case _:
                pass
    said.reason = (answer.get("incomplete_details") or {}).get("reason", said.reason)
    said.input, said.output = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    said.cached = (usage.get("input_tokens_details") or {}).get("cached_tokens", 0)
    return said


def chat_whole(answer: Payload) -> Expected:
    message, usage = answer["choices"][0]["message"], answer.get("usage") or {}
    text, thinking = content(message.get("content") or "")
    refusal = message.get("refusal") or ""
    said = Expected(text=text + refusal, thinking=thinking)
    said.thinking += message.get("reasoning_content") or message.get("reasoning") or ""
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    said.calls = [(function["name"], function["arguments"]) for function in functions]
    said.reason = "refusal" if refusal else answer["choices"][0].get("finish_reason")
    said.input, said.output = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    details = usage.get("prompt_tokens_details") or {}
    said.cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
    return said


def gemini_whole(answer: Payload | list[Payload]) -> Expected:
    return gemini_chunks(in_list(answer))


STREAMS: dict[str, Callable[[str], Expected]] = {
    "anthropic-messages": anthropic,
    "openai-responses": responses,
    "openai-chat": chat,
    "gemini": gemini,
    "vertex": gemini,
}
WHOLE: dict[str, Callable[[Any], Expected]] = {
    "anthropic-messages": anthropic_whole,
    "openai-responses": responses_whole,
    "openai-chat": chat_whole,
    "gemini": gemini_whole,
    "vertex": gemini_whole,
}


def expected(wire: str, answer: dict[str, Any]) -> Expected:
    """What a recorded answer says, streamed or whole."""
    if answer["stream"]:
        return STREAMS[wire](answer["body"])
    return WHOLE[wire](json.loads(answer["body"]))
