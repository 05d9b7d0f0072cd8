"""What can be said about a key, an address or a request before anything is sent."""

from collections.abc import Iterable

from agent.core.addresses import address_fault, is_key, mended
from agent.core.errors import Invalid
from agent.core.messages import File, Message, Part, Text, Thinking, ToolResult, Unknown
from agent.core.provider import Credential, ModelEntry, Request
from agent.providers._wires.parts import file_note, is_prompt

IMAGE, PDF = "image/", "application/pdf"
"""How the types begin of files that not every model takes."""
PAUSES = {"anthropic": "anthropic", "gemini": "gemini", "vertex": "gemini"}
"""Providers that go on where they paused, and the wire their pause was written in."""
GO_ON = Message(role="user", parts=(Text(text="Go on."),))
EXAMPLE = "https://host/v1"
"""What an address looks like."""


def check_credential(plug_in_name: str, setting: str, credential: Credential) -> None:
    """Refuse what cannot be a credential.

    Args:
        plug_in_name: whose it would be.
        setting: what the person calls it: a setting, or a field of a form.
        credential: as written, but for the white space around it.

    Raises:
        Invalid: the key is no single word, or the address no server's.

    >>> check_credential("openai", "OPENAI_API_KEY", Credential.model_validate({"secret": "sk-1"}))
    >>> check_credential("openai", "OPENAI_API_KEY", Credential.model_validate({"secret": "sk 1"}))
    Traceback (most recent call last):
        ...
    agent.core.errors.Invalid: key_malformed
    """
    secret = credential.secret.get_secret_value()
    if credential.auth_type in {"api_key", "oauth_token"} and secret and not is_key(secret):
        raise Invalid("key_malformed", provider=plug_in_name, setting=setting)
    address = credential.base_url
    fault = address_fault(address) if address else None
    if fault is not None:
        # The address itself may hold a key.
        raise Invalid(
            "address_malformed", provider=plug_in_name, fault=fault, meant=mended(address) or EXAMPLE
        )


def check_request(entry: ModelEntry, request: Request) -> Request:
    """The request as this model takes it: without tools or older files that it does not know.

    When somebody else paused in the middle of an answer, this one is asked to go on.

    Raises:
        Invalid: what was just asked holds such a file.

    >>> from agent.core.provider import Abilities
    >>> blind = ModelEntry(id="compatible:m", name="m", abilities=Abilities(images=False))
    >>> image = Message(role="user", parts=(File(media_type="image/png", data="aGk=", name="a.png"),))
    >>> check_request(blind, Request(model="m", messages=(image,)))
    Traceback (most recent call last):
        ...
    agent.core.errors.Invalid: model_without_images
    """
    abilities = entry.abilities
    unseen = {IMAGE: abilities.images is False, PDF: abilities.pdf is False}
    refused = tuple(kind for kind, is_refused in unseen.items() if is_refused)
    prompt = next((message for message in reversed(request.messages) if is_prompt(message)), None)
    for part in prompt.parts if prompt else ():
        if isinstance(part, File) and part.media_type.startswith(refused):
            if part.media_type.startswith(IMAGE):
                raise Invalid("model_without_images", model=entry.id)
            raise Invalid("model_without_pdf", model=entry.id)
    update: dict[str, object] = {}
    asked = without_files(request.messages, refused) if refused else request.messages
    if asked and asked[-1].role == "assistant" and not _has_paused(entry, asked[-1]):
        asked = (*asked, GO_ON)
    if asked is not request.messages:
        update["messages"] = asked
    if abilities.tools is False:
        update["tools"] = ()
    if abilities.thinking is False:
        update["effort"] = None
    return request.model_copy(update=update) if update else request


def _has_paused(entry: ModelEntry, last: Message) -> bool:
    """Whether these are the provider's own last words, which it wants back as they are."""
    wire = PAUSES.get(entry.id.partition(":")[0])
    return any(wire in part.opaque for part in last.parts if isinstance(part, Text | Thinking | Unknown))


def without_files(messages: Iterable[Message], kinds: tuple[str, ...]) -> tuple[Message, ...]:
    """Messages in which a note stands for each file of these kinds.

    Args:
        messages: the whole history.
        kinds: how the media types begin.

    >>> image = Message(role="user", parts=(File(media_type="image/png", data="aGk=", name="a.png"),))
    >>> without_files([image], ("image/",))[0].text
    '[file a.png, image/png, not shown]'
    """
    return tuple(
        message.model_copy(update={"parts": tuple(_without(part, kinds) for part in message.parts)})
        for message in messages
    )


def _without(part: Part, kinds: tuple[str, ...]) -> Part:
    if isinstance(part, File) and part.media_type.startswith(kinds):
        return Text(text=file_note(part))
    if isinstance(part, ToolResult):
        gone = [file for file in part.files if file.media_type.startswith(kinds)]
        kept = tuple(file for file in part.files if file not in gone)
        notes = "\n".join([part.text, *map(file_note, gone)]).lstrip("\n")
        return part.model_copy(update={"text": notes, "files": kept}) if gone else part
    return part
