"""A small driver of Chromium over its debugging protocol.

Raw rather than Playwright for the timed runs: Playwright always enables the Network domain, which copies every WebSocket
frame out of the renderer's main thread and so taxes products that send many frames.
"""

import asyncio
import base64
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import aiohttp

HERE = Path(__file__).parent
LAB = Path(os.environ.get("PERFLAB", HERE / "lab"))
CHROMIUM = os.environ.get("PERF_CHROME") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium"
)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--mute-audio",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--window-size=1280,900",
    "--hide-scrollbars",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--password-store=basic",
    "--use-mock-keychain",
]
PROBE = (HERE / "probe.js").read_text(encoding="utf-8")
ENTER = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "nativeVirtualKeyCode": 13}

# Code, styles and fonts that a page loads lazily with its first code block are page weight, not bytes per token.
WEIGHT_TYPES = ("Script", "Stylesheet", "Font", "Image", "Document")
WEIGHT_ENDINGS = (".js", ".mjs", ".css", ".wasm", ".woff2", ".map")
NEAR = ("", "127.0.0.1", "localhost")


class Browser:
    async def start(self):
        (LAB / "tmp").mkdir(parents=True, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="perfchrome-", dir=LAB / "tmp")
        self.p = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *FLAGS,
            "--remote-debugging-port=0",
            f"--user-data-dir={self.dir}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        told = Path(self.dir) / "DevToolsActivePort"
        for _ in range(300):
            if told.exists() and len(told.read_text().split()) >= 2:
                break
            await asyncio.sleep(0.05)
        port, path = told.read_text().split()[:2]
        self.s = aiohttp.ClientSession()
        self.ws = await self.s.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0, heartbeat=None)
        self.count, self.waiting, self.listeners = 0, {}, []
        self.reader = asyncio.create_task(self._read())
        return self

    async def _read(self):
        async for message in self.ws:
            if message.type != aiohttp.WSMsgType.TEXT:
                break
            said = json.loads(message.data)
            if "id" in said:
                future = self.waiting.pop(said["id"], None)
                if future and not future.done():
                    future.set_result(said)
            else:
                for listener in list(self.listeners):
                    listener(said)

    async def cmd(self, method, sid=None, timeout=30, **params):
        self.count += 1
        future = self.waiting[self.count] = asyncio.get_running_loop().create_future()
        asked = {"id": self.count, "method": method, "params": params}
        if sid:
            asked["sessionId"] = sid
        await self.ws.send_str(json.dumps(asked))
        answer = await asyncio.wait_for(future, timeout)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def context(self):
        return (await self.cmd("Target.createBrowserContext"))["browserContextId"]

    async def page(self, ctx=None, scripts=()):
        where = {"browserContextId": ctx} if ctx else {}
        made = await self.cmd(
            "Target.createTarget", url="about:blank", newWindow=True, width=1280, height=900, **where
        )
        attached = await self.cmd("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        page = Page(self, made["targetId"], attached["sessionId"])
        await page.c("Page.enable")
        await page.c("Performance.enable")
        for script in scripts:
            await page.c("Page.addScriptToEvaluateOnNewDocument", source=script)
        return page

    async def close(self):
        try:
            await asyncio.wait_for(self.cmd("Browser.close"), 5)
        except Exception:
            pass
        self.reader.cancel()
        try:
            await self.ws.close()
            await self.s.close()
        except Exception:
            pass
        try:
            await asyncio.wait_for(self.p.wait(), 5)
        except Exception:
            try:
                os.killpg(self.p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.dir, ignore_errors=True)


class Page:
    def __init__(self, browser, target, session):
        self.browser, self.target, self.session, self.net = browser, target, session, None

    async def c(self, method, timeout=30, **params):
        return await self.browser.cmd(method, self.session, timeout, **params)

    async def ev(self, js, timeout=20):
        r = await self.c("Runtime.evaluate", timeout, expression=js, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in r:
            raise RuntimeError(str(r["exceptionDetails"])[:400])
        return r["result"].get("value")

    async def goto(self, url):
        await self.c("Page.navigate", url=url)

    async def wait(self, js, t=60, step=0.02):
        end = time.monotonic() + t
        while time.monotonic() < end:
            try:
                v = await self.ev(js, 20)
                if v:
                    return v
            except (RuntimeError, TimeoutError):
                pass
            await asyncio.sleep(step)
        raise TimeoutError(js[:120])

    async def netlog(self):
        """Turn on network accounting; used only in runs that are not timed."""
        self.net = Traffic(self.session)
        self.browser.listeners.append(self.net.hear)
        await self.c("Network.enable")
        return self.net

    async def click(self, sel):
        r = await self.ev(
            f"(()=>{{const e=document.querySelector({json.dumps(sel)});if(!e)return null;"
            "const r=e.getBoundingClientRect();return [r.x+r.width/2,r.y+r.height/2]})()"
        )
        if not r:
            raise RuntimeError("no element " + sel)
        for kind in ("mousePressed", "mouseReleased"):
            await self.c("Input.dispatchMouseEvent", type=kind, x=r[0], y=r[1], button="left", clickCount=1)

    async def type(self, sel, text):
        await self.ev(f"document.querySelector({json.dumps(sel)}).focus()")
        await self.c("Input.insertText", text=text)

    async def enter(self):
        await self.c("Input.dispatchKeyEvent", type="keyDown", text="\r", unmodifiedText="\r", **ENTER)
        await self.c("Input.dispatchKeyEvent", type="keyUp", **ENTER)

    async def metrics(self):
        return {m["name"]: m["value"] for m in (await self.c("Performance.getMetrics"))["metrics"]}

    async def mono_off(self):
        """Seconds to add to the page's performance.now()/1000 for CLOCK_MONOTONIC here; error < half a round trip."""
        best = None
        for _ in range(12):
            before = time.monotonic()
            v = await self.ev("performance.now()")
            after = time.monotonic()
            if best is None or after - before < best[0]:
                best = (after - before, (before + after) / 2 - v / 1000)
        return best[1]

    async def shot(self, path):
        r = await self.c("Page.captureScreenshot", format="png")
        Path(path).write_bytes(base64.b64decode(r["data"]))

    async def close(self):
        try:
            await self.browser.cmd("Target.closeTarget", None, 10, targetId=self.target)
        except Exception:
            pass


class Traffic:
    """What a page receives: bytes and frames of messages, weight of the page, and hosts that are not this machine."""

    def __init__(self, session):
        self.session = session
        self.bytes = self.ws = self.wsn = 0
        self.requests, self.ext = {}, set()

    def hear(self, event):
        if event.get("sessionId") != self.session:
            return
        p = event["params"]
        match event["method"]:
            case "Network.requestWillBeSent":
                self._request(p)
            case "Network.webSocketCreated":
                self._host(p["url"])
            case "Network.webSocketFrameReceived":
                frame = p["response"]
                self.ws += len(frame["payloadData"]) * (3 / 4 if frame["opcode"] == 2 else 1)
                self.wsn += 1
            case "Network.dataReceived":
                r = self.requests.get(p["requestId"])
                if r:
                    r["data"] += p["dataLength"]
                if not r or not self._is_weight(r):
                    self.bytes += p["dataLength"]
            case "Network.loadingFinished":
                r = self.requests.get(p["requestId"])
                if r:
                    r["enc"] = p["encodedDataLength"]

    def _request(self, p):
        url = p["request"]["url"]
        self.requests.setdefault(p["requestId"], {"url": url, "type": p.get("type"), "enc": 0, "data": 0})
        if "://" in url and url.startswith(("http", "ws")):
            self._host(url)

    def _host(self, url):
        host = url.split("/")[2].split(":")[0]
        if host not in NEAR:
            self.ext.add(host)

    @staticmethod
    def _is_weight(r):
        return r["type"] in WEIGHT_TYPES or r["url"].split("?")[0].endswith(WEIGHT_ENDINGS)
