"""Whatever is killed whenever: nothing is lost, nothing comes twice, and everything ends."""

import random
from pathlib import Path

from tests.durable.cluster import Cluster
from tests.durable.conftest import LEASE, TEAM
from tests.durable.storm import storm


async def test_one_program_may_be_killed_at_any_time(tmp_path: Path, rng: random.Random) -> None:
    cluster = Cluster(tmp_path / "data")
    try:
        cluster.start("all")
        figures = await storm(cluster, rng, kills=10, sessions=4, names=("all",))
    finally:
        cluster.stop()
    print(figures)  # noqa: T201  shown when the test fails
    assert not figures.breaches


async def test_replicas_may_be_killed_at_any_time(
    tmp_path: Path, postgres: str, redis_url: str, rng: random.Random
) -> None:
    cluster = Cluster(tmp_path / "data", postgres, REDIS_URL=redis_url, MAESTRO_LEASE=LEASE)
    try:
        cluster.start(*TEAM)
        figures = await storm(cluster, rng, kills=10, sessions=4, names=TEAM)
    finally:
        cluster.stop()
    print(figures)  # noqa: T201  shown when the test fails
    assert not figures.breaches
