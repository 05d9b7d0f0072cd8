"""The first backend that held is the one; it is tried once."""

import asyncio

import pytest

from agent.tooling.sandbox import choosing
from agent.tooling.sandbox.choosing import Chooser


class Tried:
    """Backends of which some hold."""

    def __init__(self, **faults: tuple[str, ...]) -> None:
        self.faults = faults
        self.tried: list[str] = []

    async def __call__(self, backend: str) -> tuple[str, ...]:
        self.tried.append(backend)
        await asyncio.sleep(0)
        return self.faults.get(backend, ())


def missing(**reasons: str) -> dict[str, object]:
    return {name: lambda name=name: reasons.get(name, "") for name in ("bubblewrap", "landlock")}


@pytest.mark.parametrize(
    ("absent", "faults", "chosen", "tried"),
    [
        ({}, {}, "bubblewrap", ["bubblewrap"]),
        ({}, {"bubblewrap": ("it leaks",)}, "landlock", ["bubblewrap", "landlock"]),
        ({"bubblewrap": "not installed"}, {}, "landlock", ["landlock"]),
        ({"bubblewrap": "not installed"}, {"landlock": ("it leaks",)}, None, ["landlock"]),
    ],
)
async def test_the_first_that_holds_is_chosen(
    absent: dict[str, str],
    faults: dict[str, tuple[str, ...]],
    chosen: str | None,
    tried: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probe = Tried(**faults)
    monkeypatch.setattr(choosing, "probe", probe)
    monkeypatch.setattr(choosing, "_CANDIDATES", missing(**absent))
    chooser = Chooser()
    found = await asyncio.gather(chooser.choice(), chooser.choice())
    assert [each.backend for each in found] == [chosen, chosen]
    assert probe.tried == tried
    assert all(found[0].report[name] == (reason,) for name, reason in absent.items())
    await chooser.choice()
    assert probe.tried == tried


async def test_who_gives_up_waiting_does_not_end_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Tried()
    monkeypatch.setattr(choosing, "probe", probe)
    monkeypatch.setattr(choosing, "_CANDIDATES", missing())
    chooser = Chooser()
    impatient = asyncio.create_task(chooser.choice())
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await chooser.choice()).backend == "bubblewrap"
    assert probe.tried == ["bubblewrap"]
