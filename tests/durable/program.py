"""The real `maestro serve` with the tests' own model and tools: `python -m tests.durable.program serve`."""

from agent import providers, tooling
from app import cli
from tests.durable.play import Play
from tests.durable.toolbox import TOOLS


def main() -> None:
    """Run the command."""
    tooling._registry().update({tool.definition.name: tool for tool in TOOLS})
    providers.plug_ins()[Play.NAME] = Play()
    cli.main()


if __name__ == "__main__":
    main()
