"""A mock provider for measurements; loopback only.

Speaks OpenAI chat completions (/v1/chat/completions), OpenAI responses (/v1/responses), Anthropic messages (/v1/messages)
and Gemini (/v1beta/models/<m>:streamGenerateContent?alt=sse).

What it streams is set by a directive inside the last user message, so any product can be driven through its own composer:

    mock id=7 n=400 rate=50 delay=300 [tool=name,name] [math=1]

  id     run tag, [0-9a-p] only; every token carries the marker  q<seq>x<id>z
  n      number of tokens; rate tokens/s (0 = as fast as the socket takes them)
  delay  ms before the first token; tool=NAME,NAME first answers with calls of these tools, one after the other
  math   1: with formulas among the text
A request without a directive, or for a model named *small*, gets a short instant answer (title generation and the like).
GET /log?id=7 gives monotonic send times of every token.
"""

import argparse
import asyncio
import re
import time

from aiohttp import web
from calls import arguments
from dialects import Anthropic, Chat, Gemini, Responses

WORDS = (
    "amber beacon cobalt delta ember falcon garnet harbor indigo jasper karma lantern "
    "meadow nectar opal pebble ripple saffron timber umber violet willow"
).split()
LOG = {}
mono = time.monotonic
DIRECTIVE = re.compile(
    r"mock id=([0-9a-p]+) n=(\d+)(?: rate=([\d.]+))?(?: delay=(\d+))?(?: tool=([\w,]+))?(?: math=(\d))?"
)


def tokens(n, tag, has_formulas=False):
    """N tokens rich in Markdown, each carrying exactly one marker."""
    out, i = [], 0

    def tok(pre="", post=" ", word=None):
        nonlocal i
        out.append(f"{pre}{word or WORDS[i % len(WORDS)]}q{i}x{tag}z{post}")
        i += 1

    def heading():
        tok("\n\n## ")
        for _ in range(3):
            tok()

    def paragraph():
        for k in range(42):
            pre = "\n\n" if k == 0 else ""
            if k % 9 == 4:
                tok(pre + "**", "** ")
            elif k % 13 == 7:
                tok(pre + "`", "` ")
            elif k % 21 == 15:
                tok(pre + "[", "](https://example.invalid/doc) ")
            else:
                tok(pre)

    def items():
        for item in range(5):
            for k in range(6):
                tok(("\n\n- " if item == 0 else "\n- ") if k == 0 else "")

    def code():
        tok("\n\n```python\ndef ", "(", "fn")
        tok("", "):\n", "arg")
        for _ in range(7):
            tok("    ", " = ")
            tok("", " + ")
            tok("", "  # ")
            tok("", "\n")
        tok("    return ", "\n```\n", "val")

    def table():
        tok("\n| ")
        tok("| ")
        tok("| ", " |\n|---|---|---|\n")
        for _ in range(4):
            tok("| ")
            tok("| **", "** ")
            tok("| ", " |\n")

    def quote():
        tok("\n> ")
        for _ in range(11):
            tok()

    def formulas():
        tok("\n\n", " $\\sqrt{a^2 + b^2}$ ")
        tok("", " $x_{i} = \\frac{1}{2}$ ")
        tok("", "\n\n$$\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$$\n\n")

    while i < n:
        for part in (heading, paragraph, items, code, table, quote):
            part()
        if has_formulas:
            formulas()
    return out[:n]


def text_of(c):
    if isinstance(c, str):
        return c
    if isinstance(c, list):
        texts = (p if isinstance(p, str) else (p.get("text") or "") for p in c if isinstance(p, (dict, str)))
        return "\n".join(texts)
    return ""


def directive(messages, model):
    """The newest directive in the last user message of [(role, text)] wins."""
    users = [at for at, (role, _) in enumerate(messages) if role == "user"]
    found = DIRECTIVE.findall(messages[users[-1]][1]) if users else None
    if not found or "small" in (model or ""):
        return {"id": None, "n": 6, "rate": 0.0, "delay": 0, "call": None, "math": False}
    tag, n, rate, delay, tools, math = found[-1]
    done = sum(role in ("tool", "function") for role, _ in messages[users[-1] :])
    return {
        "id": tag,
        "n": int(n),
        "rate": float(rate or 0),
        "delay": int(delay or 0),
        "call": call(tools.split(",")[done:], tag, done),
        "math": math == "1",
    }


def call(tools, tag, number):
    """The next call, if there is one."""
    if not tools or not tools[0]:
        return None
    return {"id": f"call_{tag}_{number}", "name": tools[0], "arguments": arguments(tools[0], tag)}


async def answer(request, dialect, model, messages, stream):
    t_req = mono()
    d = directive(messages, model)
    n, tag = d["n"], d["id"] or "0"
    said = (
        ["Short ", "title ", "about ", "a ", "bench ", "run"][:n]
        if d["id"] is None
        else tokens(n, tag, d["math"])
    )
    speaker = dialect(model, sum(len(text) for _, text in messages) // 4)
    if not stream:
        return web.json_response(speaker.whole("".join(said), n))
    log = {"id": tag, "n": n, "rate": d["rate"], "delay": d["delay"], "t_req": t_req, "sent": []}
    log |= {"done": None, "aborted": False, "msgs": len(messages)}
    if d["id"] and not d["call"]:
        LOG.setdefault(tag, []).append(log)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    try:
        if d["call"]:
            await asyncio.sleep(d["delay"] / 1000)
            await response.write(speaker.tool(d["call"]))
            return response
        await speak(response, speaker, said, d, log)
    except asyncio.CancelledError:
        log["aborted"] = True
        raise
    except ConnectionError:
        log["aborted"] = True
    return response


async def speak(response, speaker, said, d, log):
    """Write the frames, each at its time, and note when."""
    frames = [speaker.token(text, i) for i, text in enumerate(said)]
    first, last = speaker.first(), speaker.last("".join(said), d["n"])
    if first:
        await response.write(first)
    if d["delay"]:
        await asyncio.sleep(max(0, log["t_req"] + d["delay"] / 1000 - mono()))
    t0, sent, rate = mono(), log["sent"], d["rate"]
    for i, frame in enumerate(frames):
        if rate:
            w = t0 + i / rate - mono()
            if w > 0:
                await asyncio.sleep(w)
        sent.append(mono())
        await response.write(frame)
        if not rate and i % 64 == 63:
            await asyncio.sleep(0)
    await response.write(last)
    log["done"] = mono()
    await response.write_eof()


async def chat(request):
    body = await request.json()
    messages = [(m["role"], text_of(m.get("content"))) for m in body["messages"]]
    return await answer(request, Chat, body.get("model", "mock"), messages, body.get("stream", False))


async def responses(request):
    body = await request.json()
    said = body.get("input", "")
    if isinstance(said, str):
        messages = [("user", said)]
    else:
        messages = [
            (
                "tool" if m.get("type") == "function_call_output" else m.get("role", "assistant"),
                text_of(m.get("content") or m.get("output") or ""),
            )
            for m in said
        ]
    return await answer(request, Responses, body.get("model", "mock"), messages, body.get("stream", False))


async def anthropic(request):
    body = await request.json()
    messages = []
    for m in body["messages"]:
        content, role = m.get("content"), m["role"]
        if isinstance(content, list) and any(
            isinstance(p, dict) and p.get("type") == "tool_result" for p in content
        ):
            role = "tool"
        messages.append((role, text_of(content)))
    return await answer(request, Anthropic, body.get("model", "mock"), messages, body.get("stream", False))


async def gemini(request):
    body = await request.json()
    messages = []
    for m in body.get("contents", []):
        parts = m.get("parts", [])
        role = {"model": "assistant"}.get(m.get("role", "user"), "user")
        if any("functionResponse" in p for p in parts):
            role = "tool"
        messages.append((role, "\n".join(p.get("text", "") for p in parts)))
    model, _, verb = request.match_info["mv"].rpartition(":")
    return await answer(request, Gemini, model, messages, verb.startswith("stream"))


async def models(_request):
    entries = [
        {"id": m, "object": "model", "created": 1, "owned_by": "bench"} for m in ("mock", "mock-small")
    ]
    return web.json_response({"object": "list", "data": entries})


async def log_of(request):
    return web.json_response(LOG.get(request.query.get("id"), []))


async def health(_request):
    return web.json_response({"ok": True, "mono": mono()})


def app():
    a = web.Application(client_max_size=64 << 20)
    a.router.add_post("/v1/chat/completions", chat)
    a.router.add_post("/v1/responses", responses)
    a.router.add_post("/v1/messages", anthropic)
    a.router.add_post("/v1beta/models/{mv:.+}", gemini)
    a.router.add_get("/v1/models", models)
    a.router.add_get("/log", log_of)
    a.router.add_get("/health", health)
    return a


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=18400)
    options = parser.parse_args()
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    web.run_app(app(), host="127.0.0.1", port=options.port, print=None, access_log=None)
