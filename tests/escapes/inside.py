"""Runs inside: one attempt, and its report. `python -I -S -B inside.py THEME NAME PLACES`."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

REPORT = "REPORT "
"""Begins the line that tells how it went; whoever has no such line was ended, or is broken."""


def main(theme: str, name: str, places: str) -> None:
    """Try it."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.escapes.attempts import Places  # noqa: PLC0415  found by the line above

    act = getattr(import_module(f"tests.escapes.{theme}"), name)
    report = told(act, Places(**json.loads(places)))
    print(f"\n{REPORT}{json.dumps(report)}", flush=True)  # noqa: T201


def told(act: Callable[..., object], places: object) -> dict[str, object]:
    """What an attempt has to say: what it got, or how it was refused."""
    try:
        loot = act(places)
    except (OSError, MemoryError) as error:
        return {"loot": None, "refused": repr(error)}
    return {"loot": loot.decode(errors="replace") if isinstance(loot, bytes) else loot, "refused": ""}


if __name__ == "__main__":
    main(*sys.argv[1:])
