"""Turns that were recorded once are gone on with by the program as it is: no redeploy strands one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from agent.core.events import EVENT, Event, StepFinished, TurnFinished
from agent.core.identity import User
from agent.core.messages import Message
from agent.loop import StepFailed
from tests.agent.sessions.talk import sqlite_only
from tests.agent.sessions.turns.recording import FOLDER
from tests.agent.sessions.turns.world import Memory, MortalTurn, Script, World, world

RECORDED = sorted(file.stem for file in FOLDER.glob("*.json"))
ASKED = pytest.mark.parametrize("name", ["approval_given", "steering"])


async def nothing() -> JsonValue:
    return None


class Edited(MortalTurn):
    """A later version of the turn, with one step more."""

    async def _model_step(self, number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        await self._recorder.step("audit", nothing)
        return await super()._model_step(number, history)


class Patched(MortalTurn):
    """The same as it should be done."""

    async def _model_step(self, number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        if await self._recorder.patched("audit"):
            await self._recorder.step("audit", nothing)
        return await super()._model_step(number, history)


def read(name: str) -> tuple[dict[str, Any], list[Event]]:
    turn = json.loads((FOLDER / f"{name}.json").read_text())
    return turn, [EVENT.validate_python(event) for event in turn["events"]]


async def replay(
    user: User, folder: Path, name: str, *, is_cut: bool, kind: type[MortalTurn] = MortalTurn
) -> tuple[World, list[Event]]:
    """Run a recorded turn, whose very end may be missing, with what its engine remembers."""
    turn, recorded = read(name)
    before = recorded[:-1] if is_cut else recorded
    async with world(user, folder, Script((), mode=turn["mode"]), before) as made:
        made.turn = kind
        memory = Memory([(step["name"], step["gave"]) for step in turn["steps"]])
        assert await made.live(memory) == "finished"
        return made, await made.events()


def assert_replayed(name: str, made: World, happened: Sequence[Event]) -> None:
    _, recorded = read(name)
    assert made.recorder
    assert made.recorder.has_all
    assert [event.type for event in happened] == [event.type for event in recorded]
    assert happened[:-1] == recorded[:-1]
    ended, should = happened[-1], recorded[-1]
    assert isinstance(ended, TurnFinished)
    assert isinstance(should, TurnFinished)
    assert (ended.reason, ended.error, ended.values) == (should.reason, should.error, should.values)
    assert (made.requests, made.ran) == ([], {})


@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_turn_comes_to_its_end_by_its_own_steps(
    quiet: User,
    tmp_path: Path,
    name: str,
    is_cut: bool,  # noqa: FBT001
) -> None:
    assert_replayed(name, *await replay(quiet, tmp_path, name, is_cut=is_cut))


@sqlite_only
@pytest.mark.parametrize("name", RECORDED)
async def test_a_turn_edited_without_a_patch_is_found_out(quiet: User, tmp_path: Path, name: str) -> None:
    made, happened = await replay(quiet, tmp_path, name, is_cut=True, kind=Edited)
    with pytest.raises(AssertionError):
        assert_replayed(name, made, happened)
    ended = happened[-1]
    assert isinstance(ended, TurnFinished)
    assert (ended.reason, ended.error) == ("error", "internal")


@sqlite_only
@pytest.mark.parametrize("name", RECORDED)
async def test_a_turn_edited_behind_a_patch_goes_on_without_the_new_step(
    quiet: User, tmp_path: Path, name: str
) -> None:
    assert_replayed(name, *await replay(quiet, tmp_path, name, is_cut=True, kind=Patched))


def test_every_kind_of_turn_is_recorded() -> None:
    kinds = {"plain_answer", "approval_given", "approval_rejected", "steering", "cancel", "provider_error"}
    assert kinds <= set(RECORDED)
