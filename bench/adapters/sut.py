"""A system under test: what the bench must know of it. Subclass as `class Adapter(SUT)`; most need five fields."""

import os
import sys
from pathlib import Path

BENCH = Path(__file__).parent.parent
LAB = Path(os.environ.get("PERFLAB", BENCH / "lab"))


class SUT:
    name = "?"
    composer = "textarea"
    """css of the element that takes the prompt"""
    answer = ".answer"
    """css of assistant answers; the last three matches are scanned"""
    send = "enter"
    """`enter`, or css of the button"""
    ready_js = None
    """more JavaScript that must be true for "interactive", beyond: composer exists, visible, not disabled"""
    health = "/"
    """path polled for HTTP < 500"""
    persists = False
    """has sessions that survive (open a session by its URL)"""
    setup = ""
    """what is typed first where tools shall run without being asked for"""
    tools = ""
    """the tools that the provider may call then, separated by commas"""
    beside = ""
    """css of the button that opens what stands beside the transcript"""
    cold_timeout = 90
    """seconds a start may take"""

    def __init__(self, port, mock_port):
        self.port, self.mock, self.base = port, mock_port, f"http://127.0.0.1:{port}"
        self.data = LAB / "tmp" / f"data-{self.name}"

    def cmd(self):
        raise NotImplementedError

    def env(self):
        return {}

    def environment(self):
        """What the server is started with."""
        outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        ours = {"MOCK_URL": f"http://127.0.0.1:{self.mock}/v1", "PYTHONDONTWRITEBYTECODE": ""}
        return outside | ours | self.env()

    def cwd(self):
        return BENCH / "apps"

    def fresh(self):
        """Wipe or prepare what lies on disk, before a server start."""

    async def prepare(self, http):
        """After the start: create accounts and the like; not timed."""

    async def login(self, page):
        """Once per browser context, before the first measured page."""

    async def new_url(self):
        return self.base + "/"

    async def preload(self, http, n):
        """The URL that opens a session with n messages, or None."""

    async def before_send(self, page):
        """Right before each prompt."""

    def uvicorn(self, app):
        """How a reference of ours is started."""
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", app, *where]
