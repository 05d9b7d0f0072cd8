"""Commands of the composer: what begins with a slash is done here, and never sent to a model."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import get_args
from uuid import uuid4

import reflex as rx

from agent import providers, sessions
from agent.core.commands import LONGEST_LINE, Interrupt, Prompt, Shell
from agent.core.errors import Conflict, Invalid, LimitReached
from agent.core.identity import User
from agent.core.messages import Text
from agent.core.policy import Mode
from agent.sessions import Form
from app.words.commanding import TAKES

MODES: dict[str, Mode] = {"plan": "plan", "ask": "ask", "edit": "edit", "auto": "auto"}
"""Modes by what a person or a page calls them."""


@dataclass(frozen=True)
class Asked:
    """A command as somebody asks for it."""

    user: User
    session_id: str
    """Of the session it was typed in; empty on the page that begins one."""
    argument: str = ""


@dataclass(frozen=True)
class Done:
    """What the page has to do once a command is done."""

    model: str = ""
    mode: str = ""
    goes_to: str = ""
    takes_away: str = ""
    """The address of a file."""
    is_renamed: bool = False
    helps: bool = False


@dataclass(frozen=True)
class Command:
    """What stands behind a name."""

    do: Callable[[Asked], Awaitable[Done]]
    needs_argument: bool | None = False
    """None: it may stand alone or not."""
    needs_session: bool = False
    """Whether there must be a session in which something happened."""


async def _help(_asked: Asked) -> Done:
    return Done(helps=True)


async def choose_model(asked: Asked) -> Done:
    """Let another model answer from the next turn on.

    Raises:
        Invalid: it is no model id.
    """
    providers.require(asked.argument)
    if asked.session_id:
        await sessions.change(asked.user, asked.session_id, model=asked.argument)
    return Done(model=asked.argument)


async def _choose_mode(asked: Asked) -> Done:
    mode = MODES.get(asked.argument.lower())
    if mode is None:
        raise Invalid("command_value", name="mode", known=", ".join(MODES))
    if asked.session_id:
        await sessions.change(asked.user, asked.session_id, mode=mode)
    return Done(mode=mode)


async def _clear(_asked: Asked) -> Done:
    return Done(goes_to="/")


async def _export(asked: Asked) -> Done:
    wanted = asked.argument.lower() or "markdown"
    if wanted not in get_args(Form):
        raise Invalid("command_value", name="export", known=", ".join(get_args(Form)))
    return Done(takes_away=f"/api/v1/sessions/{asked.session_id}/export?format={wanted}")


async def _stop(asked: Asked) -> Done:
    turn_id, _ = await sessions.submit(asked.user, asked.session_id, Interrupt())
    if not turn_id:
        raise Conflict("nothing_runs")
    return Done()


async def _rename(asked: Asked) -> Done:
    await sessions.change(asked.user, asked.session_id, name=asked.argument)
    return Done(is_renamed=True)


async def _fork(asked: Asked) -> Done:
    source = await sessions.get(asked.user, asked.session_id)
    copy = await sessions.fork(asked.user, source.id, source.last_seq)
    return Done(goes_to=f"/s/{copy.id}")


COMMANDS: dict[str, Command] = {
    "help": Command(_help),
    "model": Command(choose_model, needs_argument=True),
    "mode": Command(_choose_mode, needs_argument=True),
    "clear": Command(_clear),
    "export": Command(_export, needs_argument=None, needs_session=True),
    "stop": Command(_stop, needs_session=True),
    "rename": Command(_rename, needs_argument=True, needs_session=True),
    "fork": Command(_fork, needs_session=True),
}
"""All there are; the list on the page is drawn from it."""


def is_command(text: str) -> bool:
    """Whether a text asks for a command.

    >>> is_command("/help"), is_command("//etc holds settings"), is_command("Look at /etc")
    (True, False, False)
    """
    return text.startswith("/") and not text.startswith("//")


def is_line(text: str) -> bool:
    """Whether a text is a command line for the shell.

    >>> is_line("! pytest -q"), is_line("!!important is a word of CSS"), is_line("Hi!")
    (True, False, False)
    """
    return text.startswith("!") and not text.startswith("!!")


def unescaped(text: str) -> str:
    """A text as it is sent: a doubled sign at its beginning stands for one.

    >>> unescaped("//etc holds settings"), unescaped("!!important"), unescaped("Hi")
    ('/etc holds settings', '!important', 'Hi')
    """
    return text[1:] if text.startswith(("//", "!!")) else text


def asked_for(text: str, *, steers: bool, attachments: tuple[str, ...]) -> Prompt | Shell:
    """What a text that is no command asks of the session.

    >>> asked_for("! date", steers=False, attachments=()).type
    'Shell'

    Raises:
        Invalid: no command line follows the sign.
    """
    if not is_line(text):
        return Prompt(parts=(Text(text=unescaped(text)),), steers=steers, attachments=attachments)
    line = text[1:].strip()
    if not line:
        raise Invalid("empty_line")
    if len(line) > LONGEST_LINE:
        raise LimitReached("line_too_long", most=LONGEST_LINE)
    return Shell(line=line)


async def do(user: User, session_id: str, text: str) -> Done:
    """Do what a text that begins with a slash asks for.

    Args:
        user: who asks.
        session_id: in which session; empty on the page that begins one.
        text: as it was typed.

    Raises:
        Invalid: there is no such command, or its argument makes no sense.
        Conflict: it does not fit now.
        NotFound: the session is gone, or another's.
    """
    name, _, argument = text.removeprefix("/").partition(" ")
    asked = Asked(user, session_id, argument.strip())
    command = COMMANDS.get(name.lower())
    if command is None:
        raise Invalid("command_unknown", name=name.split("\n")[0][:40])
    await _require_fitting(name.lower(), command, asked)
    return await command.do(asked)


async def _require_fitting(name: str, command: Command, asked: Asked) -> None:
    if command.needs_argument and not asked.argument:
        raise Invalid("command_argument", name=name, takes=TAKES[name])
    if command.needs_argument is False and asked.argument:
        raise Invalid("command_alone", name=name)
    if command.needs_session and not (
        asked.session_id and (await sessions.get(asked.user, asked.session_id)).last_seq
    ):
        raise Invalid("command_too_early", name=name)


class CommandingState(rx.State):
    """What the composer shows of commands."""

    helps: bool = False
    """Whether the commands are listed."""
    text: str = ""
    """What was typed and not taken, to be put back."""
    handed: str = ""
    """Its own id: the same text may come back twice."""

    @rx.event
    def close(self) -> None:
        """Take the list of commands away."""
        self.helps = False


async def hand_back(state: rx.State, text: str) -> None:
    """Let the page put a text back into the composer that was not taken."""
    target = await state.get_state(CommandingState)
    target.text, target.handed = text, uuid4().hex
