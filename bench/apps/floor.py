"""The practical floor: FastAPI and server-sent events over fetch, plain text appended to one text node. No Markdown."""

import json
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from upstream import deltas, history

app = FastAPI()
HTML = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")


@app.get("/", response_class=HTMLResponse)
async def index(h: int = 0):
    return HTML.replace("%s", json.dumps(history(h)))


@app.post("/chat")
async def chat(request: Request):
    body = await request.json()

    async def lines():
        async for delta in deltas(body["messages"]):
            yield "data: " + json.dumps(delta) + "\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")
