"""What guests may ask of the doors: of each function it is settled here, and a new one is refused to them."""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from agent import accounts, providers, sessions, tooling
from agent.core.errors import NotAllowed
from agent.core.guests import guest

DOORS = (accounts, providers, sessions, tooling)
OF_THE_SERVER = {
    "accounts.owners_token",
    "accounts.sign_in",
    "accounts.issue_token",
}
"""Asked by the server itself, for somebody it has just made known."""
OF_SESSIONS = {
    "sessions.attach",
    "sessions.before",
    "sessions.browse",
    "sessions.change",
    "sessions.checkpoint",
    "sessions.create",
    "sessions.cut",
    "sessions.delete",
    "sessions.delete_all",
    "sessions.detach",
    "sessions.draft",
    "sessions.edits",
    "sessions.export",
    "sessions.export_all",
    "sessions.filled",
    "sessions.follow",
    "sessions.fork",
    "sessions.fork_after",
    "sessions.get",
    "sessions.happened",
    "sessions.keep_draft",
    "sessions.mark",
    "sessions.mine",
    "sessions.open",
    "sessions.places",
    "sessions.prepare",
    "sessions.restore",
    "sessions.result",
    "sessions.saved",
    "sessions.search",
    "sessions.submit",
    "sessions.take_back",
    "sessions.traced",
    "sessions.undelete",
    "tooling.choose_workspace",
    "tooling.completions",
    "tooling.definitions",
    "tooling.discard_workspace",
    "tooling.execute",
    "tooling.jobs",
    "tooling.judge",
    "tooling.look_at_file",
    "tooling.look_into_folder",
    "tooling.mentioned",
    "tooling.new_instructions",
    "tooling.read_attachment",
    "tooling.read_instructions",
    "tooling.stop_job",
    "tooling.stop_jobs",
    "tooling.stop_leftovers",
    "tooling.take_file",
    "tooling.top_of_workspace",
    "tooling.whole_output",
}
"""A guest's own sessions, and what happens in them."""
OF_MODELS = {
    "accounts.kept_credentials",
    "providers.chosen",
    "providers.default_model",
    "providers.usable",
    "providers.health",
    "providers.known",
    "providers.models",
    "providers.provider",
}
"""With the server's own keys, as a guest has none."""
OF_REQUESTS = {
    "accounts.answer_request",
    "accounts.drop_request",
    "accounts.take_request",
}
"""Answers to a guest's own requests, kept for a day."""
MAY = OF_THE_SERVER | OF_SESSIONS | OF_MODELS | OF_REQUESTS


def verbs(door: ModuleType) -> Iterator[tuple[str, Callable[..., Awaitable[object]]]]:
    """What of a door takes the asking user."""
    named: list[tuple[str, Any]] = [
        (name, getattr(door, name)) for name in getattr(door, "__all__", vars(door))
    ]
    for name, verb in named:
        if name[0] != "_" and is_asked_by_a_user(verb):
            yield f"{door.__name__.removeprefix('agent.')}.{name}", verb


def is_asked_by_a_user(verb: Any) -> bool:
    if not (callable(verb) and inspect.iscoroutinefunction(inspect.unwrap(verb))):
        return False
    return next(iter(inspect.signature(verb).parameters), "") == "user"


EVERY = dict(found for door in DOORS for found in verbs(door))


@pytest.mark.parametrize("name", sorted(EVERY.keys() - MAY))
async def test_whatever_keeps_something_of_a_person_refuses_guests(name: str) -> None:
    verb = EVERY[name]
    needed = [
        parameter
        for parameter in list(inspect.signature(verb).parameters.values())[1:]
        if parameter.default is parameter.empty
    ]
    nothing: dict[str, Any] = {parameter.name: None for parameter in needed}
    with pytest.raises(NotAllowed) as refused:
        await verb(guest("1"), **nothing)
    assert refused.value.code == "guest"


def test_all_that_guests_may_is_there() -> None:
    assert EVERY.keys() >= MAY
