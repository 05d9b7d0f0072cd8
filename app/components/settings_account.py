"""The section of one's own account."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import field, opening, section, sure
from app.settings.account import AccountState
from app.words.settings import ACCOUNT_WHAT, LEAVE, LEAVE_PROOF, LEAVE_WHAT, SECTIONS


def account(email: rx.Var[str]) -> rx.Component:
    """Who one is here, and how one leaves for good."""
    before, _, after = ACCOUNT_WHAT.partition("{email}")
    proof = rx.el.input(
        type="text",
        input_mode="email",
        name="email",
        required=True,
        auto_complete="off",
        auto_capitalize="none",
        spell_check=False,
        max_length=320,
    )
    return section(
        "account",
        SECTIONS["account"],
        rx.fragment(before, email, after),
        opening(
            LEAVE,
            rx.el.form(
                rx.el.p(LEAVE_WHAT),
                field(LEAVE_PROOF, proof),
                sure(LEAVE, LEAVE),
                on_submit=AccountState.leave,
                class_name="sent",
            ),
        ),
    )
