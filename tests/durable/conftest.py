"""Clusters to kill: one program over SQLite, and replicas over PostgreSQL and Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durable.cluster import Cluster
from tests.servers import drop_database, new_database

TEAM = ("web1", "web2", "worker1", "worker2")
LEASE = 2.0
"""Seconds after which a silent worker counts as dead."""


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Cluster]:
    """One program, `all`, over SQLite; not started."""
    cluster = Cluster(tmp_path / "alone")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def shared_team(
    tmp_path_factory: pytest.TempPathFactory, postgres_address: str, redis_address: str
) -> Iterator[Cluster]:
    address = new_database(postgres_address)
    cluster = Cluster(
        tmp_path_factory.mktemp("team") / "data", address, REDIS_URL=redis_address, MAESTRO_LEASE=str(LEASE)
    )
    yield cluster
    cluster.stop()
    drop_database(address)


@pytest.fixture
def team(shared_team: Cluster) -> Cluster:
    """Two replicas of each role over PostgreSQL and Redis, all running."""
    shared_team.complete(*TEAM)
    return shared_team
