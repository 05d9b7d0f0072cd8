"""A turn that is killed at any moment goes on as if nothing had happened, as far as that can be."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.core.commands import Answer, Interrupt
from agent.core.events import (
    ApprovalRequested,
    Event,
    Noticed,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    TurnFinished,
)
from agent.core.history import messages
from agent.core.identity import User
from agent.core.mending import CUT_OFF
from agent.core.transcript import fold
from agent.sessions import log, rows
from agent.sessions.turns import turn as turns
from agent.sessions.turns.engine import Run
from tests.agent.sessions.talk import sqlite_only
from tests.agent.sessions.turns.scripts import DONE, LONG, SCRIPTS, WRITE, answers
from tests.agent.sessions.turns.world import Memory, Script, World, call, says, world
from tests.agent.test_loop import assert_calls_have_one_result

FOREVER = says(call("send", "forever"))
NEVER_TWICE = {"parcel", "letter", "book", "card"}


def results(happened: Sequence[Event]) -> dict[str, ToolCallFinished]:
    return {event.result.call_id: event for event in happened if isinstance(event, ToolCallFinished)}


def outcomes(happened: Sequence[Event]) -> dict[str, str]:
    return {call_id: event.result.outcome for call_id, event in results(happened).items()}


def as_uncut(cut: Sequence[Event], uncut: Sequence[Event]) -> list[Event]:
    """The events with the result of the uncut turn where a call's outcome is unknown."""
    known = results(uncut)
    return [
        event.model_copy(update={"result": known[event.result.call_id].result})
        if isinstance(event, ToolCallFinished) and event.result.outcome == "unknown"
        else event
        for event in cut
    ]


def shown(happened: Sequence[Event]) -> list[tuple[object, ...]]:
    """What a person sees, without what is each turn's own; calls side by side may end in any order."""
    rows = fold(happened).rows
    return [(row.kind, row.text, row.status, row.title, row.call_id, row.values) for row in rows]


def end(happened: Sequence[Event]) -> TurnFinished:
    [finished] = [event for event in happened if isinstance(event, TurnFinished)]
    return finished


async def lived(made: World, ends: Sequence[int], *, forgets: bool = False) -> list[Event]:
    """The log after lives that ended at these moments, and one that did not."""
    memory = Memory()
    async with asyncio.timeout(30):
        for moment in ends:
            if await made.live(memory, moment):
                return await made.events()
            memory = Memory() if forgets else memory
        assert await made.live(memory) == "finished"
    return await made.events()


async def uncut(user: User, folder: Path, script: Script) -> tuple[list[Event], int]:
    """A turn's log when nobody dies, and its number of moments."""
    async with world(user, folder, script) as made:
        happened = await lived(made, ())
        return happened, made.fate.passed


def assert_as_if_nothing_had_happened(made: World, cut: Sequence[Event], whole: Sequence[Event]) -> None:
    assert_calls_have_one_result(messages(cut))
    mended = as_uncut(cut, whole)
    assert messages(mended) == messages(whole)
    assert shown(mended) == shown(whole)
    assert end(cut).reason == end(whole).reason
    for what in NEVER_TWICE:
        assert made.ran[what] <= 1
    for event in results(cut).values():
        result = event.result
        assert result.outcome != "unknown" or (result.call_id[5:] in NEVER_TWICE and result.text == CUT_OFF)
    # Whatever the model was sent stands in the log.
    told = messages(cut)
    for history in made.requests:
        assert history == told[: len(history)]
    asked = Counter(event.approval_id for event in cut if isinstance(event, ApprovalRequested))
    assert set(asked.values()) <= {1}


@pytest.mark.parametrize("forgets", [False, True], ids=["engine_remembers", "log_alone"])
async def test_a_long_turn_killed_at_some_moments_comes_to_the_same_end(
    quiet: User,
    tmp_path: Path,
    forgets: bool,  # noqa: FBT001
    rng: random.Random,
) -> None:
    whole, moments = await uncut(quiet, tmp_path, LONG)
    assert end(whole).reason == "end_turn"
    assert moments > 30
    once = [(moment,) for moment in rng.sample(range(1, moments + 1), 16)]
    often = [[rng.randint(1, moments) for _ in range(rng.randint(2, 4))] for _ in range(6)]
    for ends in (*once, *often):
        async with world(quiet, tmp_path, LONG) as made:
            cut = await lived(made, ends, forgets=forgets)
            assert_as_if_nothing_had_happened(made, cut, whole)


@sqlite_only
@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_turn_of_any_kind_killed_at_any_moment_comes_to_the_same_end(
    quiet: User, tmp_path: Path, name: str
) -> None:
    script = SCRIPTS[name]
    whole, moments = await uncut(quiet, tmp_path, script)
    for moment in range(1, moments + 1):
        async with world(quiet, tmp_path, script) as made:
            cut = await lived(made, (moment,), forgets=bool(moment % 2))
            if name == "cancel":  # a call that was stopped may have taken effect, and then nobody knows
                assert outcomes(cut)["call-forever"] in {"cancelled", "unknown"}
                assert (outcomes(cut)["call-after"], end(cut).reason) == ("cancelled", "cancelled")
                assert_calls_have_one_result(messages(cut))
            else:
                assert_as_if_nothing_had_happened(made, cut, whole)


async def test_a_step_whose_answer_is_stored_asks_the_model_once(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, Script((says("I look", call("look", "here")), DONE))) as made:
        assert await made.live(Memory(), "StepFinished") is None
        assert [type(event) for event in await made.events()][1:] == [StepFinished]
        assert await made.live(Memory()) == "finished"
        assert [len(history) for history in made.requests] == [1, 3]


@pytest.mark.parametrize(
    ("tool", "runs", "outcome"), [("send", 1, "unknown"), ("turn_on", 2, "ok"), ("look", 2, "ok")]
)
async def test_what_a_cut_off_call_becomes_is_said_by_its_effect(
    quiet: User, tmp_path: Path, tool: str, runs: int, outcome: str
) -> None:
    async with world(quiet, tmp_path, Script((says("I act", call(tool, "it")), DONE))) as made:
        memory = Memory()
        assert await made.live(memory, "it") is None
        assert await made.live(memory) == "finished"
        assert made.ran["it"] == runs
        assert outcomes(await made.events()) == {"call-it": outcome}
        assert [len(history) for history in made.requests][-1] == 3


async def test_a_question_is_asked_once_and_keeps_its_id(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, Script((WRITE, DONE))) as made:
        memory = Memory()
        assert await made.live(memory, "ApprovalRequested") is None
        for forgotten in (memory, Memory()):
            life = asyncio.create_task(made.live(forgotten))
            await asyncio.wait({life}, timeout=0.1)
            life.cancel()
            await asyncio.wait({life})
        [asked] = [event for event in await made.events() if isinstance(event, ApprovalRequested)]
        await made.say(Answer(approval_id=asked.approval_id, answer="allow_once"))
        assert await made.live(Memory()) == "finished"
        assert outcomes(await made.events()) == {"call-letter": "ok"}
        assert made.ran["letter"] == 1


async def test_what_was_judged_before_holds_though_the_mode_has_changed(quiet: User, tmp_path: Path) -> None:
    look = says("I look", call("look", "here"))
    for mode, changed, outcome in (("plan", "auto", "rejected"), ("auto", "plan", "ok")):
        script = Script((WRITE, look, DONE), mode="plan" if mode == "plan" else "auto")
        _, moments = await uncut(quiet, tmp_path, script)
        for moment in range(1, moments + 1):
            async with world(quiet, tmp_path, script) as made:
                memory = Memory()
                await made.live(memory, moment)
                await rows.change(quiet, made.session.id, mode=changed, model="nobody:at-all")
                await made.live(memory)
                happened = await made.events()
                # Killed when it had begun, nobody knows.
                possible = {outcome, "unknown"} if outcome == "ok" else {outcome}
                assert outcomes(happened)["call-letter"] in possible
                assert not any(isinstance(event, ApprovalRequested) for event in happened)
                assert end(happened).reason == "end_turn"


async def test_what_was_judged_before_holds_though_rules_have_changed(quiet: User, tmp_path: Path) -> None:
    look = says("I look", call("look", "here"))
    async with world(quiet, tmp_path, Script((WRITE, look, DONE), mode="plan")) as made:
        memory = Memory()
        assert await made.live(memory, "here") is None
        # Another version of the program would let it pass.
        made.turn = _lenient(made.turn)
        assert await made.live(memory) == "finished"
        happened = await made.events()
        assert outcomes(happened) == {"call-letter": "rejected", "call-here": "ok"}
        assert end(happened).reason == "end_turn"
        assert not made.ran["letter"]


def _lenient(kind: type[turns.Turn]) -> type[turns.Turn]:
    class Lenient(kind):
        """A later version, in which the session's mode allows more."""

        def know(self, events: Sequence[Event]) -> None:
            super().know(events)
            self.session = self.session.model_copy(update={"mode": "auto"})

    return Lenient


async def test_steering_stays_where_it_was_told(quiet: User, tmp_path: Path) -> None:
    script = SCRIPTS["steering"]
    whole, moments = await uncut(quiet, tmp_path, script)
    types = [event.type for event in whole]
    assert types.index("PromptSteered") < types.index("StepFinished", types.index("ToolCallFinished"))
    for moment in range(1, moments + 1):
        async with world(quiet, tmp_path, script) as made:
            cut = await lived(made, (moment,))
            assert sum(isinstance(event, PromptSteered) for event in cut) == 1
            assert messages(as_uncut(cut, whole)) == messages(whole)


async def test_a_turn_that_was_cut_off_too_often_is_given_up(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, LONG) as made:
        assert await made.live(Memory(), "parcel") is None
        for number in range(turns.MOST_RESTARTS + 1):
            restart = Noticed(turn_id=made.run.turn_id, code="restart")
            await log.append(made.session.id, restart, f"{made.session.id}/restart/{number}")
        requests = len(made.requests)
        assert await made.live(Memory()) == "finished"
        happened = await made.events()
        assert (end(happened).reason, end(happened).error) == ("error", "restart")
        assert_calls_have_one_result(messages(happened))
        assert len(made.requests) == requests


@sqlite_only
async def test_a_turn_cut_off_as_often_as_it_may_be_goes_on(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, Script((DONE,))) as made:
        for number in range(turns.MOST_RESTARTS):
            restart = Noticed(turn_id=made.run.turn_id, code="restart")
            await log.append(made.session.id, restart, f"{made.session.id}/restart/{number}")
        assert await made.live(Memory()) == "finished"
        assert end(await made.events()).reason == "end_turn"


async def test_a_stop_while_nobody_worked_is_obeyed_and_a_begun_call_is_unknown(
    quiet: User, tmp_path: Path
) -> None:
    async with world(quiet, tmp_path, Script((FOREVER, DONE))) as made:
        assert await made.live(Memory(), "ToolCallStarted") is None
        await made.say(Interrupt())
        ran, requests = Counter(made.ran), len(made.requests)
        assert await made.live(Memory()) == "finished"
        happened = await made.events()
        assert end(happened).reason == "cancelled"
        assert outcomes(happened) == {"call-forever": "unknown"}
        assert (made.ran, len(made.requests)) == (ran, requests)
        assert_calls_have_one_result(messages(happened))


async def test_a_stop_before_a_call_begins_lets_it_not_begin(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, Script((FOREVER, DONE))) as made:
        assert await made.live(Memory(), "StepFinished") is None
        await made.say(Interrupt())
        assert await made.live(Memory()) == "finished"
        happened = await made.events()
        assert (end(happened).reason, outcomes(happened)) == ("cancelled", {"call-forever": "cancelled"})
        assert not made.ran


async def test_a_question_nobody_answers_parks_the_turn_and_the_answer_goes_on_with_it(
    quiet: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PARK_AFTER", 0.05)
    async with world(quiet, tmp_path, Script((WRITE, DONE))) as made:
        assert await made.live(Memory()) == "parked"
        happened = await made.events()
        assert isinstance(happened[-1], Noticed)
        assert (happened[-1].code, happened[-1].values) == ("parked", {"part": 1})
        [asked] = [event for event in happened if isinstance(event, ApprovalRequested)]
        await made.say(Answer(approval_id=asked.approval_id, answer="allow_once"))
        assert made.begun == [made.run.next]
        assert await made.live(Memory(), run=made.run.next) == "finished"
        assert outcomes(await made.events()) == {"call-letter": "ok"}
        assert len(made.requests) == 2


async def test_a_parked_execution_that_runs_again_leaves_the_turn_to_the_next_one(
    quiet: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PARK_AFTER", 0.05)
    async with world(quiet, tmp_path, Script((WRITE, DONE))) as made:
        memory = Memory()
        assert await made.live(memory, "Noticed") is None
        [asked] = [event for event in await made.events() if isinstance(event, ApprovalRequested)]
        await made.say(Answer(approval_id=asked.approval_id, answer="allow_once"))
        assert await made.live(memory) == "parked"
        assert not made.ran
        assert await made.live(Memory(), run=made.run.next) == "finished"
        assert made.ran["letter"] == 1


async def test_an_answer_while_the_turn_is_being_parked_is_not_lost(
    quiet: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever comes first: the turn is parked and goes on by the answer, or was never parked."""
    for number in range(12):
        monkeypatch.setattr(turns, "PARK_AFTER", 0.02)
        async with world(quiet, tmp_path, Script((WRITE, DONE))) as made:
            assert await made.live(Memory(), "ApprovalRequested") is None
            answering = asyncio.create_task(_answer_after(made, 0.012 + number / 1000))
            async with asyncio.timeout(20):
                ended = await made.live(Memory())
                await answering
                if ended == "parked":
                    assert made.begun == [made.run.next]
                    ended = await made.live(Memory(), run=made.run.next)
            assert (ended, outcomes(await made.events())) == ("finished", {"call-letter": "ok"})


async def _answer_after(made: World, seconds: float) -> None:
    [asked] = [event for event in await made.events() if isinstance(event, ApprovalRequested)]
    await asyncio.sleep(seconds)
    await made.say(Answer(approval_id=asked.approval_id, answer="allow_once"))


@pytest.mark.parametrize("name", ["calls_side_by_side_and_one_once", "approval_given"])
async def test_steps_whose_events_a_failing_disk_has_lost_are_done_again(
    quiet: User, tmp_path: Path, name: str
) -> None:
    script = SCRIPTS[name]
    whole, _ = await uncut(quiet, tmp_path, script)
    async with world(quiet, tmp_path, script) as made:
        memory = Memory()
        assert await made.live(memory) == "finished"
    async with world(quiet, tmp_path, script) as lost:
        assert await lost.live(memory) == "finished"
        happened = await lost.events()
        assert messages(happened) == messages(whole)
        assert len(lost.requests) == 2


async def test_a_turn_whose_beginning_is_not_in_the_log_is_told(quiet: User, tmp_path: Path) -> None:
    async with world(quiet, tmp_path, Script((DONE,))) as made:
        nowhere = Run(made.session.id, "nowhere")
        assert await made.live(Memory(), run=nowhere) == "finished"
        assert [event.type for event in await made.events()] == ["TurnStarted"]
        assert made.requests == []


async def test_a_rule_given_in_a_turn_holds_for_the_rest_of_it(quiet: User, tmp_path: Path) -> None:
    acts = (WRITE, says("Again", call("write", "book")), DONE)
    whole, moments = await uncut(quiet, tmp_path, Script(acts, answers("allow_always")))
    assert sum(isinstance(event, ApprovalRequested) for event in whole) == 1
    for moment in range(1, moments + 1, 3):
        async with world(quiet, tmp_path, Script(acts, answers("allow_always"))) as made:
            cut = await lived(made, (moment,), forgets=True)
            assert_as_if_nothing_had_happened(made, cut, whole)
