"""The section of people."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import section, sent, sure, switch
from app.settings.people import PeopleState, PersonShown
from app.words.settings import (
    ADMINISTRATOR,
    IS_ADMINISTRATOR,
    PEOPLE_WHAT,
    PERSON_REMOVED,
    REMOVE,
    REMOVE_PERSON,
    SECTIONS,
    YOU,
)


def people() -> rx.Component:
    """Everybody, with what an administrator may change."""
    return section(
        "people",
        SECTIONS["people"],
        PEOPLE_WHAT,
        rx.el.ul(rx.foreach(PeopleState.people, _person), class_name="things"),
        rx.cond(PeopleState.more != "", rx.el.p(PeopleState.more, class_name="meta")),
        on_reload=PeopleState.look,
    )


def _person(person: rx.Var[PersonShown]) -> rx.Component:
    before, after = REMOVE_PERSON.split("{what}")
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(person.name), rx.cond(person.is_you, rx.el.span(YOU, class_name="mark"))),
            rx.el.p(person.notes, class_name="meta", title=person.times),
        ),
        rx.cond(
            person.is_you,
            rx.cond(person.is_admin, rx.el.span(ADMINISTRATOR, class_name="meta")),
            rx.el.div(
                switch(
                    ADMINISTRATOR,
                    person.is_admin,
                    lambda on: PeopleState.appoint(person.id, on),
                    person.name + IS_ADMINISTRATOR.partition("{name}")[2],
                ),
                sent(
                    "DELETE /api/v1/users/" + person.id,
                    PERSON_REMOVED,
                    sure(REMOVE, before + person.name + after),
                ),
                class_name="acts",
            ),
        ),
        key=person.id,
        class_name="thing",
        custom_attrs={"data-person": person.id},
    )
