"""Halves of characters, as answers hold them: joined over pieces, or marked where one stays alone."""

import re
from collections.abc import Iterator
from typing import cast

from pydantic import JsonValue

from agent.core.events import Delta, StepFinished
from agent.core.messages import Message

HALF = re.compile("[\ud800-\udfff]")
FIRST_HALF = re.compile("[\ud800-\udbff]$")


def mended(text: str) -> str:
    r"""The text with its halves joined, and a mark for each that stands alone.

    >>> ascii(mended("\ud83d\ude00 \ud83d!"))
    "'\\U0001f600 \\ufffd!'"
    """
    if text.isascii() or not HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Joining:
    """What one stream says, in whole characters: a first half waits for the second."""

    def __init__(self) -> None:
        self._halves: dict[tuple[str, str | None], Delta] = {}
        """By kind and call, where a piece ended in a half."""

    def hear(self, said: Delta) -> Delta | None:
        r"""The next piece; None when it holds nothing but a half.

        >>> joining = Joining()
        >>> joining.hear(Delta(kind="text", text="\ud83d")) is None
        True
        >>> ascii(joining.hear(Delta(kind="text", text="\ude00")).text)
        "'\\U0001f600'"
        """
        if not self._halves and (said.text.isascii() or not HALF.search(said.text)):
            return said
        before = self._halves.pop((said.kind, said.call_id), None)
        text = before.text + said.text if before else said.text
        if half := FIRST_HALF.search(text):
            self._halves[said.kind, said.call_id] = said.model_copy(update={"text": half[0]})
            text = text[:-1]
        return said.model_copy(update={"text": mended(text)}) if text else None

    def end(self, finished: StepFinished) -> Iterator[Delta | StepFinished]:
        """The halves that were left alone, as marks, and the whole step."""
        for half in self._halves.values():
            yield half.model_copy(update={"text": mended(half.text)})
        yield finished.model_copy(update={"message": whole(finished.message)})


def whole(message: Message) -> Message:
    """The message in whole characters; itself when it holds no others."""
    try:
        message.model_dump_json()
    except ValueError:
        return Message.model_validate(_whole(message.model_dump()))
    return message


def _whole(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {mended(name): _whole(each) for name, each in cast("dict[str, JsonValue]", value).items()}
    return value
