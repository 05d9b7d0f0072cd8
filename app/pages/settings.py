"""The settings: `/settings`, one section below the other."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs: their types say little.

from typing import Any

import reflex as rx

from agent.core.identity import User
from app.components import keys as shortcuts
from app.components.settings_account import account
from app.components.settings_appearance import appearance
from app.components.settings_keys import keys
from app.components.settings_people import people
from app.components.settings_rules import rules
from app.components.settings_services import services
from app.components.settings_tokens import tokens
from app.components.settings_tools import tools
from app.listing import SessionsState, list_anew
from app.pages.framing import framed
from app.settings.keys import KeysState
from app.settings.new_rule import NewRuleState
from app.settings.people import PeopleState
from app.settings.rules import RulesState
from app.settings.said import SaidState
from app.settings.services import ServicesState
from app.settings.sign_ins import SignInsState
from app.settings.tokens import TokensState
from app.settings.tools import ToolsState
from app.state import asked
from app.words.settings import GUEST, GUEST_MAY_SIGN_IN, SECTIONS, SETTINGS

OWN = ("keys", "tools", "rules", "services", "tokens")
"""The sections of everybody who is signed in."""
LOOKS = [
    KeysState.look,
    ToolsState.look,
    RulesState.look,
    NewRuleState.look,
    ServicesState.look,
    TokensState.look,
    SignInsState.look,
]
"""What fills them."""


class SettingsState(rx.State):
    """Who looks at the page, as far as it shows in what is there."""

    is_person: bool = False
    """Whether it is somebody who can keep things here; guests cannot."""
    is_guest: bool = False
    is_admin: bool = False
    """Whether there are others to look after."""
    email: str = ""
    """Of an account that its person may leave; in local mode the owner stays."""

    @rx.event
    @asked
    async def arrive(self, user: User) -> Any:
        """Show what there is for this person."""
        self.is_person, self.is_guest = not user.is_anonymous, user.is_anonymous
        self.is_admin = user.is_admin and user.provider != "local"  # there is nobody else
        self.email = "" if user.is_anonymous or user.provider == "local" else user.email
        await list_anew(self, user)
        if user.is_anonymous:
            return None
        looks = [*LOOKS, *([PeopleState.look] if self.is_admin else [])]
        return [*looks, KeysState.return_from(dict(self.router.url.query_parameters))]


def page() -> rx.Component:
    """The settings page."""
    column = rx.el.div(
        rx.cond(SettingsState.is_guest, guest()),
        rx.cond(SettingsState.is_person, of_persons()),
        appearance(),
        shortcuts.keyboard(),
        class_name="column",
    )
    said = rx.el.p(SaidState.sentence, role="status", class_name="unseen")
    return framed(SETTINGS, "/settings", rx.el.div(contents(), column, id="settings"), said)


def of_persons() -> rx.Component:
    """The sections that a guest does not have."""
    return rx.fragment(
        keys(),
        tools(),
        rules(),
        services(),
        tokens(),
        rx.cond(SettingsState.email != "", account(SettingsState.email)),
        rx.cond(SettingsState.is_admin, people()),
    )


def guest() -> rx.Component:
    """Why there is so little for a guest."""
    may_sign_in = SessionsState.way_out == "sign_in"
    return rx.el.p(GUEST, rx.cond(may_sign_in, " " + GUEST_MAY_SIGN_IN, ""), class_name="notice")


def contents() -> rx.Component:
    """The sections of the page, to jump to."""
    return rx.el.nav(
        rx.el.ul(
            rx.cond(SettingsState.is_person, rx.fragment(*(_anchor(name) for name in OWN))),
            rx.cond(SettingsState.email != "", _anchor("account")),
            rx.cond(SettingsState.is_admin, _anchor("people")),
            _anchor("appearance"),
            _anchor("keyboard"),
        ),
        aria_label=SETTINGS,
        class_name="contents",
    )


def _anchor(name: str) -> rx.Component:
    return rx.el.li(rx.el.a(SECTIONS[name], href=f"#{name}"))
