"""Which tabs are still open; Reflex does not end the events of a closed one."""

import reflex as rx

_apps: list[rx.App] = []


def know(app: rx.App) -> None:
    """Take notice of the app whose tabs are asked for."""
    _apps[:] = [app]


async def is_open(token: str) -> bool:
    """Whether the tab with this token has its socket."""
    namespace = _apps[-1].event_namespace if _apps else None
    if namespace is None:
        return False
    # Reflex has no public way to ask; its own token manager is the one that knows.
    tokens = namespace._token_manager  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return await tokens.is_token_connected(token)
