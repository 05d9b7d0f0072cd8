"""The chat page as a person uses it, and everything that goes wrong on it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Dialog, Page, Request, Response, expect

from tests.app.serving import Server

COUNTED = re.compile(r"\bw(\d+)\b")
PROMPTS = 1_000
"""Milliseconds in which a click must have been heard."""


@dataclass
class Faults:
    """What a healthy page never does."""

    origin: str
    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)
        page.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.seen.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, self.origin.replace("http", "ws"), "data:", "blob:")):
            self.seen.append(f"left its origin: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what a reload breaks off
            self.seen.append(f"failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.seen.append(f"{response.status}: {response.url}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        await dialog.dismiss()


class Chat:
    """One tab."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.faults = Faults(server.url)
        self.faults.watch(page)
        self.composer = page.locator("#composer")
        self.state = page.locator("#run-state")
        self.model = page.locator("#model")
        self.mode = page.locator("#mode")
        self.prompts = page.locator('[data-role="user"]')
        self.answers = page.locator('[data-role="assistant"]')
        self.calls = page.locator("[data-call]")
        self.approval = page.locator("[data-approval]")
        self.notices = page.locator(".notice")
        self.flash = page.locator(".flash")
        self.waiting = page.locator(".waiting")
        self.editor = page.locator(".edit[open] textarea")

    async def open(self, path: str = "/") -> None:
        """Open an address, and wait until the page is alive."""
        await self.page.goto(self.server.url + path)
        await self.alive()

    async def alive(self) -> None:
        """The model is shown once the server has been heard."""
        await expect(self.model).not_to_have_value("")

    async def send(self, prompt: str) -> None:
        """Ask for work by keyboard."""
        await self.composer.fill(prompt)
        await self.composer.press("Enter")

    async def ask(self, prompt: str) -> None:
        """Ask for work, and wait until it is on the page."""
        known = await self.prompts.count()
        await self.send(prompt)
        await expect(self.prompts).to_have_count(known + 1)

    async def idle(self) -> None:
        """Wait until nothing runs."""
        await expect(self.state).to_have_text("Idle")

    async def work(self, prompt: str) -> None:
        """Ask for work, and wait until it is done."""
        await self.ask(prompt)
        await self.idle()

    async def answer(self, answer: str) -> None:
        """Answer the question that waits."""
        await self.page.locator(f'[data-answer="{answer}"]').click()

    async def session(self) -> dict[str, Any]:
        """What the API says of the session in this tab."""
        await expect(self.page).to_have_url(re.compile(r"/s/."))
        with self.server.client() as api:
            return api.get(f"sessions/{self.session_id}").raise_for_status().json()

    async def workspace(self) -> Path:
        return Path((await self.session())["workspace"])

    @property
    def session_id(self) -> str:
        return self.page.url.rpartition("/s/")[2]

    async def counted(self) -> list[int]:
        """The numbers of the last answer, in order."""
        return [int(number) for number in COUNTED.findall(await self.answers.last.text_content() or "")]
