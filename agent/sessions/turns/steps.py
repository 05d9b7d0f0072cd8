"""The loop's model step and tool step, as plain functions."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from agent import providers, tooling
from agent.core.errors import ProviderError, ToolFailed
from agent.core.events import Delta, Noticed, StepFinished
from agent.core.identity import Session, User
from agent.core.loops import LoopGuard
from agent.core.messages import Message, ToolCall, ToolResult, Usage
from agent.core.policy import Replies
from agent.core.provider import Request
from agent.sessions.stream.speech import Speech
from agent.sessions.turns.context import Context
from agent.sessions.turns.racing import contained
from agent.sessions.turns.searching import search_of

SLICE = 0.002
"""Seconds of talk after which the others get their turn: a stream that has arrived whole never waits."""
TURNS = 10
"""Rounds the others get then; without others a round costs some microseconds."""
HEARD = 1000
"""Characters of one piece that are looked through for repeated words: a stream comes in far shorter ones."""

logger = structlog.get_logger()


async def ask_model(
    user: User,
    session: Session,
    history: Sequence[Message],
    speech: Speech,
    notice: Callable[[Noticed], None],
    context: Context,
) -> StepFinished:
    """Stream one step of the session's model, letting the followers hear it.

    A model that says the same over and over is not heard out: the step ends as a `loop`.

    Args:
        user: for whom.
        session: in which.
        history: what was said before.
        speech: takes what is heard.
        notice: takes what a person should know meanwhile, as that the provider is asked again.
        context: what the model is told beside the history.

    Raises:
        ProviderError: the provider did not come to its end.
        Invalid: there is no such model, or no key for it, or it cannot take what it was to be sent.
    """
    provider = await providers.provider(user, session.model)
    request = Request(
        model=providers.model_name(session.model),
        system=await context.system(session, history),
        messages=tuple(history),
        tools=await tooling.definitions(user, session),
        cache_key=session.id,
    )
    clock, guard = asyncio.get_running_loop().time, LoopGuard()
    async with aclosing(provider.stream_completion(request)) as stream:
        yielded = clock()
        async for said in stream:
            match said:
                case StepFinished():
                    return said
                case Delta():
                    speech.say(said)
                    if said.kind == "text" and guard.said(said.text[-HEARD:]):
                        return speech.broken_off("loop")
                case Noticed():
                    notice(said)
            if clock() - yielded > SLICE:
                await _let_others()
                yielded = clock()
    raise ProviderError("cut", "The stream ended without its last word.")


async def _let_others() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Aside:
    """What a call is given beside its arguments."""

    context: Context
    """What the model is told beside the history; the call's path may add to it."""
    replies: Replies = ()
    """What the person replied, when the call asked them."""
    say: Callable[[str], None] = lambda _: None
    """Takes what it writes while it runs."""
    spend: Callable[[Usage], None] = lambda _: None
    """Takes what it asked of models, beside the turn's own steps."""


async def run_tool(user: User, session: Session, call: ToolCall, aside: Aside) -> ToolResult:
    """Run a call to its result; whatever goes wrong is told to the model.

    Args:
        user: for whom.
        session: in which.
        call: what the model asked for.
        aside: what it is given beside.
    """
    if call.malformed:
        return _failed(call, f"The arguments were no valid JSON object: {call.malformed[:2000]}")
    try:
        search = await search_of(user, session, aside.spend) if call.name == "web_search" else None
        means = tooling.Means(aside.replies, search, aside.say)
        output = await contained(tooling.execute(user, session, call.name, call.arguments, means))
        await aside.context.come_to(session, call)
    except ToolFailed as error:
        return _failed(call, str(error))
    except Exception:
        logger.exception("tool failed", tool=call.name, session_id=session.id)
        return _failed(call, f"{call.name} broke; the server's log says why.")
    return ToolResult(call_id=call.id, outcome="ok", text=output.text, files=output.files)


def _failed(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call_id=call.id, outcome="failed", text=text)
