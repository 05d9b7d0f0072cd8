"""The device login: `/device`, where a person types the code that a program shows, and lets it in or not."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs: their types say little.

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any

import reflex as rx
from pydantic import Field
from reflex_components_core.react_router import link

from agent import accounts
from agent.core.identity import User
from app.auth import place_of
from app.components import docks
from app.state import FlashState, asked
from app.words import device as words

HEADING = "device-heading"
LOCAL = "local"
"""Who vouches for the one owner of a server of one's own; there is nobody else to be mistaken for."""
Answering = Callable[[User, str], Awaitable[Any]]


class DeviceState(rx.State):
    """What this tab has been told of a program that waits."""

    stage: str = "code"
    """`code` is to be typed, `answer` to be given; then `allowed` or `denied`."""
    code: str = ""
    """As it stands in the address, to be sent by the person."""
    person: str = ""
    client: str = ""
    place: str = ""
    elsewhere: str = ""
    """Says so, when it asks from another address than the person's."""
    began: str = ""
    may: list[str] = []
    said: str = ""
    """What came of it."""
    _device_id: str = ""

    @rx.event
    @asked
    async def arrive(self, user: User) -> None:
        """Begin anew, unless a code was sent already; one in the address is only written down."""
        code = self.router.url.query_parameters.get("code", "")[:20]
        if self.stage not in ("code", "answer") or (code and code != self.code):
            self.reset()
            self.code = code
        self.person = words.SIGNED_IN_AS.format(name=user.email) if user.provider != LOCAL else ""

    @rx.event
    @asked
    async def look(self, user: User, form: dict[str, Annotated[str, Field(max_length=200)]]) -> Any:
        """Show which program shows the code that was typed."""
        self.code = form.get("code", "")
        found = await accounts.device(user, self.code, place_of(self))
        self._device_id, self.client = found.id, found.client
        self.place, mine = place_shown(found.place), place_of(self)
        self.elsewhere = words.ELSEWHERE.format(place=mine) if mine != found.place else ""
        self.began = ago(datetime.now(UTC) - found.created_at)
        self.may = [words.SCOPES[scope] for scope in found.scopes]
        self.stage = "answer"
        await self._forget_faults()
        return rx.set_focus(HEADING)

    @rx.event
    @asked
    async def allow(self, user: User) -> Any:
        """Let the program in that is shown."""
        return await self._answer(user, accounts.allow_device, "allowed", words.ALLOWED)

    @rx.event
    @asked
    async def deny(self, user: User) -> Any:
        """Keep the program out that is shown."""
        return await self._answer(user, accounts.deny_device, "denied", words.DENIED)

    async def _answer(self, user: User, verb: Answering, stage: str, sentence: str) -> Any:
        if self.stage != "answer":
            return None  # the second of two clicks
        self.stage = "code"  # and stays so when the program waits no longer
        await verb(user, self._device_id)
        self.stage, self.said = stage, sentence.format(client=self.client)
        await self._forget_faults()
        return rx.set_focus(HEADING)

    async def _forget_faults(self) -> None:
        (await self.get_state(FlashState)).sentence = ""


def place_shown(place: str) -> str:
    """An address as people are told of it.

    >>> place_shown("192.0.2.7"), place_shown("127.0.0.1")
    ('192.0.2.7', '127.0.0.1, the machine that Maestro runs on')
    """
    try:
        is_near = ip_address(place).is_loopback
    except ValueError:
        is_near = False
    return words.NEAR.format(place=place) if is_near else place


def ago(passed: timedelta) -> str:
    """How long ago something was.

    >>> ago(timedelta(seconds=3)), ago(timedelta(seconds=70)), ago(timedelta(minutes=5))
    ('just now', 'a minute ago', '5 minutes ago')
    """
    minutes = int(passed.total_seconds()) // 60
    if minutes < 1:
        return words.JUST_NOW
    return words.A_MINUTE_AGO if minutes == 1 else words.MINUTES_AGO.format(minutes=minutes)


def page() -> rx.Component:
    """The page of the device login."""
    return rx.el.main(
        rx.match(
            DeviceState.stage,
            ("answer", _question()),
            ("allowed", _end(words.ALLOWED_WHAT)),
            ("denied", _end(words.DENIED_WHAT)),
            _typing(),
        ),
        docks.flash(FlashState.sentence, FlashState.close),
        rx.cond(DeviceState.person != "", rx.el.p(DeviceState.person, class_name="meta")),
        class_name="alone",
    )


def _typing() -> rx.Component:
    return rx.el.form(
        rx.el.h1(words.TITLE),
        rx.el.p(words.TYPE_THE_CODE),
        rx.el.label(words.CODE, html_for="user-code"),
        rx.el.input(
            id="user-code",
            name="code",
            type="text",
            key=DeviceState.code,
            default_value=DeviceState.code,
            placeholder=words.CODE_LOOKS,
            required=True,
            max_length=20,
            auto_complete="off",
            auto_focus=True,
            spell_check=False,
            custom_attrs={"autocapitalize": "characters"},
        ),
        rx.el.button(words.GO_ON, type="submit", class_name="primary"),
        on_submit=DeviceState.look,
        id="device-code",
    )


def _question() -> rx.Component:
    return rx.el.section(
        rx.el.h1(rx.el.q(DeviceState.client), " ", words.WANTS_IN, id=HEADING, tab_index=-1),
        rx.el.dl(
            rx.el.dt(words.PLACE),
            rx.el.dd(DeviceState.place, rx.cond(DeviceState.elsewhere != "", _elsewhere())),
            rx.el.dt(words.BEGAN),
            rx.el.dd(DeviceState.began),
            rx.el.dt(words.MAY),
            rx.el.dd(
                rx.el.ul(rx.foreach(DeviceState.may, rx.el.li)), rx.el.span(words.LASTS, class_name="meta")
            ),
        ),
        rx.el.p(words.ONLY_YOURS, class_name="notice"),
        rx.el.div(
            rx.el.button(words.DENY, type="button", on_click=DeviceState.deny, id="deny"),
            rx.el.button(
                words.ALLOW, type="button", on_click=DeviceState.allow, id="allow", class_name="primary"
            ),
            class_name="answers",
        ),
        aria_labelledby=HEADING,
    )


def _elsewhere() -> rx.Component:
    return rx.el.span(DeviceState.elsewhere, class_name="wide")


def _end(what: str) -> rx.Component:
    return rx.el.section(
        rx.el.h1(DeviceState.said, id=HEADING, tab_index=-1),
        rx.el.p(what, role="status"),
        link(words.TO_SESSIONS, to="/"),
    )
