"""A demo without a language model: a small planner that truly calls tools and answers from what they say."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from agent.config import Settings
from agent.core.events import Delta, DeltaKind, StepFinished
from agent.core.messages import Message, Part, Text, Thinking, ToolCall, ToolResult, Usage
from agent.core.provider import Abilities, AuthType, Credential, ModelEntry, Provider, Request, Said
from agent.providers._wires.parts import Fields, is_prompt

NAME = "demo"
SETTING = ""
KNOWN = ("scripted",)
ALIASES: dict[str, str] = {}

PACE = 0.002
"""Seconds a word takes."""
SLOW_PACE = 0.02
MOST_WORDS = 20_000
QUOTED = 5
"""Lines of a file that an answer quotes."""

GREETING = "I am Maestro’s demo model: no language model is behind me, but the tools I call are real. "
ABILITIES = """\
I understand a few plain sentences:

- `look around`
- `list files` or `list files in docs`
- `read notes.txt`, or two at once: `read a.txt and b.txt`
- `search for WORD` or `search for WORD in docs`
- `find files *.md`
- `write hello.txt with Some words` and `append to hello.txt Some words`
- `replace old with new in hello.txt`
- `run ls -l`, or beside the work: `start python3 -m http.server`
- `ask me something`
- `plan to write hello.txt with Some words`
- `count to 100`, or `count to 100 slowly`

Set a provider's key (see `.env.example`) to talk to a language model."""

TEXT_FILE = re.compile(r"[\w./-]*\w\.(?:txt|md|rst|py|toml|json|ya?ml|csv|html|css|js|ini|cfg)\b")
NOTE = re.compile(r"^\[.*\]$")
"""A tool's own remark among the lines it gives."""
MATCH = re.compile(r"^[^:\n]+:\d+[:-]", re.MULTILINE)


@dataclass(frozen=True)
class Turn:
    """What the planner knows: the words of the prompt and what came of its calls so far."""

    words: re.Match[str]
    done: tuple[tuple[ToolCall, ToolResult], ...] = ()

    @property
    def last(self) -> str:
        """The text of the latest result."""
        return self.done[-1][1].text


Call = tuple[str, Fields]
"""A tool's name and its arguments."""
Move = Callable[[Turn], list[Call]]
"""The calls of one step; none when there is nothing to call."""
Tell = Callable[[Turn], str]


@dataclass(frozen=True)
class Intent:
    """What a kind of prompt leads to: one move a step, then the answer."""

    prompt: re.Pattern[str]
    moves: tuple[Move, ...]
    tell: Tell


def credential(settings: Settings) -> Credential | None:  # noqa: ARG001 - needs no setting
    """The demo needs none."""
    return Credential(auth_type="none")


def auth_types(settings: Settings) -> tuple[AuthType, ...]:  # noqa: ARG001 - needs no setting
    """Nothing is needed, so nothing can be brought."""
    return ()


def base_url(settings: Settings) -> str:  # noqa: ARG001 - needs no setting
    """It is here."""
    return ""


def connect(credential: Credential) -> "ScriptedProvider":  # noqa: ARG001 - needs none
    """The demo."""
    return ScriptedProvider()


def describe(name: str) -> ModelEntry:
    """What there is to know of it.

    >>> describe("scripted").abilities.tools
    True
    """
    can = Abilities(tools=True, images=False, pdf=False, thinking=True, search=False)
    return ModelEntry(id=f"{NAME}:{name}", name="Demo (no language model)", abilities=can)


class ScriptedProvider(Provider):
    """Serves `scripted`."""

    name = NAME

    def __init__(self, pace: float = PACE) -> None:
        self._pace = pace
        """Seconds a word takes."""

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step: think, speak, and call tools while the plan has moves left."""
        parts = answer(request)
        pace = SLOW_PACE if self._pace and prompt_of(request.messages).endswith("slowly") else self._pace
        for part in parts:
            for delta in deltas(part):
                yield delta
                await asyncio.sleep(pace)
        message = Message(role="assistant", parts=tuple(parts))
        read = sum(len(message.text.split()) for message in request.messages)
        said = sum(1 for part in parts for _ in deltas(part))
        yield StepFinished(
            message=message,
            usage=Usage(input=read, output=said, cost=0.0),
            stop="tool_use" if message.calls else "end_turn",
        )

    async def models(self) -> list[ModelEntry]:
        """The one there is."""
        return [describe(KNOWN[0])]


def answer(request: Request) -> list[Part]:
    """What the demo says next.

    >>> from agent.core.messages import Text
    >>> hello = Message(role="user", parts=(Text(text="count to 2"),))
    >>> answer(Request(model="scripted", messages=(hello,)))[-1].text.endswith("w1 w2")
    True
    """
    intent, turn = plan(request.messages)
    calls = next_calls(intent, turn, frozenset(tool.name for tool in request.tools))
    is_known = turn.done or any(message.role == "assistant" for message in request.messages)
    greeting = "" if is_known else GREETING
    if not calls:
        return [Thinking(text="I have what I need."), Text(text=greeting + tell(intent, turn))]
    names = " and ".join(dict.fromkeys(call.name for call in calls))
    thought = Thinking(text=f"I matched “{turn.words[0]}”; the next move is {names}.")
    return [thought, *([Text(text=greeting)] if greeting else []), *calls]


def plan(messages: tuple[Message, ...]) -> tuple[Intent, Turn]:
    """The intent of the last prompt, and what has been done for it."""
    prompt = prompt_of(messages)
    for intent in INTENTS:
        if words := intent.prompt.search(prompt):
            return intent, Turn(words, done_since_prompt(messages))
    raise AssertionError  # the last intent takes every prompt


def prompt_of(messages: tuple[Message, ...]) -> str:
    """The last prompt; what stands before it in its message tells of other things.

    >>> prompt_of((Message(role="user", parts=(Text(text=" read a.txt "),)),))
    'read a.txt'
    """
    last = next((message for message in reversed(messages) if is_prompt(message)), None)
    said = [part.text for part in last.parts if isinstance(part, Text)] if last else []
    return said[-1].strip() if said else ""


def done_since_prompt(messages: tuple[Message, ...]) -> tuple[tuple[ToolCall, ToolResult], ...]:
    """Calls with their results since the last prompt."""
    start = max((at for at, message in enumerate(messages) if is_prompt(message)), default=0)
    calls = {call.id: call for message in messages[start:] for call in message.calls}
    return tuple(
        (calls[part.call_id], part)
        for message in messages[start + 1 :]
        for part in message.parts
        if isinstance(part, ToolResult) and part.call_id in calls
    )


def next_calls(intent: Intent, turn: Turn, offered: frozenset[str]) -> list[ToolCall]:
    """The calls of the next move; none when something went wrong, or a tool is not offered."""
    if any(result.outcome != "ok" for _, result in turn.done):
        return []
    made = 0
    for move in intent.moves:
        calls = move(turn)
        made += len(calls)
        if not calls or made > len(turn.done):
            return [call for call in map(tool_call, calls) if call.name in offered]
    return []


def tool_call(call: Call) -> ToolCall:
    """A call with an id of its own."""
    name, arguments = call
    return ToolCall(id=f"call_{uuid.uuid4().hex[:12]}", name=name, arguments=arguments)


def tell(intent: Intent, turn: Turn) -> str:
    """The answer: what went wrong, else what the results say."""
    for call, result in turn.done:
        if result.outcome == "rejected":
            return f"You did not let me use `{call.name}`, so I stop here. {result.text}".rstrip()
        if result.outcome != "ok":
            return f"`{call.name}` did not work ({result.outcome}): {result.text}"
    if intent.moves and not turn.done:
        return "I would need a tool for that which this session does not offer."
    return intent.tell(turn)


def deltas(part: Part) -> Iterator[Delta]:
    """A part in pieces: word by word.

    >>> [delta.text for delta in deltas(Text(text="one two"))]
    ['one ', 'two']
    """
    match part:
        case Text() | Thinking():
            kind: DeltaKind = "text" if isinstance(part, Text) else "thinking"
            for piece in re.findall(r"\S+\s*|^\s+", part.text):
                yield Delta(kind=kind, text=piece)
        case ToolCall():
            for piece in re.findall(r"\S+\s*", json.dumps(part.arguments)):
                yield Delta(kind="arguments", text=piece, call_id=part.id)
        case _:
            pass


def lines(text: str) -> list[str]:
    r"""The lines of a result that have words, free of the tool's own remarks.

    >>> lines("[Lines 1-2 of 9; read on with offset=3.]\nfirst\n\nsecond")
    ['first', 'second']
    """
    return [line for line in text.splitlines() if line.strip() and not NOTE.match(line)]


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "line"), counted(2, "line")
    ('1 line', '2 lines')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def quoted(text: str) -> str:
    """The first lines of a file as a quotation."""
    return "\n".join(f"> {line}" for line in lines(text)[:QUOTED])


def read_all(turn: Turn) -> list[Call]:
    """Read the files that the prompt names."""
    names = re.split(r"\s+and\s+|,\s*", turn.words["paths"])
    return [("read_file", {"path": name.strip("`'\" .")}) for name in names]


def read_first(turn: Turn) -> list[Call]:
    """Read the first text file that a listing names."""
    found = TEXT_FILE.search(turn.done[0][1].text) if turn.done else None
    return [("read_file", {"path": found[0]})] if found else []


def tell_file(call: ToolCall, result: ToolResult) -> str:
    """What stands in a file."""
    size = counted(len(lines(result.text)), "line")
    return f"`{call.arguments['path']}` has {size} with words. It begins:\n\n{quoted(result.text)}"


def tell_files(turn: Turn) -> str:
    """What was read."""
    return "\n\n".join(tell_file(call, result) for call, result in turn.done if call.name == "read_file")


EMPTY = "The folder is empty."


def tell_listing(turn: Turn) -> str:
    """What a listing shows."""
    names = lines(turn.last)
    if not names:
        return EMPTY
    return f"The folder holds {counted(len(names), 'thing')}:\n\n" + "\n".join(f"- {name}" for name in names)


def tell_tour(turn: Turn) -> str:
    """What a look around has shown."""
    names = lines(turn.done[0][1].text)
    if not names:
        return EMPTY
    found = tell_files(turn) or "There is no text file to read."
    return f"The folder holds {counted(len(names), 'thing')}. {found}"


def tell_matches(turn: Turn) -> str:
    """What a search has found."""
    found = MATCH.findall(turn.last)
    if not found:
        return f"Nothing matches “{turn.words['word']}”. The search says: {turn.last}"
    return f"I found {counted(len(found), 'matching line')}:\n\n```\n{turn.last.strip()}\n```"


def tell_change(turn: Turn) -> str:
    """What a change has made of a file."""
    changed = [result.text for call, result in turn.done if call.name in {"edit", "write_file"}]
    if not changed:
        return "I did not change the file: I could not see its end."
    return f"Done: {changed[0]}\n\nI read it back. {tell_file(*turn.done[-1])}"


def tell_count(turn: Turn) -> str:
    """Numbered words, for those who measure."""
    return " ".join(f"w{number}" for number in range(1, min(int(turn.words["number"]), MOST_WORDS) + 1))


def appended(turn: Turn) -> list[Call]:
    """Replace a file's last lines by themselves and more: an edit, so that nothing unseen is lost."""
    seen = turn.done[0][1].text if turn.done else ""
    if not seen or "read on with offset" in seen.partition("\n")[0]:
        return []
    path, text = turn.words["path"], turn.words["text"]
    if not lines(seen):
        return [("write_file", {"path": path, "content": text + "\n"})]
    end = "\n".join(seen.rstrip().splitlines()[-QUOTED:])
    return [("edit", {"path": path, "old_string": end, "new_string": f"{end}\n{text}"})]


def read_back(turn: Turn) -> list[Call]:
    """Read the file that was changed."""
    return [("read_file", {"path": turn.words["path"]})]


def intent(prompt: str, moves: tuple[Move, ...], tell: Tell) -> Intent:
    """An intent for prompts of this form."""
    return Intent(re.compile(prompt, re.IGNORECASE | re.DOTALL), moves, tell)


def listing(turn: Turn) -> list[Call]:
    """List the folder that the prompt names."""
    return [("list_directory", {"path": turn.words.groupdict().get("path") or "."})]


def search(turn: Turn) -> list[Call]:
    """Search for the word that the prompt names."""
    return [("grep", {"pattern": turn.words["word"], "path": turn.words["path"] or "."})]


def found_files(turn: Turn) -> list[Call]:
    """Find the files of the form that the prompt names."""
    return [("glob", {"pattern": turn.words["word"]})]


def written(turn: Turn) -> list[Call]:
    """Write the words of the prompt into a file."""
    return [("write_file", {"path": turn.words["path"], "content": turn.words["text"] + "\n"})]


def edited(turn: Turn) -> list[Call]:
    """Replace words in a file."""
    return [
        (
            "edit",
            {
                "path": turn.words["path"],
                "old_string": turn.words["old"],
                "new_string": turn.words["new"],
            },
        )
    ]


def run(turn: Turn) -> list[Call]:
    """Run the command line of the prompt, beside the work when it says `start`."""
    command = turn.words["command"].strip().strip("`")
    return [("shell", {"command": command, "background": turn.words["verb"].lower() == "start"})]


def tell_run(turn: Turn) -> str:
    """What a command has written."""
    return f"```\n{turn.last.strip()}\n```"


def asked(_turn: Turn) -> list[Call]:
    """Ask two questions."""
    colours: list[JsonValue] = [
        {"label": "Blue", "description": "like the sky"},
        {"label": "Green", "description": "like the grass"},
    ]
    days: list[JsonValue] = [{"label": day} for day in ("Monday", "Wednesday", "Friday")]
    questions: list[JsonValue] = [
        {"question": "Which colour shall it have?", "options": colours},
        {"question": "On which days?", "options": days, "multiple": True},
    ]
    return [("ask_user", {"questions": questions})]


def began_to_plan(_turn: Turn) -> list[Call]:
    """Enter plan mode."""
    return [("enter_plan_mode", {})]


def presented(turn: Turn) -> list[Call]:
    """Present what will be written, and where."""
    path = turn.words["path"]
    plan = f"1. Write `{path}` with the words “{turn.words['text']}”\n2. Read it back to check it"
    return [("exit_plan_mode", {"plan": plan})]


PATH = r"[`'\"]?(?P<path>[\w./-]*[\w/])[`'\"]?"
INTENTS = (
    intent(r"^(?P<verb>run|start) (?P<command>.+)", (run,), tell_run),
    intent(r"\bcount to (?P<number>\d+)", (), tell_count),
    intent(r"\bask me\b", (asked,), lambda turn: f"You replied:\n\n{turn.last}"),
    intent(
        rf"\bplan to (?:write|create)(?: a file| file)? {PATH} with (?P<text>.+)",
        (began_to_plan, presented, written, read_back),
        tell_change,
    ),
    intent(r"\blook around\b", (listing, read_first), tell_tour),
    intent(rf"\bappend(?: to)? {PATH}:? (?P<text>.+)", (read_back, appended, read_back), tell_change),
    intent(
        rf"\b(?:write|create)(?: a file| file)? {PATH} with (?P<text>.+)", (written, read_back), tell_change
    ),
    intent(
        rf"\breplace [`'\"]?(?P<old>.+?)[`'\"]? with [`'\"]?(?P<new>.+?)[`'\"]? in {PATH}",
        (edited, read_back),
        tell_change,
    ),
    intent(r"\bfind files? (?P<word>\S+)", (found_files,), tell_listing),
    intent(
        rf"\b(?:search|grep|find)(?: for)? [`'\"]?(?P<word>[^\s`'\"]+)[`'\"]?(?: in {PATH})?",
        (search,),
        tell_matches,
    ),
    intent(rf"\blist(?: the| all)?(?: files| folder| directory)?(?: in {PATH})?", (listing,), tell_listing),
    intent(
        r"\bread (?:the file |file )?(?P<paths>[\w./`-]+(?:(?:,\s*|\s+and\s+)[\w/`-]*[./][\w./`-]*)*)",
        (read_all,),
        tell_files,
    ),
    intent(r"", (), lambda _: ABILITIES),
)
"""Which prompt leads to which moves; the first that fits is taken."""
