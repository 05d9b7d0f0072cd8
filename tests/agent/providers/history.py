"""What a request says, piece by piece, read from its body and independently of our adapters.

Files that a person or a tool gave are passed over: they are no part of what a model said.
"""

import json
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

Body = dict[str, Any]
Piece = tuple[str, ...]
"""Its sort (user, text, thinking, call, result, other) and what it holds."""

UNSIGNED = {("user", 2), ("text", 2), ("thinking", 2)}
"""Sorts and lengths of pieces whose neighbours may be joined: nobody signed them."""
STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--", "‑": "-"})
"""Some recorders straighten typography in the requests they keep."""
NO_WORDS = "(ok, no output)"
UNSAID = frozenset({"cache_control", "status", "caller"})


def said(wire: str, body: Body) -> list[Piece]:
    """All that a request says, in order; neighbours without a signature are joined, blank ones left out."""
    joined: list[Piece] = []
    for kind, group in groupby(PIECES[wire](body), key=lambda piece: (piece[0], len(piece))):
        same = list(group)
        joined += [(kind[0], "".join(piece[1] for piece in same))] if kind in UNSIGNED else same
    return [straight(piece) for piece in joined if (piece[0], len(piece)) not in UNSIGNED or piece[1].strip()]


def whole(value: Any) -> Any:
    """A value free of what is empty or not content, so that two writings of it are equal."""
    if isinstance(value, list):
        return [whole(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {camel(key): whole(one) for key, one in value.items() if key not in UNSAID}
    return {key: one for key, one in kept.items() if one not in (None, [], {}, "")}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def written(value: Any) -> str:
    return json.dumps(whole(value), sort_keys=True, ensure_ascii=False)


def straight(piece: Piece) -> Piece:
    """A piece with plain quotes and dashes; a result without words has none."""
    plain = [text.translate(STRAIGHT) for text in piece]
    return (*plain[:2], "") if piece[0] == "result" and piece[2] == NO_WORDS else tuple(plain)


def arguments(text: str) -> str:
    """Arguments as a value, so that their spaces do not count."""
    try:
        return json.dumps(json.loads(text or "{}"), sort_keys=True)
    except ValueError:
        return text


def words(content: Any) -> str:
    """The words among contents of any wire."""
    if isinstance(content, str):
        return content
    return "".join(piece.get("text") or "" for piece in content or ())


def anthropic(body: Body) -> Iterable[Piece]:
    for message in body["messages"]:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match block["type"]:
                case "text":
                    yield ("user" if message["role"] == "user" else "text", block["text"])
                case "thinking":
                    yield ("thinking", block["thinking"], block["signature"])
                case "tool_use":
                    yield ("call", block["id"], block["name"], json.dumps(block["input"], sort_keys=True))
                case "tool_result":
                    yield ("result", block["tool_use_id"], words(block.get("content")))
                case _ if message["role"] == "assistant":
                    yield ("other", written(block))


def responses(body: Body) -> Iterable[Piece]:
    items = body["input"]
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        match item.get("type", "message"):
            case "message":
                yield ("text" if item["role"] == "assistant" else "user", words(item["content"]))
            case "reasoning":
                # Without its encrypted content it is only a pointer to what is stored there.
                if item.get("encrypted_content"):
                    yield ("thinking", words(item["summary"]), item["encrypted_content"])
            case "function_call":
                yield ("call", plain(item["call_id"]), item["name"], arguments(item["arguments"]))
            case "function_call_output":
                yield ("result", plain(item["call_id"]), words(item["output"]))
            case _:
                yield ("other", written(item))


def plain(call_id: str) -> str:
    """A call's own id; some clients join it to the id of its item."""
    return call_id.partition("|")[0]


REASONING = ("reasoning_content", "reasoning", "reasoning_details")


def chat(body: Body) -> Iterable[Piece]:
    for message in body["messages"]:
        content = words(message.get("content"))
        match message["role"]:
            case "assistant":
                for name in REASONING:
                    if message.get(name):
                        yield ("thinking", written(message[name]), name)
                yield ("text", content)
                for call in message.get("tool_calls") or ():
                    asked = call["function"]
                    yield ("call", call["id"], asked["name"], arguments(asked["arguments"]))
                    if "extra_content" in call:
                        yield ("other", written(call["extra_content"]))
            case "tool":
                yield ("result", message["tool_call_id"], content)
            case _:
                yield ("user", content)


def gemini(body: Body) -> Iterable[Piece]:
    contents = body["contents"]
    for turn in [contents] if isinstance(contents, dict) else contents:
        for one in turn["parts"]:
            part = {camel(key): value for key, value in one.items()}
            signed = signature(part.pop("thoughtSignature", ""))
            if "functionCall" in part:
                call = part["functionCall"]
                yield ("call", call["name"], json.dumps(call.get("args") or {}, sort_keys=True), *signed)
            elif "functionResponse" in part:
                result = part["functionResponse"]
                yield ("result", result["name"], given(result["response"]))
            elif "text" in part:
                kind = "user" if turn.get("role") == "user" else "thinking" if part.get("thought") else "text"
                yield (kind, part["text"], *signed)
            elif turn.get("role") == "model":
                yield ("other", written(part), *signed)


def given(response: Body) -> str:
    """What a tool gave, out of the object that Google wants it in."""
    values = [*response.values()]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else json.dumps(response)


def signature(text: str) -> tuple[str, ...]:
    """A signature in one of base64's two alphabets."""
    return (text.translate(str.maketrans("-_", "+/")),) if text else ()


PIECES: dict[str, Callable[[Body], Iterable[Piece]]] = {
    "anthropic-messages": anthropic,
    "openai-responses": responses,
    "openai-chat": chat,
    "gemini": gemini,
    "vertex": gemini,
}
