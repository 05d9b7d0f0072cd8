"""Changing the words of a prompt that waits."""

from collections.abc import Sequence

from agent.core.messages import File, PromptPart, Text
from agent.core.transcript import prompt_text


def edited(parts: Sequence[PromptPart], text: str) -> tuple[PromptPart, ...]:
    """A prompt with other words; a file stays for as long as the words name it.

    >>> picture = File(media_type="image/png", name="a.png")
    >>> edited((Text(text="Look: "), picture), "See [a.png]") == (Text(text="See "), picture)
    True
    """
    files = [part for part in parts if isinstance(part, File) and prompt_text([part]) in text]
    for file in files:
        text = text.replace(prompt_text([file]), "", 1)
    return (*([Text(text=text)] if text.strip() or not files else []), *files)
