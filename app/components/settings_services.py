"""The section of services."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import field, opening, secret, section, sent, sure, switch
from app.settings.services import SchemeShown, ServiceShown, ServicesState
from app.words.settings import (
    ADD_SERVICE,
    CONNECT,
    CREDENTIALS_OF,
    CREDENTIALS_SAVED,
    CREDENTIALS_WHAT,
    NO_SERVICES,
    READ_AGAIN,
    READ_AGAIN_MEANS,
    REMOVE,
    REMOVE_MEANS,
    SAVE_CREDENTIALS,
    SECTIONS,
    SERVICE_ADDED,
    SERVICE_FILE,
    SERVICE_NAME,
    SERVICE_NAME_HINT,
    SERVICE_ON,
    SERVICE_SERVER,
    SERVICE_URL,
    SERVICES_WHAT,
    SIGN_IN_TO,
)

API = "/api/v1/openapi-services"


def services() -> rx.Component:
    """Each service, and a form for another."""
    return section(
        "services",
        SECTIONS["services"],
        SERVICES_WHAT,
        rx.cond(
            ServicesState.services.length() > 0,
            rx.el.ul(rx.foreach(ServicesState.services, _shown), class_name="things"),
            rx.el.p(NO_SERVICES, class_name="nothing"),
        ),
        opening(ADD_SERVICE, _new()),
        on_reload=ServicesState.look,
    )


def _shown(one: rx.Var[ServiceShown]) -> rx.Component:
    after = SERVICE_ON.partition("{name}")[2]
    removing, again = REMOVE_MEANS.partition("{what}")[0], READ_AGAIN_MEANS.partition("{name}")
    return rx.el.li(
        switch(
            rx.el.strong(one.name),
            one.is_enabled,
            lambda on: ServicesState.switch(one.id, on),
            one.name + after,
            rx.el.span(one.title, class_name="meta"),
        ),
        rx.el.p(rx.el.code(one.server), class_name="meta"),
        rx.el.p(one.notes, class_name="meta", title=one.times),
        rx.el.div(
            rx.cond(one.schemes.length() > 0, _credentials(one)),
            rx.cond(
                one.is_fetched,
                rx.el.button(
                    READ_AGAIN,
                    type="button",
                    aria_label=again[0] + one.name + again[2],
                    on_click=ServicesState.read_again(one.id),
                ),
            ),
            sure(REMOVE, removing + one.name, ServicesState.remove(one.id)),
            class_name="acts",
        ),
        key=one.id,
        custom_attrs={"data-service": one.name},
    )


def _credentials(one: rx.Var[ServiceShown]) -> rx.Component:
    return opening(
        [SIGN_IN_TO, rx.cond(one.credential != "", rx.el.span(" ", one.credential, class_name="meta"))],
        sent(
            f"PATCH {API}/" + one.id,
            CREDENTIALS_SAVED,
            rx.el.p(CREDENTIALS_WHAT, class_name="meta"),
            rx.foreach(one.schemes, _scheme),
            rx.el.button(SAVE_CREDENTIALS, type="submit", class_name="primary"),
        ),
        name=CREDENTIALS_OF.partition("{name}")[0] + one.name,
    )


def _scheme(scheme: rx.Var[SchemeShown]) -> rx.Component:
    return rx.el.label(
        scheme.name,
        " ",
        rx.el.small(scheme.told, " ", scheme.hint),
        secret(scheme.field),
        class_name="field",
    )


def _new() -> rx.Component:
    name = rx.el.input(
        name="name",
        required=True,
        max_length=40,
        pattern="[a-z0-9][a-z0-9_\\-]*",
        auto_complete="off",
        spell_check=False,
        title=SERVICE_NAME_HINT,
    )
    url = rx.el.input(
        type="url", name="url", placeholder="https://api.example.org/openapi.json", max_length=4000
    )
    server = rx.el.input(type="url", name="server", placeholder="https://api.example.org", max_length=4000)
    file = rx.el.input(type="file", name="text", accept=".json,.yaml,.yml")
    return sent(
        f"POST {API}",
        SERVICE_ADDED,
        field(SERVICE_NAME, name, SERVICE_NAME_HINT),
        field(SERVICE_URL, url),
        field(SERVICE_FILE, file),
        field(SERVICE_SERVER, server),
        rx.el.button(CONNECT, type="submit", class_name="primary"),
    )
