"""What every test stands on: no outside network, no outside settings, its own databases, a printed seed."""

import gc
import ipaddress
import os
import random
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis

from agent import config
from tests.servers import (
    PostgresServer,
    RedisServer,
    drop_database,
    new_database,
    own_postgres_server,
    postgres_programs,
    postgres_server,
    redis_server,
)
from tests.tracing import pytest_collection, pytest_pyfunc_call, pytest_runtest_protocol  # noqa: F401  hooks

ACCEPTANCE = "MAESTRO_ACCEPTANCE_DATA"
IN_CI = bool(os.environ.get("CI") or os.environ.get(ACCEPTANCE))
"""Where everything is at hand, so that what is missing is a fault and not a reason to skip."""

hypothesis.settings.register_profile("all", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("all"), max_examples=50)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "all"))


def _is_near(host: object) -> bool:
    """Whether an address or name is this machine's own."""
    name = (host.decode() if isinstance(host, bytes) else str(host or "localhost")).partition("%")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def _is_address(host: object) -> bool:
    """Whether it is a number, so that nobody is asked for it."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what leaves this machine; not an OSError, which code under test would take for weather."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[-1]
        if isinstance(address, tuple) and not _is_near(address[0]):
            raise RuntimeError(f"A test may not reach {address[0]}; only loopback is open.")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
        if not (_is_near(host) or _is_address(host)):
            raise RuntimeError(f"A test may not look up {host}; only localhost is known.")


sys.addaudithook(_stay_here)


def _is_outside(name: str) -> bool:
    """Whether a variable of the developer's own would change what a test sees."""
    settings = {field.upper() for field in config.Settings.model_fields}
    name = name.upper()
    return name != ACCEPTANCE and (
        name in settings or name.startswith("MAESTRO_") or name.endswith("_API_KEY")
    )


for _name in filter(_is_outside, list(os.environ)):
    del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="the seed of the `rng` fixture, as an earlier run printed it")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(2**32)
    if getattr(config.option, "dist", "no") == "no":  # what hands out tests to workers collects none
        gc.disable()


def pytest_collection_finish() -> None:
    """What was imported and collected stays; to look for garbage in it would take a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long groups first, lest one worker be left with them; and what root may not do to the second run."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
    if os.geteuid() == 0:
        others = [item for item in items if item.get_closest_marker("unprivileged")]
        items[:] = [item for item in items if not item.get_closest_marker("unprivileged")]
        config.hook.pytest_deselected(items=others)


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.option.seed} (repeat with --seed {config.option.seed})"


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance that can be had again: from the run's seed and the test's own name."""
    print(f"--seed {request.config.option.seed}")  # noqa: T201  shown when the test fails
    return random.Random(f"{request.config.option.seed} {request.node.nodeid}")  # noqa: S311


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No `.env` of the clone, no settings of the test before."""
    monkeypatch.chdir(tmp_path)
    config.settings.cache_clear()
    yield
    config.settings.cache_clear()


def _missing(reason: str) -> None:
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def acceptance_data() -> Path:
    """The folder with recordings and cases of other projects, which are not ours to keep."""
    folder = os.environ.get(ACCEPTANCE)
    if not folder:
        pytest.skip(f"{ACCEPTANCE} names no folder")
    if not Path(folder).is_dir():
        pytest.fail(f"{ACCEPTANCE}={folder} is no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A PostgreSQL server of this worker."""
    programs = postgres_programs()
    if programs is None:
        _missing("PostgreSQL is not installed")
        return
    with postgres_server(programs) as address:
        yield address


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test alone, which may stop it."""
    programs = postgres_programs()
    if programs is None:
        _missing("PostgreSQL is not installed")
        return
    with own_postgres_server(programs) as server:
        yield server


@pytest.fixture
def postgres(postgres_address: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database: `postgresql://…`."""
    address = new_database(postgres_address)
    yield address
    drop_database(address)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database of each kind we support."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'app.db'}"
    return request.getfixturevalue("postgres")


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    """A Redis server of this worker."""
    if not shutil.which("redis-server"):
        _missing("Redis is not installed")
    with redis_server() as server:
        yield server.address


@pytest.fixture
def redis_url(redis_address: str) -> str:
    """An empty Redis: `redis://…`."""
    with redis.Redis.from_url(redis_address) as client:
        client.flushall()
    return redis_address


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis server of this test alone, which may stop it."""
    if not shutil.which("redis-server"):
        _missing("Redis is not installed")
    with redis_server() as server:
        yield server
