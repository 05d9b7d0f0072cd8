"""A history as one hash: of what the model was given, and of what the log says it should have been given."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from agent.core.messages import Message

Line = tuple[str, ...]


def heard_by_model(messages: Iterable[Message]) -> str:
    """The hash of what a model is given."""
    return _hashed([_line(part) for message in messages for part in message.model_dump()["parts"]])


def told_by_log(bodies: Iterable[dict[str, Any]]) -> str:
    """The hash of what a log's events have to tell the model."""
    return _hashed([_line(part) for body in bodies for part in _parts(body)])


def _parts(body: dict[str, Any]) -> Sequence[dict[str, Any]]:
    match body["type"]:
        case "TurnStarted" | "PromptSteered":
            return body["prompt"]
        case "StepFinished":
            return body["message"]["parts"]
        case "ToolCallFinished":
            return [body["result"]]
        case _:
            return []


def _line(part: dict[str, Any]) -> Line:
    match part["type"]:
        case "ToolCall":
            return ("call", part["id"], part["name"], json.dumps(part["arguments"], sort_keys=True))
        case "ToolResult":
            return ("result", part["call_id"], part["outcome"], part["text"])
        case kind:
            return (kind, part["text"])


def _hashed(lines: list[Line]) -> str:
    """Neighbouring results in one order: those of calls side by side are stored as they come."""
    ordered: list[Line] = []
    for line in lines:
        place = len(ordered)
        while (
            line[0] == "result" and place and ordered[place - 1][0] == "result" and ordered[place - 1] > line
        ):
            place -= 1
        ordered.insert(place, line)
    return hashlib.sha256(json.dumps(ordered).encode()).hexdigest()[:16]
