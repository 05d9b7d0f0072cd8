"""The real `maestro serve` with the tests' own model and tools: `python -m tests.durable.program serve`."""

import os

from agent import providers
from agent.sessions.turns import turn
from agent.tooling.registry import registry
from app import cli
from tests.durable.deaths import make_mortal
from tests.durable.play import Play
from tests.durable.toolbox import TOOLS

PARK_AFTER = "PARK_AFTER"
"""The environment variable with the seconds after which a question is parked."""


def main() -> None:
    """Run the command."""
    turn.PARK_AFTER = float(os.environ.get(PARK_AFTER, turn.PARK_AFTER))
    registry().update({tool.definition.name: tool for tool in TOOLS})
    providers.plug_ins()[Play.NAME] = Play()
    make_mortal()
    cli.main()


if __name__ == "__main__":
    main()
