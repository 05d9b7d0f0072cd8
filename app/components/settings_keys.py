"""The section of keys."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import field, opening, secret, section, sent, sure
from app.settings.keys import KeyShown, KeysState
from app.words.settings import (
    ACCOUNT_FILE,
    ENTER_KEY,
    ENTER_KEY_FOR,
    KEY,
    KEY_SAVED,
    KEYS_WHAT,
    LOCATION,
    PROJECT,
    REMOVE,
    REMOVE_KEY_FOR,
    REPLACE_KEY,
    REPLACE_KEY_FOR,
    SAVE_KEY,
    SAVE_UNTRIED,
    SECTIONS,
    SIGNING_IN,
    TEST,
    TEST_OF,
)

API = "/api/v1/credentials/"


def keys() -> rx.Component:
    """Each provider, with which key it is asked, and what can be done about it."""
    return section(
        "keys",
        SECTIONS["keys"],
        KEYS_WHAT,
        rx.el.p(KeysState.note, role="status", class_name="done"),
        rx.el.ul(rx.foreach(KeysState.keys, _key), class_name="things"),
        on_reload=KeysState.look,
    )


def _key(key: rx.Var[KeyShown]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(key.name)),
            rx.el.p(key.state, class_name="meta", title=key.times),
            rx.el.p(
                key.note, role="status", custom_attrs={"data-went": rx.cond(key.is_refused, "badly", "well")}
            ),
        ),
        rx.el.div(
            rx.cond(key.is_there, _test(key)),
            rx.cond(key.takes_key | key.takes_account, _entering(key)),
            rx.cond(key.sign_in != "", _signing_in(key)),
            rx.cond(key.is_own, sure(REMOVE, _of(REMOVE_KEY_FOR, key), KeysState.remove(key.provider))),
            class_name="acts",
        ),
        key=key.provider,
        class_name="thing",
        custom_attrs={"data-provider": key.provider},
    )


def _test(key: rx.Var[KeyShown]) -> rx.Component:
    return rx.el.button(
        TEST, type="button", aria_label=_of(TEST_OF, key), on_click=KeysState.test(key.provider)
    )


def _entering(key: rx.Var[KeyShown]) -> rx.Component:
    is_own = key.is_own
    return opening(
        rx.cond(is_own, REPLACE_KEY, ENTER_KEY),
        sent(
            f"PUT {API}" + key.provider + "?test=true",
            KEY_SAVED,
            rx.cond(
                key.takes_account,
                rx.fragment(
                    rx.el.label(
                        ACCOUNT_FILE,
                        rx.el.textarea(name="secret", required=True, auto_complete="off", spell_check=False),
                        class_name="field",
                    ),
                    field(PROJECT, rx.el.input(name="project", max_length=100, auto_complete="off")),
                    field(LOCATION, rx.el.input(name="location", max_length=50, auto_complete="off")),
                ),
                rx.el.label(KEY, secret("secret", required=True), class_name="field"),
            ),
            rx.el.div(
                rx.el.button(SAVE_KEY, type="submit", class_name="primary"),
                rx.el.button(
                    SAVE_UNTRIED, type="submit", custom_attrs={"data-api": f"PUT {API}" + key.provider}
                ),
                class_name="acts",
            ),
        ),
        name=rx.cond(is_own, _of(REPLACE_KEY_FOR, key), _of(ENTER_KEY_FOR, key)),
    )


def _signing_in(key: rx.Var[KeyShown]) -> rx.Component:
    return sent(
        f"POST {API}" + key.provider + "/sign-in",
        SIGNING_IN,
        rx.el.button(key.sign_in, type="submit"),
        goes="url",
    )


def _of(words: str, key: rx.Var[KeyShown]) -> rx.Var[str]:
    before, _, after = words.partition("{provider}")
    return before + key.name + after
