"""The reference with Markdown."""

import uuid

from adapters.sut import LAB, SUT


class Adapter(SUT):
    name = "floormd"
    persists = True

    def cmd(self):
        return self.uvicorn("floormd:app")

    def env(self):
        return {"MARKED_JS": str(LAB / "npm/node_modules/marked/lib/marked.umd.js")}

    async def new_url(self):
        return f"{self.base}/?s={uuid.uuid4().hex}"

    async def preload(self, http, n):  # noqa: ARG002
        return f"{self.base}/?h={n}&s=pre{n}"
