"""Maestro itself, as `make run` starts it."""

import asyncio
import shutil
import subprocess

from adapters.sut import BENCH, SUT

ROOT = BENCH.parent


class Adapter(SUT):
    name = "ours"
    composer = "#composer"
    answer = '[data-role="assistant"]'
    health = "/healthz"
    persists = True
    setup = "/mode edit"
    tools = "write_file,edit,read_file,grep"
    beside = "#open-drawer"

    def cwd(self):
        return ROOT

    def cmd(self):
        return [ROOT / ".venv/bin/python", "-m", "app.cli", "serve"]

    def env(self):
        return {
            # Empty ones win over what a developer's own `.env` says.
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "MAESTRO_AUTH": "local",
            "MAESTRO_HOST": "127.0.0.1",
            "MAESTRO_PORT": str(self.port),
            "MAESTRO_DATA_DIR": str(self.data),
            "MAESTRO_DEFAULT_MODEL": "compatible:mock",
            "OPENAI_COMPATIBLE_BASE_URL": f"http://127.0.0.1:{self.mock}/v1",
            "OPENAI_COMPATIBLE_API_KEY": "x",
        }

    def fresh(self):
        shutil.rmtree(self.data, ignore_errors=True)

    async def preload(self, http, n):  # noqa: ARG002
        [url] = await self.preload_all([str(n)])
        return url

    async def preload_all(self, wanted):
        """The URLs of canned sessions, as preload.py names them."""
        program = await asyncio.create_subprocess_exec(
            *(ROOT / ".venv/bin/python", BENCH / "preload.py", *wanted),
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
        )
        told, _ = await program.communicate()
        if program.returncode:
            raise RuntimeError("the canned sessions could not be written")
        return [f"{self.base}/s/{session_id}" for session_id in told.decode().split()]
