"""The practical floor: plain text."""

from adapters.sut import SUT


class Adapter(SUT):
    name = "floor"

    def cmd(self):
        return self.uvicorn("floor:app")

    async def preload(self, http, n):  # noqa: ARG002
        return f"{self.base}/?h={n}"
