"""Markdown drawn safely: no raw HTML, no images from elsewhere, links that leave in a tab of their own."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx
from reflex_base.vars import VarData

LINK = rx.Var("({node, ...rest}) => jsx('a', {...rest, target: '_blank', rel: 'noopener noreferrer'})")
IMAGE = rx.Var("({node, ...rest}) => jsx('span', {className: 'no-image'}, rest.alt || rest.src)")
TABLE = rx.Var("({node, ...rest}) => jsx('div', {className: 'table'}, jsx('table', rest))")


class ReactMarkdown(rx.Component):
    """The react-markdown component; it never lets raw HTML or unsafe addresses through."""

    library = "react-markdown@10.1.0"
    tag = "ReactMarkdown"
    is_default = True

    remark_plugins: rx.Var[list[object]]
    components: rx.Var[dict[str, object]]


GFM = rx.Var(
    "[remarkGfm]",
    _var_data=VarData(imports={"remark-gfm@4.0.1": rx.ImportVar(tag="remarkGfm", is_default=True)}),
)
PARTS = rx.Var(f"({{a: {LINK}, img: {IMAGE}, table: {TABLE}}})")


@rx.memo
def markdown(text: rx.Var[str]) -> rx.Component:
    """A piece of Markdown, drawn again only when its text changes."""
    return ReactMarkdown.create(text, remark_plugins=GFM, components=PARTS)
