"""The section of rules."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import opening, section, sure
from app.settings.rules import RuleShown, RulesState
from app.words.settings import ENDED, NO_RULES, REMOVE, REMOVE_MEANS, RULES_WHAT, SECTIONS


def rules() -> rx.Component:
    """The rules that hold, and those that have ended, folded away."""
    return section(
        "rules",
        SECTIONS["rules"],
        RULES_WHAT,
        rx.cond(
            RulesState.rules.length() > 0,
            rx.el.ul(rx.foreach(RulesState.rules, _rule), class_name="things"),
            rx.el.p(NO_RULES, class_name="nothing"),
        ),
        rx.cond(
            RulesState.ended.length() > 0,
            opening(
                ENDED + " (" + RulesState.ended.length().to_string() + ")",
                rx.el.ul(rx.foreach(RulesState.ended, _rule), class_name="things"),
            ),
        ),
        rx.cond(RulesState.more != "", rx.el.p(RulesState.more, class_name="meta")),
        on_reload=RulesState.look,
    )


def _rule(rule: rx.Var[RuleShown]) -> rx.Component:
    means = REMOVE_MEANS.partition("{what}")[0]
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(rule.label, custom_attrs={"data-decision": rule.decision}), " ", rule.reach),
            rx.cond(rule.warning != "", rx.el.p(rule.warning, class_name="wide")),
            rx.el.p(rule.notes, class_name="meta", title=rule.times),
        ),
        sure(REMOVE, means + rule.label + " " + rule.reach, RulesState.remove(rule.id)),
        key=rule.id,
        class_name="thing",
        custom_attrs={"data-rule": rule.id},
    )
