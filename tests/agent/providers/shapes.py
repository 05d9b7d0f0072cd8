"""What each wire takes, apart from our words: the SDKs' own types of a request, and the laws of the APIs."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, pairwise
from typing import Any

from tests.agent.providers.request_types import Body, misfits

Problems = Iterable[str]


def anthropic(body: Body) -> Problems:
    """Source: https://platform.claude.com/docs (messages, tool use, extended thinking, prompt caching).

    Its errors: "`tool_use` ids were found without `tool_result` blocks immediately after", "text content
    blocks must contain non-whitespace text", "The final block in an assistant message cannot be `thinking`".
    """
    sent = body["messages"]
    if not sent or sent[0]["role"] != "user":
        yield "the first message is not the user's"
    if len(list(found(body, "cache_control"))) > 4:
        yield "more than four marks"
    for message in sent:
        if not message["content"]:
            yield "a message without content"
        elif message["role"] == "assistant" and "thinking" in message["content"][-1]["type"]:
            yield "thinking is the last of a message"
    turns = [
        (role, [block for message in group for block in message["content"]])
        for role, group in groupby(sent, key=lambda message: message["role"])
    ]
    waiting: list[str] = []
    for role, blocks in turns:
        kinds = [block["type"] for block in blocks]
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if sorted(results) != sorted(waiting) or kinds[: len(results)] != ["tool_result"] * len(results):
            yield f"the calls {waiting} have the results {results}, or not in front"
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"] if role != "user" else []
        for block in blocks:
            yield from _anthropic_block(block)
    if waiting:
        yield "it ends with calls"


def _anthropic_block(block: Body) -> Problems:
    match block["type"]:
        case "text" if not block["text"].strip():
            yield "an empty text"
        case "thinking" if not block["signature"]:
            yield "thinking without a signature"
        case "tool_use":
            yield from _fits("id", block["id"], r"[a-zA-Z0-9_-]+")
            yield from _fits("name", block["name"], r"[a-zA-Z0-9_-]{1,128}")
        case "tool_result":
            inner = block["content"]
            if any(one["type"] == "text" and not one["text"] for one in inner):
                yield "an empty text in a result"
            if block.get("is_error") and any(one["type"] != "text" for one in inner):
                yield "an error with more than text"
        case _:
            pass


def responses(body: Body) -> Problems:
    """Source: https://developers.openai.com/api/docs (reasoning, function calling).

    Its errors: "No tool output found for function call", "Item of type 'reasoning' was provided without its
    required following item", "string too long. Expected a string with maximum length 64".
    """
    sent = body["input"]
    kinds = [item.get("type") or item["role"] for item in sent]
    kinds = [item["role"] if kind == "message" else kind for item, kind in zip(sent, kinds, strict=True)]
    sorts = {"function_call": "call", "function_call_output": "result", "user": "prompt"}
    yield from _answered(
        (sorts[kind], item.get("call_id", ""))
        for item, kind in zip(sent, kinds, strict=True)
        if kind in sorts
    )
    for item, kind, after in zip(sent, kinds, [*kinds[1:], "user"], strict=True):
        if kind == "reasoning" and not item.get("encrypted_content"):
            yield "reasoning that nobody can read"
        if kind == "reasoning" and after in {"user", "function_call_output"}:
            yield "reasoning without what it led to"
        if kind == "function_call":
            yield from _fits("call_id", item["call_id"], r"[\s\S]{1,64}")
            yield from _fits("name", item["name"], r"[a-zA-Z0-9_-]{1,64}")


def _answered(said: Iterable[tuple[str, str]]) -> Problems:
    """Every call has an id of its own and one result, before anybody speaks."""
    called: list[str] = []
    waiting: list[str] = []
    for sort, call_id in (*said, ("end", "")):
        if sort == "call":
            called.append(call_id)
            waiting.append(call_id)
        elif sort == "result" and call_id in waiting:
            waiting.remove(call_id)
        elif sort == "result" or waiting:
            yield f"calls without results, or a result of no call: {waiting}, {call_id}"
    if len(called) != len(set(called)):
        yield f"calls with one id: {called}"


def chat(body: Body, dialect: str = "") -> Problems:
    """Source: https://developers.openai.com/api/docs/api-reference/chat, https://docs.mistral.ai/api.

    Its errors: "An assistant message with 'tool_calls' must be followed by tool messages responding to each
    'tool_call_id'", "Expected a string with maximum length 40". Mistral's: "Tool call id has to be … a-z,
    A-Z, 0-9, with a length of 9", "Unexpected role 'user' after role 'tool'", "Expected last role User or
    Tool".
    """
    is_strict = dialect == "mistral" or "devstral" in body["model"].lower()
    sent = body["messages"]
    roles = [message["role"] for message in sent]
    yield from _answered(chain.from_iterable(map(_chat_order, sent)))
    if is_strict and (("tool", "user") in pairwise(roles) or roles[-1] == "assistant"):
        yield f"a prompt right after a result, or the model's word is the last: {roles}"
    for message in sent:
        content, calls = message.get("content"), message.get("tool_calls") or ()
        if isinstance(content, list) and any(part.get("text") == "" for part in content):
            yield "an empty part"
        if not (content or calls):
            yield f"a message that says nothing, of {message['role']}"
        for call in calls:
            yield from _chat_call(call, is_strict=is_strict)


def _chat_order(message: Body) -> Iterable[tuple[str, str]]:
    if message["role"] == "tool":
        return [("result", message["tool_call_id"])]
    calls = message.get("tool_calls") or ()
    return [("prompt", ""), *(("call", call["id"]) for call in calls)]


def _chat_call(call: Body, *, is_strict: bool) -> Problems:
    yield from _fits("id", call["id"], "[a-zA-Z0-9]{9}" if is_strict else r"[\s\S]{1,40}")
    yield from _fits("name", call["function"]["name"], r"[a-zA-Z0-9_-]{1,64}")
    if not isinstance(json.loads(call["function"]["arguments"]), dict):
        yield "arguments that are no object"


def gemini(body: Body) -> Problems:
    """Source: https://ai.google.dev/gemini-api/docs (function calling, thought signatures).

    Its errors: "function call turn comes immediately after a user turn or after a function response turn",
    "the number of function response parts is equal to the number of function call parts of the function
    call turn", "Function call is missing a thought_signature".
    """
    sent = body["contents"]
    roles = [content["role"] for content in sent]
    if roles != [("user", "model")[at % 2] for at in range(len(roles))] or roles[-1] != "user":
        yield f"the sides do not alternate from user to user: {roles}"
    asked = [at for at, content in enumerate(sent) if content["role"] == "user" and _speaks(content)]
    calls: list[Body] = []
    for at, content in enumerate(sent):
        given = [part["function_response"] for part in content["parts"] if "function_response" in part]
        if [(one["name"], one.get("id")) for one in given] != [(one["name"], one.get("id")) for one in calls]:
            yield f"the calls {calls} have the results {given}"
        called = [part for part in content["parts"] if "function_call" in part]
        calls = [part["function_call"] for part in called]
        is_current = at > max(asked, default=0) and re.match(r"gemini-[3-9]", body["model"])
        if called and is_current and not called[0].get("thought_signature"):
            yield "the first call is not signed"
        for one in calls:
            yield from _fits("name", one["name"], r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
        for part in content["parts"]:
            yield from _google_part(part)


def _speaks(content: Body) -> bool:
    return any("function_response" not in part for part in content["parts"])


def _google_part(part: Body) -> Problems:
    holds = set(part) - {"thought", "thought_signature", "thoughtSignature"}
    if len(holds) != 1:
        yield f"a part that holds {holds}"
    if part.get("text") == "" and not part.get("thought_signature"):
        yield "an empty text"


def _fits(what: str, name: str, pattern: str) -> Problems:
    if not re.fullmatch(pattern, name):
        yield f"the {what} {name!r} is not {pattern}"


def found(holder: Any, name: str) -> Iterator[Any]:
    """What stands under a name, at any depth."""
    if isinstance(holder, dict):
        if name in holder:
            yield holder[name]
        for one in holder.values():
            yield from found(one, name)
    elif isinstance(holder, list):
        for one in holder:
            yield from found(one, name)


def leaves(value: Any, *, with_names: bool = True) -> Iterator[str]:
    """All texts in a value; the names of its fields too, unless they do not count."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value if with_names else ()
        yield from leaves([*value.values()], with_names=with_names)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from leaves(one, with_names=with_names)


LAWS: dict[str, Callable[[Body], Problems]] = {
    "anthropic": anthropic,
    "openai-responses": responses,
    "gemini": gemini,
}


def problems(wire: str, body: Body, dialect: str = "") -> list[str]:
    """What a wire would not take of a request."""
    laws = chat(body, dialect) if wire == "openai-chat" else LAWS[wire](body)
    return [*misfits(wire, body, dialect), *laws]
