"""Servers that others wrote to speak the providers' formats: started when asked for, on loopback."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.servers import free_port

PEERS = Path(__file__).parents[2] / ".tools" / "peers"
AIMOCK = PEERS / "aimock" / "node_modules" / ".bin" / "llmock"
LITELLM = PEERS / "litellm" / "bin" / "litellm"
ANSWERS = Path(__file__).with_name("answers.json")
START = 90.0
"""Seconds a server may take until it answers; litellm reads much at its start."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "peers: against servers of others; asked for with `make peers`")


@pytest.fixture(scope="session", autouse=True)
def _asked_for(request: pytest.FixtureRequest) -> None:
    if "peers" not in request.config.getoption("markexpr"):
        pytest.skip("asked for with `make peers`")
    if not (AIMOCK.exists() and LITELLM.exists()):
        pytest.skip("tools/install-peers installs them")


@contextmanager
def served(log: Path, port: int, health: str, *command: str | Path, **variables: str) -> Iterator[str]:
    """A server's address, while it is there; what it says goes to the log."""
    address = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.environ["PATH"], "HOME": str(log.parent), **variables}
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=environment) as server,
    ):
        try:
            _wait(server, f"{address}{health}", log)
            yield address
        finally:
            server.terminate()


def _wait(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx2.get(address, timeout=2).status_code < 500:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail(f"It did not start: {log.read_text('utf-8', 'replace')[-2000:]}")


@contextmanager
def aimock(folder: Path, *flags: str) -> Iterator[str]:
    """An aimock with our answers."""
    port = free_port()
    command = (AIMOCK, "-h", "127.0.0.1", "-p", str(port), "-f", ANSWERS, "--validate-on-load", "-l", "5")
    with served(folder / "aimock.log", port, "/health", *command, *flags) as address:
        yield address


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with aimock(tmp_path_factory.mktemp("aimock")) as address:
        yield address


@pytest.fixture(scope="session")
def proxy(mock: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A litellm that asks aimock: `chat` as a server of Chat Completions, `claude` as Anthropic."""
    folder = tmp_path_factory.mktemp("litellm")
    upstreams = {
        "chat": {"model": "hosted_vllm/gpt-5.5", "api_key": "sk-x", "api_base": f"{mock}/v1"},
        "claude": {"model": "anthropic/claude-opus-5", "api_key": "sk-x", "api_base": mock},
    }
    listed = [{"model_name": name, "litellm_params": upstream} for name, upstream in upstreams.items()]
    patience = {"num_retries": 0, "disable_cooldowns": True}
    (folder / "config.yaml").write_text(json.dumps({"model_list": listed, "router_settings": patience}))
    port = free_port()
    command = (LITELLM, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(port))
    with served(
        folder / "litellm.log",
        port,
        "/health/liveliness",
        *command,
        # It would refuse to start without a key of its own, and fetch prices.
        LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY="true",
        LITELLM_LOCAL_MODEL_COST_MAP="True",
    ) as address:
        yield address
