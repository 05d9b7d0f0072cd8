"""Asking with patience: nothing is sent that cannot work, what failed before it was heard is asked again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import stamina

from agent.core.errors import ProviderError, Resting
from agent.core.events import Delta, Noticed, StepFinished
from agent.core.provider import ModelEntry, Provider, Request, Said
from agent.providers._catalogue import Catalogue
from agent.providers._characters import Joining
from agent.providers._checks import check_request
from agent.providers._health import Health

TRIES = 4
"""Requests for one step."""
WAIT, LONGEST_WAIT, JITTER = 1.0, 30.0, 1.0
"""Seconds before the second request, doubled for each further one, and up to JITTER more by chance."""
LONGEST_HINT = 60.0
"""Seconds a provider may ask us to wait; when it asks for more, the step fails and says so."""
PASSING = frozenset({"rate", "overloaded", "network", "cut"})
"""Kinds of errors that asking again may help against."""


class Patient(Provider):
    """A provider as people ask it: with its health, its catalogue, and patience."""

    def __init__(self, provider: Provider, catalogue: Catalogue, health: Health) -> None:
        self.name = provider.name
        self.catalogue = catalogue
        self.health = health
        self._provider = provider
        self._heard = 0
        """How many streams are being heard right now."""
        self._is_retired = False

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step; each wait is told as a Noticed before it begins.

        Raises:
            Invalid: it cannot work, and nothing was sent: the model takes no images.
            ProviderError: the step did not come to its end; nothing is asked again once a piece was heard.
        """
        model = self.catalogue.entry(request.model)
        request = request.model_copy(update={"model": self.catalogue.meant(request.model)})
        wanted, request = request, check_request(model, request)
        if wanted.tools and not request.tools:
            yield Noticed(code="model_without_tools", values={"model": model.id})
        is_heard = False

        def patience(error: Exception) -> bool | float:
            return False if is_heard or not isinstance(error, ProviderError) else _patience(error)

        waits = stamina.retry_context(
            on=patience,
            attempts=TRIES,
            timeout=None,
            wait_initial=WAIT,
            wait_max=LONGEST_WAIT,
            wait_jitter=JITTER,
        )
        async for attempt in waits:
            with attempt:
                try:
                    async with aclosing(self._once(request)) as stream:
                        async for said in stream:
                            is_heard = True
                            yield said
                except ProviderError as error:
                    if attempt.num < TRIES and patience(error) is not False:
                        yield _waiting(self.name, error, attempt)
                    raise

    async def _once(self, request: Request) -> AsyncGenerator[Said, None]:
        """Ask one time, if it does not rest, and take note of how it fares."""
        self.health.require()
        self._heard += 1
        joining = Joining()
        try:
            async with aclosing(self._provider.stream_completion(request)) as stream:
                async for said in stream:
                    if isinstance(said, Delta):
                        if (piece := joining.hear(said)) is not None:
                            yield piece
                    elif isinstance(said, StepFinished):  # nobody need listen any longer
                        self.health.note(None)
                        self.catalogue.refresh()
                        for last in joining.end(said):
                            yield last
                    else:
                        yield said
        except ProviderError as error:
            self.health.note(error)
            raise
        finally:
            self._heard -= 1
            if self._is_retired:
                await self.retire()

    async def models(self) -> list[ModelEntry]:
        """The models it serves, from its catalogue."""
        return await self.catalogue.models()

    async def prove(self) -> None:
        """Find out whether the credential opens the provider, asking once and with no patience.

        Raises:
            ProviderError: it does not, or nobody answers.
        """
        await self._provider.prove()

    async def retire(self) -> None:
        """Close its connections as soon as nobody hears it any more."""
        self._is_retired = True
        if not self._heard:
            await self.close()

    async def close(self) -> None:
        """Close its connections, and stop asking for its list."""
        await self.catalogue.close()
        await self._provider.close()


def _patience(error: ProviderError) -> bool | float:
    """Whether to ask again; seconds to wait where the provider says how long."""
    is_passing = error.kind in PASSING if error.is_passing is None else error.is_passing
    if not is_passing or isinstance(error, Resting):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_HINT else False


def _waiting(provider: str, error: ProviderError, attempt: stamina.Attempt) -> Noticed:
    wait = attempt.next_wait if error.retry_after is None else error.retry_after
    values = {"provider": provider, "kind": error.kind, "seconds": round(wait, 1), "tries": attempt.num}
    return Noticed(code="retry", values={**values, "most": TRIES})
