"""The providers that are connected: one for each person and provider, while their credential is the same."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from agent.providers._asking import Patient

MOST = 200
"""Connections for people's own credentials; of more, the one that was longest unused is closed."""
UNUSED_FOR = 1800.0
"""Seconds after which one is closed anyway."""
EVERYBODY = ""
"""Whose the server's own credentials are; their connections stay."""


@dataclass
class Held:
    """A connected provider."""

    stamp: object
    """Which credential it uses: another one has another stamp."""
    patient: Patient
    used_at: float = field(default_factory=time.monotonic)


class Pool:
    """Holds them by owner and provider."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()

    def get(self, owner: str, provider: str, stamp: object) -> Patient | None:
        """The one that uses this credential, if it is connected."""
        held = self._held.get((owner, provider))
        if held is None or held.stamp != stamp:
            return None
        held.used_at = time.monotonic()
        self._held.move_to_end((owner, provider))
        return held.patient

    async def put(self, owner: str, provider: str, stamp: object, patient: Patient) -> Patient:
        """Hold one in the place of any other; gives the one that is there already, if it is the same."""
        if (same := self.get(owner, provider, stamp)) is not None:
            return same
        before = self._held.pop((owner, provider), None)
        self._held[owner, provider] = Held(stamp, patient)
        unused = self._unused()
        for held in filter(None, (before, *unused)):
            await held.patient.retire()
        return patient

    async def drop(self, owner: str, provider: str) -> None:
        """Hold one no longer: it is closed as soon as nobody hears it."""
        if held := self._held.pop((owner, provider), None):
            await held.patient.retire()

    async def close(self) -> None:
        """Close them all."""
        held, self._held = self._held, OrderedDict()
        for each in held.values():
            await each.patient.close()

    def _unused(self) -> list[Held]:
        """Take out what nobody has used for long, the oldest first."""
        theirs = [(key, held) for key, held in self._held.items() if key[0] != EVERYBODY]
        too_many, long_ago = len(theirs) - MOST, time.monotonic() - UNUSED_FOR
        gone = [key for at, (key, held) in enumerate(theirs) if at < too_many or held.used_at < long_ago]
        return [self._held.pop(key) for key in gone]
