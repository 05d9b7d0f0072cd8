"""The settings page as a person uses it."""

from playwright.async_api import Locator, Page, WebSocket, expect

from tests.app.serving import Server
from tests.browser.chat import Faults


class Settings:
    """The page in one tab."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.frames: list[str] = []
        """What went through the page's socket, both ways."""
        self.faults = Faults(server.url)
        self.faults.watch(page)
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.frames.append(str(frame)))
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))

    async def open(self, path: str = "/settings") -> None:
        """Open it, and wait until the last of its sections is there."""
        await self.page.goto(self.server.url + path)
        await expect(self.tool("shell")).to_be_visible()
        await expect(self.page.locator("[data-sign-in]").first).to_be_visible()

    def provider(self, name: str) -> Locator:
        return self.page.locator(f'[data-provider="{name}"]')

    def tool(self, name: str) -> Locator:
        return self.page.locator(f'[data-tool="{name}"]')

    def service(self, name: str) -> Locator:
        return self.page.locator(f'[data-service="{name}"]')

    async def has_told(self, secret: str) -> bool:
        """Whether a secret went through the page's socket, or stands in the page."""
        return secret in "".join(self.frames) or secret in await self.page.content()
