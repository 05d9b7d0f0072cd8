"""Clusters to kill, made once for all tests of a worker: tests that share one have its mark."""

from collections.abc import Iterator

import pytest

from tests.durable.cluster import Cluster
from tests.servers import drop_database, new_database

TEAM = ("web1", "web2", "worker1", "worker2")
LEASE = "4"
"""Seconds after which a silent worker counts as dead; a loaded machine may hold one up for a while."""

ON_ALONE = pytest.param("alone", marks=pytest.mark.xdist_group("durable-alone"))
ON_STANDING = pytest.param("standing", marks=pytest.mark.xdist_group("durable-standing"))
ON_TEAM = pytest.param("team", marks=pytest.mark.xdist_group("durable-team"))


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Cluster:
    """One of the three, by its name."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def alone(shared_alone: Cluster) -> Cluster:
    """One program over SQLite."""
    shared_alone.complete("all")
    return shared_alone


@pytest.fixture
def standing(shared_standing: Cluster) -> Cluster:
    """One program over PostgreSQL, without Redis."""
    shared_standing.complete("all")
    return shared_standing


@pytest.fixture
def team(shared_team: Cluster) -> Cluster:
    """Two replicas of each role over PostgreSQL and Redis."""
    shared_team.complete(*TEAM)
    return shared_team


@pytest.fixture(scope="session")
def shared_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("alone") / "data")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def shared_standing(tmp_path_factory: pytest.TempPathFactory, postgres_address: str) -> Iterator[Cluster]:
    address = new_database(postgres_address)
    cluster = Cluster(tmp_path_factory.mktemp("standing") / "data", address)
    yield cluster
    cluster.stop()
    drop_database(address)


@pytest.fixture(scope="session")
def shared_team(
    tmp_path_factory: pytest.TempPathFactory, postgres_address: str, redis_address: str
) -> Iterator[Cluster]:
    address = new_database(postgres_address)
    settings = {"REDIS_URL": redis_address, "MAESTRO_LEASE": LEASE}
    cluster = Cluster(tmp_path_factory.mktemp("team") / "data", address, **settings)
    yield cluster
    cluster.stop()
    drop_database(address)
