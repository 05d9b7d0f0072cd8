"""Changing the words of a prompt: of one that waits, or of one that is said anew."""

from collections.abc import Sequence

from agent.core.commands import Prompt, Shell
from agent.core.messages import File, PromptPart, Text
from agent.core.transcript import prompt_text


def said_anew(before: Sequence[PromptPart], wanted: Prompt | Shell) -> Prompt | Shell:
    """What is asked instead of a prompt that was taken back; its files go along while the words name them.

    >>> said_anew((Text(text="Hi"),), Shell(line="date")).type
    'Shell'
    """
    if isinstance(wanted, Shell):
        return wanted
    return wanted.model_copy(update={"parts": edited(before, prompt_text(wanted.parts))})


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
