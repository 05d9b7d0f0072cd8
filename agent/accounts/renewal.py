"""Tokens that have to be renewed: whoever has one at hand, here or in another process, one alone does it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Update
from sqlmodel import Session as Store
from sqlmodel import col, update

from agent.accounts.credentials import Kept, kept_of, open_credential, sealed
from agent.core.errors import ProviderError, Unavailable
from agent.core.provider import Credential
from agent.store.columns import now
from agent.store.engine import writing
from agent.store.users import LlmConfigurationRow

LEASE = timedelta(seconds=30)
"""How long one process may take to renew a token; when it has died, another does."""
LOOK_AGAIN = 0.2
"""Seconds until who waits for another's renewal looks again."""

Fetch = Callable[[Credential], Awaitable[Credential]]
"""Asks for another token."""

logger = structlog.get_logger()


class Renewal:
    """Renews the token of one stored credential."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def __call__(self, old: Credential, fetch: Fetch) -> Credential:
        """The credential with another token: the one that another has fetched meanwhile, else our own.

        Args:
            old: as it was used.
            fetch: asks for another.

        Raises:
            ProviderError: it was removed; or what `fetch` raises.
            Unavailable: the database does not answer, or what is stored cannot be opened.
        """
        while True:
            row, lease = await writing(self._claimed)
            if row is None:
                raise ProviderError("auth", "The credential was removed.")
            if lease is not None:
                return await self._fetched(row, lease, old, fetch)
            if row.changed_at != self._kept.changed_at:
                self._kept = kept_of(row)
                return _with_tokens(old, await open_credential(self._kept))
            await asyncio.sleep(LOOK_AGAIN)

    def _claimed(self, store: Store) -> tuple[LlmConfigurationRow | None, datetime | None]:
        """The row, and until when we alone may renew it: None when it was renewed, or another is at it."""
        row = store.get(LlmConfigurationRow, self._kept.id, with_for_update=True)
        moment = now()
        if row is None or row.changed_at != self._kept.changed_at:
            return row, None
        if row.renewing_until is not None and row.renewing_until > moment:
            return row, None
        row.renewing_until = moment + LEASE
        store.add(row)
        return row, row.renewing_until

    async def _fetched(
        self, row: LlmConfigurationRow, lease: datetime, old: Credential, fetch: Fetch
    ) -> Credential:
        """Ask, and store what comes; when nothing comes, others may try at once."""
        written: dict[str, Any] = {"renewing_until": None}
        try:
            fetched = await fetch(old)
            written |= {"credentials": await sealed(row, fetched), "changed_at": now()}
        finally:
            ours = (col(LlmConfigurationRow.id) == row.id, col(LlmConfigurationRow.renewing_until) == lease)
            await self._write(update(LlmConfigurationRow).where(*ours).values(**written), written)
        return fetched

    async def _write(self, change: Update, written: dict[str, Any]) -> None:
        try:
            await writing(lambda store: store.exec(change).rowcount)
        except Unavailable:
            # What was fetched still serves this process; thrown away it would serve nobody.
            logger.warning("a renewed token could not be stored")
        else:
            changed_at = written.get("changed_at", self._kept.changed_at)
            self._kept = self._kept.model_copy(update={"changed_at": changed_at})


def _with_tokens(credential: Credential, stored: Credential) -> Credential:
    fields = ("secret", "refresh_token", "expires_at")
    return credential.model_copy(update={name: getattr(stored, name) for name in fields})
