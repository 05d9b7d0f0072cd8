"""The `maestro` command."""

import gc
import socket
import sys

import typer
from pydantic import ValidationError

from agent import logs
from agent.config import Settings, SettingsError, settings
from agent.core.errors import Unavailable

cli = typer.Typer(help="Maestro: an AI agent in the browser.", no_args_is_help=True, add_completion=False)


@cli.callback()
def maestro() -> None:
    """Say what is wrong with the settings before anything else."""


@cli.command()
def serve() -> None:
    """Serve the page, the API and the agent; brings the database to its newest shape first.

    MAESTRO_ROLE says which of them: a `worker` runs the agent alone and listens nowhere, a `web` shows it.
    """
    found = checked()
    if found.maestro_role == "worker":
        migrated(found)
        from app.worker import work  # noqa: PLC0415  the other commands need it not

        return work(found)
    with listening(found) as listener:
        gc.disable()  # what is imported stays; looking for garbage in it takes a sixth of the start
        migrated(found)
        from app.server import serve as run  # noqa: PLC0415  the other commands need no page

        return run(found, listener)


@cli.command()
def migrate() -> None:
    """Bring the database to its newest shape."""
    migrated(checked())


def checked() -> Settings:
    """The settings, or one sentence and the end; from here on everything is logged as they say."""
    try:
        found = settings()
    except SettingsError as error:
        sys.exit(f"maestro: {error}")
    except ValidationError as error:
        first = error.errors()[0]
        sys.exit(f"maestro: {str(first['loc'][0]).upper()}: {first['msg']}")
    logs.configure(found.maestro_log)
    return found


def listening(found: Settings) -> socket.socket:
    """The server's port, or one sentence and the end; taken first: a second server must touch nothing."""
    address = (found.maestro_host, found.maestro_port)
    family = socket.AF_INET6 if ":" in found.maestro_host else socket.AF_INET
    try:
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        sys.exit(
            f"maestro: {address[0]}:{address[1]} cannot be listened on: {error.strerror}. "
            "Does Maestro run already? MAESTRO_PORT sets another port."
        )


def migrated(found: Settings) -> None:
    """Migrate, or one sentence and the end."""
    from agent.running import migrate as run  # noqa: PLC0415  settings are checked first, and quickly

    try:
        run(found)
    except Unavailable as error:
        if error.code == "database_in_use":
            sys.exit(
                f"maestro: another Maestro has {error.values['file']}. Two at once need PostgreSQL "
                "(DATABASE_URL) and Redis (REDIS_URL); MAESTRO_DATA_DIR sets another folder."
            )
        reason = str(error.values["reason"]).partition("\n")[0]
        sys.exit(f"maestro: the database cannot be opened: {reason}")
    except OSError as error:
        sys.exit(f"maestro: the database cannot be opened: {error.filename}: {error.strerror}")


def main() -> None:
    """Run the command."""
    cli()


if __name__ == "__main__":
    main()
