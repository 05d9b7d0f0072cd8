"""A transcript's rows as the page draws them: words chosen, long texts cut."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import JsonValue

from agent.core.provider import ModelEntry, Standing
from agent.core.rules import Rule
from agent.core.todos import Todo
from agent.core.transcript import OPEN, Row
from agent.tooling import Job
from app.growing import chunks
from app.showing.calls import TELLINGS, UNKNOWN, came_to, ended, excerpt, fault
from app.showing.calls import subject as subject_of
from app.showing.changes import Change, change
from app.words import (
    ASKS,
    ASKS_BESIDE,
    DONE_OF,
    NEEDS_YOU,
    REASONS,
    SHAPES,
    STATUS,
    THOUGHT,
    THOUGHT_FOR,
    VERBS,
    WAITS,
    allowed_sentence,
    job_state,
    model_note,
    notice_sentence,
    rule_reach,
)
from app.words.transcript import OWN, duration, spent

PREVIEW = 1200
"""Characters of a tool's arguments or result that travel with its row."""
ASKING = ("question", "plan")
"""Reasons of calls that are there to ask a person."""
UNDONE = ("asking", "rejected", "cancelled", "unknown")
"""A call of which nobody may say that it was done."""
ACTS = {
    **dict.fromkeys(("auth", "key_missing", "key_missing_here"), ("keys", "models", "again")),
    **dict.fromkeys(
        ("rate", "quota", "overloaded", "resting", "network", "bad_request"), ("again", "models")
    ),
    **dict.fromkeys(("cut", "restart"), ("again",)),
    "context": ("new", "models"),
    "safety": ("models",),
}
"""What a person may do about an error that ended a turn."""
ENDS = {"max_tokens": ("again",), "max_steps": ("again",), "refusal": ("models",)}
"""And about another end."""
ENDED = ("ok", "failed")
"""A call that gave something back."""


@dataclass
class Link:
    """Something on the web."""

    url: str = ""
    title: str = ""


@dataclass
class Option:
    """A reply to choose."""

    name: str = ""
    """Of its field in the form."""
    label: str = ""
    description: str = ""


@dataclass
class Question:
    """What the agent asks the person."""

    name: str = ""
    """Of its fields in the form begin with it."""
    text: str = ""
    is_multiple: bool = False
    options: list[Option] = field(default_factory=list["Option"])


@dataclass
class Shape:
    """A kind of rule to choose."""

    id: str = ""
    label: str = ""


@dataclass
class Call:
    """A call as its card draws it."""

    id: str = ""
    call_id: str = ""
    status: str = ""
    label: str = ""
    """The status in a word or two."""
    title: str = ""
    """What it does, in words."""
    subject: str = ""
    """What it does it to."""
    meta: str = ""
    """What it came to: how much, how long."""
    fault: str = ""
    """The line that says best what went wrong."""
    detail: str = ""
    """What it was asked for."""
    text: str = ""
    """What it gave back, or any other row's words."""
    diff: str = ""
    """The change of a file, as a unified diff without names."""
    marks: str = ""
    """The words in it that differ."""
    raw: str = ""
    """Its arguments as they were written."""
    allowed: str = ""
    """Who or what let it run."""
    is_open: bool = False
    is_cut: bool = False
    """Whether it gave back more than the card shows."""
    since: str = ""
    """While it runs: since when, in ISO's form."""


@dataclass
class Shown(Call):
    """One row of the page."""

    kind: str = ""
    """user, text, thinking, tool, group or notice."""
    chunks: list[str] = field(default_factory=list[str])
    """An answer's Markdown, in pieces that are drawn one by one."""
    inks: list[str] = field(default_factory=list[str])
    """The colours of the code in each of them."""
    sources: list[Link] = field(default_factory=list["Link"])
    """Where an answer comes from."""
    can_be_edited: bool = False
    """Whether it is a person's own prompt, to be said anew."""
    spent: str = ""
    """What its turn has used, with the turn's last words."""
    at: str = ""
    """When its turn ended, in ISO's form; of a prompt, when it was begun."""
    turn_id: str = ""
    acts: list[str] = field(default_factory=list[str])
    """What a person may do about a notice."""
    looks: str = ""
    """What a call looked at that went well and changed nothing."""
    looked: list[Call] = field(default_factory=list["Call"])
    """The calls of a group."""
    approval_id: str = ""
    reason: str = ""
    asks: str = ""
    """question or plan, where the call is there to ask a person."""
    questions: list[Question] = field(default_factory=list["Question"])
    steps: list[str] = field(default_factory=list[str])
    """The simple commands a line would run."""
    always: str = ""
    """The rule that “always” sets up, in words; empty where nothing may hold for always."""
    shapes: list[Shape] = field(default_factory=list["Shape"])
    """The rules to choose from."""


@dataclass
class Beside:
    """A program that runs beside the work."""

    number: int = 0
    command: str = ""
    label: str = ""
    """How it is, in a word or two."""
    tail: str = ""
    is_running: bool = False


@dataclass
class Doing:
    """One thing to be done."""

    text: str = ""
    status: str = ""
    """pending, in_progress or done."""


def progress(todos: Sequence[Todo]) -> str:
    """How far a list is.

    >>> progress([Todo(content="a", status="done"), Todo(content="b", status="in_progress")])
    '1 of 2 done: b'
    """
    if not todos:
        return ""
    now = next((f": {one.content}" for one in todos if one.status == "in_progress"), "")
    return DONE_OF.format(done=sum(one.status == "done" for one in todos), all=len(todos)) + now


@dataclass
class Choice:
    """A model to pick."""

    id: str = ""
    note: str = ""
    """What there is to know of it, in a few words."""
    is_down: bool = False
    """Whether its provider failed again and again just now."""


def choices(models: Iterable[ModelEntry], standings: Iterable[Standing]) -> list[Choice]:
    """The models as they are offered.

    >>> choices([ModelEntry(id="openai:gpt", name="gpt", context_window=400_000)], [])[0].note
    '400k tokens'
    """
    resting = {one.provider: one.rests_for for one in standings if one.rests_for}
    found: list[Choice] = []
    for model in models:
        rests_for = resting.get(model.id.partition(":")[0], 0)
        found.append(Choice(id=model.id, note=model_note(model, rests_for), is_down=rests_for > 0))
    return found


@dataclass
class Entry:
    """One session in the list beside the page."""

    id: str = ""
    name: str = ""
    href: str = ""
    heading: str = ""
    """Of the group that begins with it."""
    how: str = ""
    """running or needs_me; empty while it rests."""
    label: str = ""
    """The same in words."""
    at: str = ""
    """When it was used last, in ISO's form."""


def shown(row: Row) -> Shown:
    """A row as the page draws it.

    >>> shown(Row(id="1", kind="tool", title="grep", status="ok", values={"pattern": "x"})).title
    'Searched'
    """
    match row.kind:
        case "tool":
            return _tool(row)
        case "text":
            links = [Link(one.url, one.title or one.url) for one in row.sources if is_web(one.url)]
            used = spent(row.usage, row.seconds) if row.usage else ""
            pieces = chunks(row.text)
            return Shown(
                row.id,
                kind="text",
                chunks=pieces,
                inks=[""] * len(pieces),
                sources=links,
                spent=used,
                at=row.at.isoformat() if row.at else "",
                turn_id=row.turn_id,
            )
        case "thinking":
            return Shown(id=row.id, kind="thinking", text=row.text, title=_thought(row.seconds))
        case "notice":
            sentence = notice_sentence(row.title, row.text, row.values)
            acts = ACTS.get(row.text or "error") if row.title == "error" else ENDS.get(row.title)
            return Shown(id=row.id, kind="notice", text=sentence, acts=[*(acts or ())], turn_id=row.turn_id)
        case _:
            label = WAITS.get(row.status, "")
            is_first = row.kind == "user" and row.id == row.turn_id
            return Shown(
                id=row.id,
                kind=row.kind,
                text=row.text,
                status=row.status,
                label=label,
                can_be_edited=is_first,
                at=row.at.isoformat() if row.at else "",
            )


def _thought(seconds: float | None) -> str:
    """The line of a thought; what took less than a second says nothing of time."""
    return THOUGHT_FOR.format(duration=duration(seconds)) if seconds and seconds >= 1 else THOUGHT


def is_web(url: str) -> bool:
    """Whether an address may become a link.

    >>> is_web("https://example.org/a"), is_web("javascript:alert(1)")
    (True, False)
    """
    return url.startswith(("https://", "http://"))


def _tool(row: Row) -> Shown:
    asking = row.status == "asking"
    changed = change(row)
    given = excerpt(row.text)
    return Shown(
        id=row.id,
        kind="tool",
        text="" if changed and row.status == "ok" else given,
        is_cut=row.status in ENDED and not changed and given != row.text,
        status=row.status,
        label=_label(row),
        title=_title(row),
        subject=subject_of(row.title, row.values),
        meta=came_to(row, changed),
        fault=fault(row),
        detail="" if changed and not asking else detail(row.values, PREVIEW * 4 if asking else PREVIEW),
        diff=changed.text if changed else "",
        marks=changed.marks if changed else "",
        raw=preview(json.dumps(row.values, ensure_ascii=False, indent=1)) if row.values else "",
        allowed=allowed_sentence(row.allowed_by, row.rule),
        is_open=_is_open(row, changed),
        call_id=row.call_id,
        since=row.at.isoformat() if row.at and row.status == "running" else "",
        looks=TELLINGS.get(row.title, UNKNOWN).looks if row.status == "ok" else "",
        **(_asking(row) if asking else {}),
    )


def _asking(row: Row) -> dict[str, Any]:
    """What a call needs to be answered."""
    asks = row.reason if row.reason in ASKING else ""
    return {
        "approval_id": row.approval_id,
        "reason": REASONS.get(row.reason, row.reason),
        "asks": asks,
        "questions": questions(row.values) if asks == "question" else [],
        "chunks": chunks(str(row.values.get("plan", ""))) if asks == "plan" else [],
        "steps": [*row.steps] if len(row.steps) > 1 else [],
        "always": rule_reach(in_session(row.offers[0].rule)) if row.offers else "",
        "shapes": [Shape(offer.shape, SHAPES[offer.shape]) for offer in row.offers],
    }


def _title(row: Row) -> str:
    done, doing = VERBS.get(row.title, (row.title, row.title))
    if row.is_own:
        done, doing = OWN.get(row.title, (done, doing))
    asks = ASKS_BESIDE if row.values.get("background") is True else ASKS.get(row.title, done)
    return {"running": doing, **dict.fromkeys(UNDONE, asks)}.get(row.status, done)


def _label(row: Row) -> str:
    if row.status == "asking" and row.reason in ASKING:
        return NEEDS_YOU
    return ended(row) if row.status == "failed" and ended(row) else STATUS.get(row.status, row.status)


def _is_open(row: Row, changed: Change | None) -> bool:
    """Whether a card is open before anybody has opened or closed it."""
    if row.is_own:
        return row.status not in OPEN  # whoever ran it wants to read what came of it
    is_seen = changed is not None and not changed.is_large and row.status == "ok"
    return is_seen or row.status in {"failed", "unknown"}


def in_session(rule: Rule) -> Rule:
    """A rule as “always” sets it up when nobody picks anything: for this session."""
    return rule.model_copy(update={"session_id": "this"})


def questions(arguments: dict[str, JsonValue]) -> list[Question]:
    """The questions of a call that asks the person.

    >>> asked = {"question": "Which?", "options": [{"label": "A"}, {"label": "B"}]}
    >>> [option.name for option in questions({"questions": [asked]})[0].options]
    ['q0', 'q0']
    """
    found: list[Question] = []
    for number, asked in enumerate(_fields(arguments.get("questions"))):
        is_multiple = bool(asked.get("multiple"))
        options = [
            Option(
                name=f"q{number}.{place}" if is_multiple else f"q{number}",
                label=str(option.get("label", "")),
                description=str(option.get("description", "")),
            )
            for place, option in enumerate(_fields(asked.get("options")))
        ]
        found.append(Question(f"q{number}", str(asked.get("question", "")), is_multiple, options))
    return found


def _fields(value: object) -> list[dict[str, JsonValue]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, JsonValue]", item) for item in items if isinstance(item, dict)]


def detail(arguments: dict[str, JsonValue], most: int) -> str:
    r"""What a call asks for: the text it writes or changes as it is, else its arguments.

    >>> detail({"path": "a", "old_string": "x", "new_string": "y"}, 99)
    '- x\n+ y'
    """
    if "old_string" in arguments or "new_string" in arguments:
        old = _marked("- ", str(arguments.get("old_string", "")))
        return preview(old + _marked("+ ", str(arguments.get("new_string", ""))), most).rstrip("\n")
    if isinstance(content := arguments.get("content"), str):
        return preview(content, most)
    if isinstance(command := arguments.get("command"), str):
        return preview(command, most) if command != subject_of("shell", arguments) else ""
    if list(arguments.values()) in ([], [subject_of("", arguments)]):
        return ""  # the card's own line says it all
    return preview(json.dumps(arguments, ensure_ascii=False, indent=1), most)


def _marked(mark: str, text: str) -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())


def preview(text: str, most: int = PREVIEW) -> str:
    r"""The beginning and the end of a long text.

    >>> preview("abcdef", 4)
    'ab\n… 2 characters …\nef'
    """
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters …\n{text[-half:]}"


def beside(jobs: Iterable[Job]) -> list[Beside]:
    """Jobs as the page shows them: those that run, and those that ended last."""
    return [Beside(job.number, job.command, job_state(job), job.tail, job.state == "running") for job in jobs]
