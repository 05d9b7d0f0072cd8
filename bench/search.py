"""Searching 100,000 events, and what the index costs each append: `python -m bench.search [EVENTS] [sqlite] [postgresql]`."""

import asyncio
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import insert

from agent import sessions
from agent.config import Settings
from agent.core.events import StepFinished, ToolCallFinished, TurnFinished, TurnStarted
from agent.core.identity import User
from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.core.search_query import words
from agent.sessions import log
from agent.store import migrations, search
from agent.store.columns import new_id
from agent.store.engine import connect, disconnect, writing
from agent.store.sessions import EventRow, SessionRow
from agent.store.users import UserRow
from tests.servers import new_database, postgres_programs, postgres_server

SESSIONS, PEOPLE = 500, 5
CHANCE = random.Random(7)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = list(
    dict.fromkeys("".join(CHANCE.choices(LETTERS, k=CHANCE.randint(2, 11))) for _ in range(30_000))
)
WEIGHTS = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(VOCABULARY))))
"""As in a language: a few words are in nearly every text, most in very few."""


def said(least, most):
    return " ".join(CHANCE.choices(VOCABULARY, cum_weights=WEIGHTS, k=CHANCE.randint(least, most)))


def turn():
    """The six events of a turn with one tool call."""
    turn_id, call = new_id(), ToolCall(id=new_id(), name="shell", arguments={"command": said(3, 12)})
    yield TurnStarted(turn_id=turn_id, prompt=(Text(text=said(5, 60)),), model="m", mode="ask")
    step = Message(role="assistant", parts=(Text(text=said(5, 40)), call))
    yield StepFinished(turn_id=turn_id, message=step, stop="tool_use")
    yield ToolCallFinished(
        turn_id=turn_id, result=ToolResult(call_id=call.id, outcome="ok", text=said(20, 400))
    )
    answer = Message(role="assistant", parts=(Text(text=said(40, 250)),))
    yield StepFinished(turn_id=turn_id, message=answer, stop="end_turn")
    yield TurnFinished(turn_id=turn_id, reason="end_turn")


async def fill(people, count):
    """Many sessions, whose turns come mixed."""
    rows = [
        SessionRow(
            id=new_id(),
            user_id=people[n % len(people)].id,
            name=said(2, 5),
            model="m",
            mode="ask",
            workspace="/w",
        )
        for n in range(SESSIONS)
    ]

    def begin(store):
        store.add_all(rows)
        store.flush()
        for row in rows:
            search.entitle(store, row.id, row.name)

    await writing(begin)
    seqs = dict.fromkeys((row.id for row in rows), 0)
    for _ in range(count // 5000):
        events, passages = [], []
        for _ in range(1000):
            session_id = CHANCE.choice(rows).id
            for event in turn():
                seqs[session_id] += 1
                at = {"session_id": session_id, "seq": seqs[session_id]}
                events.append(
                    {
                        **at,
                        "key": new_id(),
                        "turn_id": event.turn_id,
                        "type": event.type,
                        "body": event.model_dump(mode="json"),
                        "at": event.at,
                    }
                )
                passages += [
                    {
                        **at,
                        "part": one.part,
                        "kind": one.kind,
                        "words": [word.text for word in words(one.text)],
                    }
                    for one in search.passages(event)
                ]

        def some(store, events=events, passages=passages):
            store.connection().execute(insert(EventRow), events)
            store.connection().execute(insert(search.PassageRow), passages)

        await writing(some)


def asked():
    """What people type: rare and common words, two of them, phrases, beginnings, without one."""
    rare = VOCABULARY[CHANCE.randint(2000, 20_000)]
    middle = VOCABULARY[CHANCE.randint(50, 2000)]
    common = VOCABULARY[CHANCE.randint(0, 50)]
    return {
        "a rare word": f"{rare} ",
        "a common word": f'"{common}"',
        "two common words": f'"{common}" "{middle}"',
        "a phrase": f'"{common} {middle}"',
        "two letters": rare[:2],
        "three letters": rare[:3],
        "one letter": rare[:1],
        "without a word": f'"{middle}" -{common}',
        "a common and a rare one": f"{common} {rare}",
    }


async def measure(user):
    """Wall time, and the process's own CPU time beside it: neighbours are felt in the first alone."""
    doors = {"": lambda q: sessions.search(user, q), ", sessions": lambda q: sessions.mine(user, q)}
    times = {}
    for _ in range(20):
        for (kind, q), (door, ask) in itertools.product(asked().items(), doors.items()):
            began = time.perf_counter(), time.process_time()
            await ask(q)
            took = (time.perf_counter() - began[0]) * 1000, (time.process_time() - began[1]) * 1000
            times.setdefault(kind + door, []).append(took)
    times["all searches"] = [one for kind in asked() for one in times[kind]]
    for kind, each in times.items():
        wall, own = (sorted(column) for column in zip(*each, strict=True))
        p95 = int(len(each) * 0.95)
        print(
            f"  {kind:36} p50 {statistics.median(wall):7.1f}  p95 {wall[p95]:7.1f} ms; own CPU {statistics.median(own):6.1f}  {own[p95]:6.1f} ms"
        )


async def appending(user):
    """The time of an append with the index and without, by turns."""
    session = await sessions.create(user, model="demo:scripted")
    index, ways = search.index, ("with", "without")
    times = {way: [] for way in ways}
    for _ in range(60):
        for way in ways:
            search.index = index if way == "with" else (lambda *_: None)
            for event in turn():
                began = time.perf_counter(), time.process_time()
                await log.append(session.id, event)
                took = (time.perf_counter() - began[0]) * 1000, (time.process_time() - began[1]) * 1000
                times[way].append((type(event).__name__, *took))
    search.index = index
    for name in [None, *dict.fromkeys(one[0] for one in times["with"])]:
        wall, own = (
            {
                way: statistics.median(one[at] for one in times[way] if name in (None, one[0]))
                for way in ("without", "with")
            }
            for at in (1, 2)
        )
        print(
            f"  append {name or 'any':20} {wall['without']:.2f} -> {wall['with']:.2f} ms; own CPU {own['without']:.2f} -> {own['with']:.2f} ms"
        )


async def run(settings, count):
    migrations.migrate(settings.database)
    connect(settings.database)
    people = [
        User(id=new_id(), email=f"{n}@example.org", name=str(n), provider="test") for n in range(PEOPLE)
    ]
    await writing(
        lambda store: store.add_all([UserRow(**one.model_dump(), provider_uid=one.id) for one in people])
    )
    began = time.perf_counter()
    await fill(people, count)
    print(f"  filled in {time.perf_counter() - began:.0f} s")
    await writing(
        lambda store: store.connection().exec_driver_sql("ANALYZE")
    )  # as PostgreSQL does by itself soon
    print(f"  load average {os.getloadavg()[0]:.0f}")
    await measure(people[0])
    await appending(people[0])
    await disconnect()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    kinds = sys.argv[2:] or ["sqlite", "postgresql"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for kind in kinds:
            address = f"sqlite:///{folder / 'app.db'}"
            if kind == "postgresql":
                address = new_database(stack.enter_context(postgres_server(postgres_programs())))
            print(f"{kind}, {count:,} events of {PEOPLE} people")
            asyncio.run(run(Settings(database_url=address, maestro_data_dir=folder, _env_file=None), count))


if __name__ == "__main__":
    main()
