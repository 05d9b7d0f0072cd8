"""What came of it: a sentence for those who cannot see that a row is gone."""

import reflex as rx


class SaidState(rx.State):
    """The last thing that was done on this page."""

    sentence: str = ""


async def say(state: rx.State, sentence: str) -> None:
    """Say that something is done."""
    (await state.get_state(SaidState)).sentence = sentence
