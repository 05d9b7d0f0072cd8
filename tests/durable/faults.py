"""Ways to go wrong, for a model and for a tool."""

import asyncio

from agent.core.errors import ProviderError


async def fail(fault: str) -> None:
    """Go wrong in the way that is named."""
    match fault:
        case "hangs":
            await asyncio.Event().wait()
        case "explodes":
            raise RuntimeError("exploded")
        case "hog":
            raise MemoryError
        case "recurses":
            _deeper(0)
        case "exits":
            raise SystemExit(3)
        case "interrupts":
            raise KeyboardInterrupt
        case "refuses":
            raise ProviderError("bad_request", "refused")
        case _:
            raise ValueError(fault)


def _deeper(depth: int) -> int:
    return _deeper(depth + 1) + 1
