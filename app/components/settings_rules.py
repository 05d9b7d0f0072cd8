"""The section of rules."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import Any

import reflex as rx

from app.components.settings import field, opening, section, sure
from app.settings.new_rule import NewRuleState
from app.settings.rules import RuleShown, RulesState
from app.words import LASTING, LASTS, SCOPE
from app.words.settings import (
    ADD_DRAFT,
    ADD_RULE,
    ANY_TOOL,
    COMMANDS,
    COMMANDS_HINT,
    DECISION,
    DECISIONS,
    ENDED,
    EVERYWHERE,
    NO_RULES,
    REMOVE,
    REMOVE_MEANS,
    RULES_WHAT,
    SECTIONS,
    TOOL,
    TOOLS,
    TRY_RULE,
    TRY_RULE_MEANS,
)

FIRST = "shell"
"""The tool that most rules are about."""


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
        opening(ADD_RULE, _new()),
        on_reload=RulesState.look,
    )


def _rule(rule: rx.Var[RuleShown]) -> rx.Component:
    removing, trying = (words.partition("{what}")[0] for words in (REMOVE_MEANS, TRY_RULE_MEANS))
    what = rule.label + " " + rule.reach
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(rule.label, custom_attrs={"data-decision": rule.decision}), " ", rule.reach),
            rx.cond(rule.warning != "", rx.el.p(rule.warning, class_name="wide")),
            rx.el.p(rule.notes, class_name="meta", title=rule.times),
            rx.cond(RulesState.tried_id == rule.id, rx.el.p(RulesState.trial, class_name="trial")),
        ),
        rx.el.div(
            rx.el.button(
                TRY_RULE, type="button", aria_label=trying + what, on_click=RulesState.weigh(rule.id)
            ),
            sure(REMOVE, removing + what, RulesState.remove(rule.id)),
            class_name="acts",
        ),
        key=rule.id,
        class_name="thing",
        custom_attrs={"data-rule": rule.id},
    )


def _new() -> rx.Component:
    """A rule to be written; it is tried first, and then added as it was tried."""
    commands = rx.el.textarea(
        name="commands", rows="2", spell_check=False, max_length=5000, on_change=_changed, default_value=""
    )
    places = [
        rx.el.option(EVERYWHERE, value=""),
        rx.foreach(NewRuleState.workspaces, lambda place: rx.el.option(place, value=place)),
    ]
    tools = {**dict(sorted(TOOLS.items(), key=lambda one: one[1])), "*": ANY_TOOL}
    return rx.el.form(
        field(DECISION, _pick("decision", _options(DECISIONS), "allow")),
        field(TOOL, _pick("tool", _options(tools), FIRST)),
        rx.el.div(field(COMMANDS, commands, COMMANDS_HINT), class_name="of-lines"),
        rx.cond(NewRuleState.workspaces.length() > 0, field(SCOPE, _pick("workspace", places, ""))),
        field(LASTS, _pick("lasts", _options(LASTING), "revoked")),
        rx.el.button(TRY_RULE, type="submit"),
        rx.el.div(rx.cond(NewRuleState.decision != "", _draft()), role="status", class_name="draft"),
        rx.cond(
            NewRuleState.decision != "",
            rx.el.button(ADD_DRAFT, type="button", on_click=NewRuleState.add, class_name="primary"),
        ),
        key=NewRuleState.added.to_string(),
        on_submit=NewRuleState.weigh,
        class_name="sent new-rule",
    )


def _draft() -> rx.Component:
    """What was tried, in words."""
    return rx.fragment(
        rx.el.p(
            rx.el.strong(NewRuleState.label, custom_attrs={"data-decision": NewRuleState.decision}),
            " ",
            NewRuleState.reach,
        ),
        rx.cond(NewRuleState.warning != "", rx.el.p(NewRuleState.warning, class_name="wide")),
        rx.el.p(NewRuleState.trial, class_name="trial"),
    )


def _options(choices: dict[str, str]) -> list[rx.Component]:
    return [rx.el.option(words, value=name) for name, words in choices.items()]


def _pick(name: str, options: list[Any], first: str) -> rx.Component:
    return rx.el.select(*options, name=name, default_value=first, on_change=_changed)


def _changed(_value: Any) -> Any:
    """What was tried is no longer what the form says."""
    return rx.cond(NewRuleState.decision != "", NewRuleState.reconsider(), rx.noop())
