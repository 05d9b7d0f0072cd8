"""The section of devices and tokens: browsers that are signed in, programs that speak for a person."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import field, opening, section, sent, sure
from app.settings.sign_ins import BrowserShown, SignInsState
from app.settings.tokens import TokenShown, TokensState
from app.words.settings import (
    ENDS_AFTER,
    LIVES,
    MAKE,
    MAKE_TOKEN,
    MAY,
    NO_TOKENS,
    REVOKE,
    REVOKE_MEANS,
    SCOPES,
    SECTIONS,
    SHOWN_ONCE,
    SIGN_INS,
    SIGN_INS_WHAT,
    SIGN_OUT,
    SIGN_OUT_EVERYWHERE,
    SIGN_OUT_OF,
    SIGNED_OUT,
    THIS_BROWSER,
    TOKEN_NAME,
    TOKEN_NAME_HINT,
    TOKENS,
    TOKENS_WHAT,
)

USUAL = ("sessions:read", "sessions:write")
"""What a token may be used for, unless more is ticked."""
USUAL_LIFE = "90"


def tokens() -> rx.Component:
    """What speaks for the person, and what ends it."""
    return section(
        "tokens",
        SECTIONS["tokens"],
        TOKENS_WHAT,
        rx.el.h3(TOKENS),
        rx.cond(
            TokensState.tokens.length() > 0,
            rx.el.ul(rx.foreach(TokensState.tokens, _token), class_name="things"),
            rx.el.p(NO_TOKENS, class_name="nothing"),
        ),
        rx.cond(TokensState.more != "", rx.el.p(TokensState.more, class_name="meta")),
        opening(MAKE_TOKEN, _new()),
        rx.el.h3(SIGN_INS),
        rx.el.p(SIGN_INS_WHAT, class_name="meta"),
        rx.el.ul(rx.foreach(SignInsState.browsers, _browser), class_name="things"),
        rx.cond(SignInsState.more != "", rx.el.p(SignInsState.more, class_name="meta")),
        sent(
            "POST /api/v1/me/sign-out-everywhere",
            SIGNED_OUT,
            sure(SIGN_OUT_EVERYWHERE, SIGN_OUT_EVERYWHERE),
        ),
        on_reload=TokensState.look,
    )


def _token(token: rx.Var[TokenShown]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(token.name), rx.cond(token.hint != "", rx.el.code(token.hint, "…"))),
            rx.el.p(token.may),
            rx.el.p(token.notes, class_name="meta", title=token.times),
        ),
        sure(REVOKE, REVOKE_MEANS.partition("{what}")[0] + token.name, TokensState.revoke(token.id)),
        key=token.id,
        class_name=rx.cond(token.is_over, "thing over", "thing"),
        custom_attrs={"data-token": token.id},
    )


def _browser(browser: rx.Var[BrowserShown]) -> rx.Component:
    means = SIGN_OUT_OF.partition("{what}")[0]
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                rx.el.strong(browser.name, title=browser.said),
                rx.cond(browser.is_this, rx.el.span(THIS_BROWSER, class_name="mark")),
            ),
            rx.el.p(browser.notes, class_name="meta", title=browser.times),
        ),
        sure(SIGN_OUT, means + browser.name + " " + browser.notes, SignInsState.end(browser.id)),
        key=browser.id,
        class_name="thing",
        custom_attrs={"data-sign-in": browser.id},
    )


def _new() -> rx.Component:
    name = rx.el.input(
        name="name", required=True, max_length=100, auto_complete="off", placeholder=TOKEN_NAME_HINT
    )
    lives = rx.el.select(
        *(rx.el.option(words, value=days) for days, words in LIVES.items()),
        name="expires_in_days",
        default_value=USUAL_LIFE,
        custom_attrs={"data-json": ""},
    )
    return sent(
        "POST /api/v1/tokens",
        SHOWN_ONCE,
        field(TOKEN_NAME, name),
        rx.el.fieldset(
            rx.el.legend(MAY),
            *(
                rx.el.label(
                    rx.el.input(type="checkbox", name="scopes", value=scope, default_checked=scope in USUAL),
                    words,
                )
                for scope, words in SCOPES.items()
            ),
            class_name="choice",
        ),
        field(ENDS_AFTER, lives),
        rx.el.button(MAKE, type="submit", class_name="primary"),
        shows="token",
    )
