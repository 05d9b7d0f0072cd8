"""A service's description as it is kept: what can be asked of it, without what only documents it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from agent.core.messages import Value

Schema = dict[str, Any] | bool
"""A JSON Schema (draft 2020-12) whose references are all of the form `#/$defs/NAME`."""
Place = Literal["path", "query", "header", "cookie"]
Style = Literal["simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject"]

READING = frozenset({"get", "head"})
"""Methods that change nothing at the server."""
WHOLE_BODY = "body"
"""The argument that holds an operation's body."""


class Parameter(Value):
    """One value that goes into the path, the query, a header or a cookie."""

    argument: str
    """What the model calls it; its own name, unless two parameters have the same one."""
    name: str
    place: Place
    style: Style
    explodes: bool
    is_required: bool
    keeps_reserved: bool = False
    """Whether `/`, `?` and the like go out as they are."""
    media_type: str = ""
    """Not empty: its value is written as a document of this type."""
    accepts: Schema


class Part(Value):
    """How one property of a form is written."""

    media_type: str = ""
    style: Style = "form"
    explodes: bool = True
    is_file: bool = False
    """Whether its value is bytes, in base64."""


class Content(Value):
    """What an operation's body is."""

    media_type: str
    is_required: bool
    accepts: Schema
    parts: dict[str, Part] = {}
    """For a form: its properties, as far as something is said of them."""


class Operation(Value):
    """One thing that can be asked."""

    name: str
    """Unique within the service."""
    method: str
    """In small letters."""
    path: str
    """With `{name}` where a parameter goes in."""
    summary: str = ""
    told: str = ""
    """The description's own longer words."""
    tags: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Content | None = None
    schemes: tuple[tuple[str, ...], ...] = ((),)
    """Alternatives, each the names of the security schemes it needs together; an empty one needs none."""
    server: str = ""
    """Where it is served, when that is not where the others are."""

    @property
    def reads(self) -> bool:
        """Whether it changes nothing at the server."""
        return self.method in READING


class Scheme(Value):
    """How a credential is shown to the service."""

    kind: Literal["header", "query", "cookie", "basic", "bearer"]
    name: str = ""
    """Of the header, query parameter or cookie."""
    told: str = ""


class Variable(Value):
    """A gap in a server's address."""

    default: str
    choices: tuple[str, ...] = ()
    """Empty for any."""


class Server(Value):
    """A place where the service is served."""

    address: str
    """With `{name}` for each variable; may be relative to where the description was found."""
    told: str = ""
    variables: dict[str, Variable] = {}


class Description(Value):
    """All that is kept of an OpenAPI document."""

    title: str
    version: str
    told: str = ""
    servers: tuple[Server, ...] = ()
    schemes: dict[str, Scheme] = {}
    operations: tuple[Operation, ...]
    definitions: Annotated[dict[str, Schema], Field(default_factory=dict)]
    """Schemas that others refer to, by name."""
    left_out: tuple[str, ...] = ()
    """Operations that cannot be called, each with the reason."""
