"""A reference of what a careful design reaches.

WebSocket, deltas coalesced, generation detached from the connection (a reload resumes live), Markdown whose finished blocks
are frozen (marked), content-visibility for old messages.
"""

import asyncio
import json
import os
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, HTMLResponse
from upstream import deltas, history

app = FastAPI()
HTML = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
FLUSH = 0.008
"""Seconds between two flushes."""
SESSIONS = {}


class Session:
    def __init__(self, h):
        self.messages, self.live, self.sockets, self.task = history(h), None, set(), None

    async def cast(self, message):
        text = json.dumps(message)
        for socket in list(self.sockets):
            try:
                await socket.send_text(text)
            except Exception:
                self.sockets.discard(socket)

    async def answer(self, prompt):
        self.messages.append({"role": "user", "content": prompt})
        self.live = ""
        await self.cast({"u": prompt})
        pending, wake, finished = [], asyncio.Event(), []

        async def pump():
            while True:
                await wake.wait()
                wake.clear()
                text = "".join(pending)
                pending.clear()
                if text:
                    self.live += text
                    await self.cast({"d": text})
                if finished:
                    return
                await asyncio.sleep(FLUSH)

        pumping = asyncio.create_task(pump())
        async for delta in deltas(self.messages[-4:]):
            pending.append(delta)
            wake.set()
        finished.append(1)
        wake.set()
        await pumping
        if pending:
            self.live += "".join(pending)
            await self.cast({"d": "".join(pending)})
        self.messages.append({"role": "assistant", "content": self.live})
        self.live = None
        await self.cast({"end": 1})


@app.get("/", response_class=HTMLResponse)
async def index():
    return HTML


@app.get("/marked.js")
async def marked():
    return FileResponse(os.environ["MARKED_JS"], headers={"cache-control": "max-age=3600"})


@app.websocket("/ws")
async def ws(socket: WebSocket, s: str, h: int = 0):
    await socket.accept()
    session = SESSIONS.get(s) or SESSIONS.setdefault(s, Session(h))
    await socket.send_text(json.dumps({"h": session.messages, "live": session.live}))
    session.sockets.add(socket)
    try:
        while True:
            prompt = await socket.receive_text()
            session.task = asyncio.create_task(session.answer(prompt))
    except WebSocketDisconnect:
        session.sockets.discard(socket)
