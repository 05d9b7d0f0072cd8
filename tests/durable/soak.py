"""Hundreds of kills, for `make soak`: `python -m tests.durable.soak --kills 500`."""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.durable.cluster import Cluster
from tests.durable.conftest import LEASE, TEAM
from tests.durable.storm import Figures, storm
from tests.servers import new_database, postgres_programs, postgres_server, redis_server

SESSIONS = 8
AT_ONCE = 50
"""Kills of one storm; the next begins with fresh sessions, so that a breach is found near its cause."""


@contextmanager
def _alone(folder: Path) -> Iterator[tuple[Cluster, tuple[str, ...]]]:
    cluster = Cluster(folder)
    try:
        yield cluster, ("all",)
    finally:
        cluster.stop()


@contextmanager
def _team(folder: Path) -> Iterator[tuple[Cluster, tuple[str, ...]]]:
    programs = postgres_programs()
    if programs is None:
        sys.exit("PostgreSQL is not installed.")
    with postgres_server(programs) as server, redis_server() as redis:
        settings = {"REDIS_URL": redis.address, "MAESTRO_LEASE": LEASE}
        cluster = Cluster(folder, new_database(server), **settings)
        try:
            yield cluster, TEAM
        finally:
            cluster.stop()


async def _soak(cluster: Cluster, names: tuple[str, ...], rng: random.Random, kills: int) -> list[str]:
    breaches: list[str] = []
    while kills > 0:
        figures: Figures = await storm(cluster, rng, min(AT_ONCE, kills), SESSIONS, names)
        _say(str(figures))
        for breach in figures.breaches:
            _say(f"! {breach}")
        breaches += figures.breaches
        kills -= AT_ONCE
    return breaches


def main() -> None:
    """Kill, and end with 1 when a law was broken."""
    reading = argparse.ArgumentParser(
        description="Kills programs at random and looks whether every law holds."
    )
    reading.add_argument("--kills", type=int, default=500, help="for each of the two topologies")
    reading.add_argument("--place", choices=("alone", "team"), action="append", help="both when left out")
    reading.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    wanted = reading.parse_args()
    _say(f"--seed {wanted.seed}")
    breaches: list[str] = []
    places = {"alone": _alone, "team": _team}
    for name, place in places.items():
        if name not in (wanted.place or places):
            continue
        with tempfile.TemporaryDirectory(prefix="maestro-soak-") as folder:
            _say(f"{name}:")
            with place(Path(folder) / "data") as (cluster, names):
                cluster.start(*names)
                rng = random.Random(wanted.seed)  # noqa: S311  chance that can be had again
                breaches += asyncio.run(_soak(cluster, names, rng, wanted.kills))
    sys.exit(bool(breaches))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what it is run for


if __name__ == "__main__":
    main()
