"""The hooks that people's tests and tools rely on; how it all looks is seen in the browser."""

import json
from typing import Any

import reflex as rx

from app.components import composer, docks, queue, sidebar, transcript, welcome
from app.shown import Choice, Entry, Shown


class StageState(rx.State):
    row: Shown = Shown()
    rows: list[Shown] = []
    entries: list[Entry] = []
    text: str = ""
    number: int = 0
    texts: list[str] = []
    choices: list[Choice] = []
    is_working: bool = False

    @rx.event
    def act(self) -> None: ...

    @rx.event
    def pick(self, one: str) -> None: ...

    @rx.event
    def answer(self, one: str, other: str) -> None: ...

    @rx.event
    def weigh(self, one: str, changed: dict[str, str]) -> None: ...

    @rx.event
    def save(self, form: dict[str, Any]) -> None: ...


def drawn(component: rx.Component) -> str:
    return json.dumps(component.render(), default=str)


def test_the_composer_has_its_hooks() -> None:
    chain = composer.fallback_chain(StageState.text, StageState.pick)
    offered = composer.offered(StageState.choices, StageState.pick)
    chip = composer.model_chip(StageState.text, StageState.pick, StageState.act, offered, chain)
    stage = (StageState.text, StageState.act, StageState.act, StageState.is_working)
    page = drawn(composer.composer(*stage, chip))
    for hook in (
        "composer",
        "send",
        "stop",
        "model",
        "fallbacks",
        "attach",
        "files",
        "attachments",
        "mentions",
    ):
        assert f'id:\\"{hook}\\"' in page


def test_an_answer_and_a_prompt_say_whose_they_are() -> None:
    assert 'data-role\\":\\"user' in drawn(transcript.prompt(StageState.row))
    assert 'data-role\\":\\"assistant' in drawn(transcript.answer(StageState.row))


def test_a_tool_card_names_its_call_and_its_state() -> None:
    card = drawn(transcript.tool(StageState.row))
    assert "data-call" in card
    assert "data-state" in card


def test_an_approval_can_be_answered_in_four_ways() -> None:
    weighing = docks.Weighing(StageState.text, StageState.text, StageState.texts, StageState.weigh)
    place = docks.Place(StageState.text, StageState.text)
    dock = drawn(docks.approval(StageState.row, StageState.answer, StageState.save, weighing, place))
    assert "data-approval" in dock
    for answer in ("allow_once", "allow_always", "reject_once", "reject_always"):
        assert f'data-answer\\":\\"{answer}' in dock


def test_a_prompt_that_waits_can_be_edited_steered_and_dropped() -> None:
    waiting = drawn(queue.queue(StageState.rows, StageState.save, StageState.pick, StageState.pick))
    assert 'data-role\\":\\"user' in waiting
    for choice in (
        "Edit this prompt",
        "Steer: tell it to the running turn",
        "Drop this prompt",
        "Save",
        "Cancel",
    ):
        assert choice in waiting
    for field in ("prompt", "prompt_id"):
        assert f'name:\\"{field}\\"' in waiting


def test_the_sidebar_leads_to_each_session() -> None:
    assert "Sessions" in drawn(sidebar.sidebar(StageState.entries, StageState.text, StageState.text))


def test_how_full_a_window_is_is_said_in_words_too() -> None:
    ring = drawn(composer.ring(StageState.number, StageState.number))
    assert "tokens of the model" in ring
    assert "--full" in ring


def test_an_empty_page_leads_to_keys_starters_and_sessions() -> None:
    page = drawn(
        welcome.welcome(StageState.is_working, StageState.is_working, StageState.texts, StageState.entries)
    )
    for hook in ("/settings#keys", "data-starter", "recent"):
        assert hook in page
