"""What fills a model's window: how much of what it is sent comes from where."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from agent.core.messages import File, Message, Part, Text, Thinking, ToolCall, ToolResult, Value

Source = Literal["told", "tools", "prompts", "files", "answers", "thinking", "calls", "results"]
"""What it is told at first, the tools it is given, and what was said and done since."""
BASE64 = 0.75
"""Bytes for each character of a file's content."""


class Filling(Value):
    """What a session's model is sent with its next prompt."""

    characters: dict[Source, int]
    """Of each source, the largest first; images and PDFs count as nothing."""
    used: int = 0
    """Tokens of the last step, as its provider counted them; 0 where nothing was counted."""
    has_pictures: bool = False
    """Whether something goes along that has no characters."""


def characters(messages: Iterable[Message]) -> Counter[Source]:
    """How many characters of a history come from where.

    >>> characters([Message(role="user", parts=(Text(text="Hi"),))])
    Counter({'prompts': 2})
    """
    found: Counter[Source] = Counter()
    for message in messages:
        for part in message.parts:
            if weighed := _weighed(message, part):
                found[weighed[0]] += weighed[1]
    return found


def _weighed(message: Message, part: Part) -> tuple[Source, int] | None:
    match part:
        case Text(text=text):
            return ("prompts" if message.role == "user" else "answers"), len(text)
        case Thinking(text=text):
            return "thinking", len(text)
        case ToolCall(name=name, arguments=arguments):
            return "calls", len(name) + len(json.dumps(arguments, ensure_ascii=False))
        case ToolResult(text=text):
            return "results", len(text)
        case File() if not is_picture(part):
            return "files", round(len(part.data) * BASE64)
        case _:
            return None


def is_picture(file: File) -> bool:
    """Whether a file is sent as something else than its characters.

    >>> is_picture(File(media_type="image/png")), is_picture(File(media_type="text/plain"))
    (True, False)
    """
    return file.media_type.startswith("image/") or file.media_type == "application/pdf"


def has_pictures(messages: Iterable[Message]) -> bool:
    """Whether an image or a PDF is among what was said.

    >>> has_pictures([Message(role="user", parts=(File(media_type="image/png"),))])
    True
    """
    files = (part for message in messages for part in message.parts if isinstance(part, File))
    return any(is_picture(file) for file in files)


def tokens(characters: Mapping[Source, int], used: int) -> dict[Source, int]:
    """About how many tokens come from where: what was counted, shared out by characters; the largest first.

    Where nothing was counted, four characters are taken for a token.

    >>> tokens({"prompts": 300, "results": 700}, 50)
    {'results': 35, 'prompts': 15}
    """
    total = sum(characters.values())
    per_character = used / total if used and total else 0.25
    largest = sorted(characters, key=lambda source: -characters[source])
    return {source: round(characters[source] * per_character) for source in largest if characters[source]}
