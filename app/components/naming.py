"""The name of the tab, which says what needs the person where the page is out of sight."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.words import NAME


class Naming(rx.Component):
    """The component of assets/naming.js."""

    library = "$/public/naming.js"
    tag = "Naming"

    name: rx.Var[str]
    asks: rx.Var[int]
    own: rx.Var[str]


def naming(name: rx.Var[str], asks: rx.Var[int]) -> rx.Component:
    """Names the tab after the session, and counts the sessions that need the person."""
    return Naming.create(name=name, asks=asks, own=NAME)
