"""What stands around the words of the composer: what the models take, and what an empty page offers."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import reflex as rx

from agent import sessions, tooling
from agent.core.events import Event, Live, StepFinished
from agent.core.identity import User
from agent.core.provider import ModelEntry
from app.starting import starters
from app.view import View

DEMO = "demo:scripted"


class Measured(View):
    """A tab's fold that knows how much of its window the model used at its last step."""

    used: int = 0
    """Tokens."""

    def apply(self, event: Event | Live) -> None:
        """Fold one event in."""
        if isinstance(event, StepFinished) and event.usage.input:
            self.used = event.usage.input + event.usage.output
        super().apply(event)


class ComposingState(rx.State):
    """What the composer and the empty page know beside the session."""

    without_images: list[str] = []
    """Models that are known to take none."""
    without_pdf: list[str] = []
    starters: list[str] = []
    is_demo: bool = False
    """Whether nobody but the demo can be asked."""
    can_add_key: bool = False
    windows: dict[str, int] = {}
    """How many tokens the models hold, as far as that is known."""
    used: int = 0
    """Tokens of the session's last step."""


async def know_models(state: rx.State, user: User, models: Iterable[ModelEntry]) -> None:
    """Take over what is known of the models, and offer what the page may begin with."""
    target = await state.get_state(ComposingState)
    known = list(models)
    target.is_demo = [one.id for one in known] == [DEMO]
    target.can_add_key = not user.is_anonymous
    target.without_images = [one.id for one in known if one.abilities.images is False]
    target.windows = {one.id: one.context_window for one in known if one.context_window}
    target.without_pdf = [one.id for one in known if one.abilities.pdf is False]


async def measure(state: rx.State, view: Measured) -> None:
    """Take over how much the model holds by now."""
    target = await state.get_state(ComposingState)
    if target.used != view.used:
        target.used = view.used


async def offer_starters(state: rx.State, user: User, session_id: str) -> None:
    """Offer what fits the workspace of a session in which nothing has happened, or that is not made yet."""
    session = await sessions.get(user, session_id) if session_id else None
    is_unused = session is None or not session.last_seq
    names = await tooling.top_of_workspace(user, session) if session and is_unused else []
    async with state:
        target = await state.get_state(ComposingState)
        target.starters = starters(names, is_demo=target.is_demo) if is_unused else []


def attached(form: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the files that a form sends along.

    >>> attached({"attachments": "a,b"}), attached({"attachments": ""}), attached({})
    (('a', 'b'), (), ())
    """
    return tuple(filter(None, str(form.get("attachments", "")).split(",")))


def session_of(path: str) -> str:
    """The session a page's path names; empty on the page that begins one.

    >>> session_of("/s/42/"), session_of("/")
    ('42', '')
    """
    return path.removeprefix("/s/").strip("/") if path.startswith("/s/") else ""


def in_order(chain: str) -> Sequence[str]:
    """The models of a chain as a person writes it.

    >>> in_order("openai:a, anthropic:b  gemini:c,")
    ['openai:a', 'anthropic:b', 'gemini:c']
    """
    return chain.replace(",", " ").split()
