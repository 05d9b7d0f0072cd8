"""The `maestro` command."""

import asyncio
import gc
import socket
import sys
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from agent import logs
from agent.config import Settings, SettingsError, settings
from agent.core.errors import Unavailable
from agent.privacy import keep_private

cli = typer.Typer(help="Maestro: an AI agent in the browser.", no_args_is_help=True, add_completion=False)

audit = typer.Typer(help="The audit log.", no_args_is_help=True)
cli.add_typer(audit, name="audit")

WHOLE = (
    "The audit log is whole up to its end: {verdict.entries} entries. Keep {verdict.head} elsewhere: "
    "with --expect it proves later that nothing before it was changed or cut off."
)
EMPTY = "The audit log is empty."
FAULTS = {
    "missing": "is missing: an entry was removed, or its number was changed.",
    "unlinked": "does not follow the one before it: one of them was changed, or another stood between.",
    "changed": "is not as it was written.",
    "cut_off": "is missing: the log ends before the head that was expected.",
    "another": "is not the one that was expected: the log was written anew.",
}


@cli.callback()
def maestro() -> None:
    """Say what is wrong with the settings before anything else."""
    keep_private()


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


@cli.command()
def rotate(
    *, forget: Annotated[bool, typer.Option("--forget", help="Remove what no key opens any more.")] = False
) -> None:
    """Seal all credentials anew under the first secret key, while the server runs; then drop the others.

    Put the new key before the old one (MAESTRO_SECRET_KEY="NEW OLD"), restart the server, and run this.
    """
    found = checked()
    from agent.running import rotate as run  # noqa: PLC0415  settings are checked first, and quickly

    try:
        rotated = asyncio.run(run(found, forgets=forget))
    except Unavailable as error:
        refuse(error)
    typer.echo(f"{rotated.anew} sealed anew, {rotated.left} under the first key already.")
    for name in rotated.unopened:
        typer.echo(f"{'removed' if forget else 'cannot be opened'}: {name}")
    if rotated.unopened and not forget:
        raise typer.Exit(1)


@cli.command()
def doctor() -> None:
    """Say what Maestro stands on, and whether it holds: database, Redis, programs, sandbox."""
    found = checked()
    from app.doctor import findings  # noqa: PLC0415  the other commands need it not

    async def look() -> bool:
        all_is_well = True
        async for finding in findings(found):
            typer.echo(finding)
            all_is_well = all_is_well and finding.mark != "WRONG"
        return all_is_well

    if not asyncio.run(look()):
        raise typer.Exit(1)


@audit.command("verify")
def audit_verify(
    expect: Annotated[
        str, typer.Option(metavar="SEQ:HASH", help="A head of the log that was kept elsewhere.")
    ] = "",
) -> None:
    """Compare the audit log with its hashes, from the first entry to the last.

    Only against a head that was kept elsewhere it shows when entries were cut off at the end.
    """
    found = checked()
    from agent.running import verify  # noqa: PLC0415  settings are checked first, and quickly

    try:
        verdict = asyncio.run(verify(found, expect))
    except ValueError as error:
        sys.exit(f"maestro: --expect: {error}, as this command has told it.")
    except Unavailable as error:
        reason = str(error.values["reason"]).partition("\n")[0]
        sys.exit(f"maestro: the audit log cannot be read: {reason}")
    if verdict.fault:
        sys.exit(f"maestro: entry {verdict.broken_at} of the audit log {FAULTS[verdict.fault]}")
    typer.echo(WHOLE.format(verdict=verdict) if verdict.entries else EMPTY)


def checked() -> Settings:
    """The settings, or one sentence and the end; from here on everything is logged as they say."""
    try:
        found = settings()
    except SettingsError as error:
        sys.exit(f"maestro: {error}")
    except ValidationError as error:
        first = error.errors()[0]
        sys.exit(f"maestro: {str(first['loc'][0]).upper()}: {first['msg']}")
    logs.configure(found.maestro_log, found.secrets)
    return found


def refuse(error: Unavailable) -> NoReturn:
    """End with what a person is told of an error."""
    from app.words import error_sentence  # noqa: PLC0415  what goes well needs no words

    reason = str(error.values.get("reason", "")).partition("\n")[0]
    sys.exit(f"maestro: {error_sentence(error)}" + (f" ({reason})" if reason else ""))


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
    """Migrate and look after the secret key, or one sentence and the end."""
    from agent.running import check_keys  # noqa: PLC0415  settings are checked first, and quickly
    from agent.running import migrate as run  # noqa: PLC0415

    try:
        run(found)
        asyncio.run(check_keys(found))
    except Unavailable as error:
        if error.code.startswith("secret_key"):
            refuse(error)
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
