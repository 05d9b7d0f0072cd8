"""Death in the narrowest moment: an event is stored, and nobody has heard of it yet."""

import os
import signal
import time
from pathlib import Path

from agent.core.events import Event, Live
from agent.sessions.stream.bus import Bus
from tests.durable.effects import FILE, PATIENCE

SUFFIX = ".dies"


def await_death(effects: Path, event: str) -> None:
    """Let whichever program stores the next event of this type die of it, once."""
    _file(effects).write_text(event)


def is_awaited(effects: Path) -> bool:
    """Whether nobody has died of it yet."""
    return _file(effects).exists()


def make_mortal() -> None:
    """Let this program die when it is told to: all that is stored is then published, here."""
    publish = Bus.publish
    orders = _file(Path(os.environ[FILE]))

    def published(bus: Bus, session_id: str, seq: int | None, event: Event | Live) -> None:
        if seq is not None and orders.exists() and orders.read_text() == type(event).__name__:
            orders.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(PATIENCE)  # not every kernel ends the one who calls before the call returns
        publish(bus, session_id, seq, event)

    Bus.publish = published


def _file(effects: Path) -> Path:
    return effects.with_suffix(SUFFIX)
