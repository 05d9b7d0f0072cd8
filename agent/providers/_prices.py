"""Prices and context windows of models, read offline from genai-prices."""

import asyncio
import threading

from agent.core.messages import Usage

_loaded = threading.Event()

# ruff: noqa: PLC0415 - the price list takes a moment to load, in the thread that loads an SDK


def price(usage: Usage, model: str, provider: str = "", address: str = "") -> float | None:
    """USD for a step; None when nobody knows. `provider` or `address` (a base URL) says whose prices.

    >>> price(Usage(input=1_000_000), "claude-opus-5", provider="anthropic")
    5.0
    >>> price(Usage(input=1), "home-made", address="http://127.0.0.1/v1") is None
    True
    """
    import genai_prices

    asked = genai_prices.Usage(
        input_tokens=usage.input,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.cache_written,
        output_tokens=usage.output,
    )
    try:
        if provider:
            found = genai_prices.calc_price(asked, model, provider_id=provider)
        else:
            found = genai_prices.calc_price(asked, model, provider_api_url=address)
    except (LookupError, ValueError):
        return None
    return float(found.total_price)


def context_window(model: str, provider: str) -> int | None:
    """Tokens a model can read; None when not known.

    >>> context_window("claude-opus-5", "anthropic")
    1000000
    """
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    return found.context_window


def warm() -> None:
    """Load the price list; slow the first time."""
    context_window("", "openai")
    _loaded.set()


async def ready() -> None:
    """Have the price list loaded, in a thread."""
    if not _loaded.is_set():
        await asyncio.to_thread(warm)
