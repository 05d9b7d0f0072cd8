"""What must hold of a session whatever was killed: each function gives the breaches it finds, in words."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.durable import records
from tests.durable.cluster import Cluster
from tests.durable.effects import Effect
from tests.durable.histories import told_by_log
from tests.durable.records import Record
from tests.durable.screens import Screen

WITHIN = {"StepFinished", "ToolCallStarted", "ToolCallFinished", "ApprovalRequested"}
"""What happens while its turn runs, and at no other time."""


def breaches(cluster: Cluster, session: str, screens: Iterable[Screen] = ()) -> list[str]:
    """All that is wrong with a session in which nothing runs any more."""
    log = records.log(cluster.database, session)
    effects = cluster.effects.all()
    return [
        *_numbers(log, records.last_seq(cluster.database, session)),
        *_turns(log),
        *_calls(log),
        *_approvals(log),
        *_tools(log, effects),
        *_histories(log, effects),
        *(breach for screen in screens for breach in _screen(screen, log)),
    ]


def _numbers(log: list[Record], last: int) -> Iterator[str]:
    if [record.seq for record in log] != list(range(1, last + 1)):
        yield f"the numbers are {[record.seq for record in log]}, the last is {last}"


def _turns(log: list[Record]) -> Iterator[str]:
    """Turns follow each other: one beginning, one end, and nothing of a turn outside of them."""
    running, over = "", set[str]()
    for record in log:
        if record.type == "TurnStarted":
            if running or record.turn_id in over:
                yield f"{record.seq}: {record.turn_id} begins while {running or 'nothing'} runs"
            running = record.turn_id
        elif record.type == "TurnFinished":
            if record.turn_id != running:
                yield f"{record.seq}: {record.turn_id} ends while {running or 'nothing'} runs"
            over.add(record.turn_id)
            running = ""
        elif record.turn_id in over or (record.type in WITHIN and record.turn_id != running):
            yield f"{record.seq}: {record.type} of {record.turn_id} while {running or 'nothing'} runs"
    if running:
        yield f"{running} has no end"


def _calls(log: list[Record]) -> Iterator[str]:
    """Every call has one result, after it; no call starts twice, and none that is over."""
    results = Counter[str]()
    begun = Counter[str]()
    made: list[str] = []
    for record in log:
        match record.type:
            case "StepFinished":
                if missing := [call for call in made if not results[call]]:
                    yield f"{record.seq}: the model was asked while {missing} had no result"
                made += [part["id"] for part in record.body["message"]["parts"] if part["type"] == "ToolCall"]
            case "ToolCallStarted":
                call = record.body["call"]["id"]
                begun[call] += 1
                if results[call] or call not in made:
                    yield f"{record.seq}: {call} starts when it may not"
            case "ToolCallFinished":
                results[record.body["result"]["call_id"]] += 1
            case _:
                pass
    yield from (f"{call} has {results[call]} results" for call in made if results[call] != 1)
    yield from (f"{call} starts {times} times" for call, times in begun.items() if times > 1)


def _approvals(log: list[Record]) -> Iterator[str]:
    """What a person is asked about runs once they allowed it; they are asked and answer once."""
    asked: dict[str, str] = {}
    answers: dict[str, str] = {}
    for record in log:
        match record.type:
            case "ApprovalRequested":
                if record.body["call"]["id"] in asked:
                    yield f"{record.seq}: asked again about {record.body['call']['id']}"
                asked[record.body["call"]["id"]] = record.body["approval_id"]
            case "ApprovalGiven":
                if record.body["approval_id"] in answers:
                    yield f"{record.seq}: {record.body['approval_id']} is answered again"
                answers[record.body["approval_id"]] = record.body["answer"]
            case "ToolCallStarted":
                call = record.body["call"]["id"]
                if call in asked and answers.get(asked[call]) != "allow_once":
                    yield f"{record.seq}: {call} starts, the answer was {answers.get(asked[call])}"
            case _:
                pass


def _tools(log: list[Record], effects: list[Effect]) -> Iterator[str]:
    """What was done is what the log says was done."""
    done = Counter((effect.kind, effect.name) for effect in effects)
    results = {
        record.body["result"]["call_id"]: record.body["result"]["outcome"]
        for record in log
        if record.type == "ToolCallFinished"
    }
    for record in log:
        if record.type != "ToolCallStarted":
            continue
        call, effect = record.body["call"], record.body["effect"]
        name, outcome = call["arguments"].get("name", ""), results.get(call["id"])
        starts, ends = done["START", name], done["END", name]
        if effect == "once" and starts > 1:
            yield f"{name} ran {starts} times ({outcome})"
        if outcome == "ok" and not ends:
            yield f"{name} is told to be done and was not"
        if effect == "once" and ends and outcome not in {"ok", "unknown"}:
            yield f"{name} was done and is told to be {outcome}"
        if effect != "once" and outcome == "unknown":
            yield f"{name} is {effect} and was not repeated"


def _histories(log: list[Record], effects: list[Effect]) -> Iterator[str]:
    """What the model was given for a step is what the log holds before that step."""
    for place, record in enumerate(log):
        if record.type != "TurnStarted":
            continue
        label = record.script.get("name")
        told = _told(log, place)
        for effect in effects:
            name, _, number = effect.name.rpartition("/")
            if effect.kind != "MODEL" or name != label:
                continue
            if int(number) >= len(told) or told[int(number)] != effect.note:
                yield f"the model was given another history for {effect.name} than the log's"


def _told(log: list[Record], place: int) -> list[str]:
    """The hash of the history due at each step of the turn that begins at a place."""
    before = [record.body for record in log[: place + 1]]
    hashes: list[str] = []
    for record in log[place + 1 :]:
        if record.type in {"StepFinished", "TurnFinished"}:
            hashes.append(told_by_log(before))
        if record.type == "TurnFinished":
            break
        before.append(record.body)
    return hashes


def _screen(screen: Screen, log: list[Record]) -> Iterator[str]:
    yield from screen.breaches
    if [(record.seq, record.text) for record in screen.records] != [
        (record.seq, record.text) for record in log
    ]:
        yield f"a screen shows {len(screen.records)} events, the database has {len(log)}"
