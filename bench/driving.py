"""The server under test, and a browser's run against it: open a page, ask, and read when what was painted."""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager

import aiohttp
import psutil
from cdp import HERE, LAB, PROBE

mono = time.monotonic
DIGITS = "0123456789abcdefghijklmnop"
_tag = [int(time.time()) % 1000]

READY = (
    "(()=>{const e=document.querySelector(%s);return !!e&&!e.disabled&&e.getClientRects().length>0"
    "&&(e.isContentEditable!==false||'value' in e)%s})()"
)
WATCH_READY = (
    ";if(!window.__tt){window.__tt=setInterval(()=>{try{if(%s)"
    "{window.__b.tti=performance.now();clearInterval(window.__tt)}}catch(e){}},10)}"
)
RESULT = "({rec:__b.rec,fr:__b.fr,long:__b.long,te:__b.tEnter,max:__b.max,cnt:__b.count(),lm:__b.lastMut})"
NOTE_CLICK = "addEventListener('pointerdown',()=>{__b.tEnter=performance.now()},{capture:true,once:true})"


def new_tag():
    _tag[0] += 1
    n, tag = _tag[0], ""
    while n:
        n, r = divmod(n, len(DIGITS))
        tag = DIGITS[r] + tag
    return tag


def tree(pid):
    try:
        p = psutil.Process(pid)
        return [p, *p.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu(pid):
    """Seconds of CPU the process tree has used."""
    total = 0.0
    for p in tree(pid):
        try:
            c = p.cpu_times()
            total += c.user + c.system
        except psutil.Error:
            pass
    return total


def pss(pid):
    """Megabytes of memory of the process tree, shared pages counted in parts."""
    total = 0
    for p in tree(pid):
        try:
            with open(f"/proc/{p.pid}/smaps_rollup") as lines:
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            pass
    return total / 1024


def percentile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else None


@asynccontextmanager
async def provider(port):
    """The mock provider, until the end of the block; whoever is told to stop unwinds, so that nothing is left."""
    me = asyncio.current_task()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, me.cancel)
    quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
    mock = await asyncio.create_subprocess_exec(
        *(sys.executable, HERE / "mock.py", "--port", str(port)), start_new_session=True, **quiet
    )
    try:
        await asyncio.sleep(1)
        yield
    finally:
        mock.terminate()
        await mock.wait()


class Server:
    async def start(self, a):
        """Start it; answers the seconds to the first HTTP answer."""
        a.fresh()
        (LAB / "logs").mkdir(parents=True, exist_ok=True)
        self.log = open(LAB / "logs" / f"srv-{a.name}.log", "ab")
        t0 = mono()
        self.p = await asyncio.create_subprocess_exec(
            *a.cmd(),
            cwd=a.cwd(),
            env=a.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while mono() - t0 < a.cold_timeout:
                if self.p.returncode is not None:
                    raise RuntimeError(f"{a.name} exited {self.p.returncode}")
                try:
                    async with http.get(a.base + a.health) as r:
                        if r.status < 500:
                            return mono() - t0
                except (aiohttp.ClientError, TimeoutError, ConnectionError):
                    pass
                await asyncio.sleep(0.02)
        raise TimeoutError(a.name + " did not start")

    async def stop(self):
        ps = tree(self.p.pid)
        try:
            os.killpg(self.p.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        try:
            await asyncio.wait_for(self.p.wait(), 8)
        except TimeoutError:
            pass
        for p in ps:
            try:
                p.kill()
            except psutil.Error:
                pass
        try:
            await self.p.wait()
        except Exception:
            pass
        self.log.close()


class Run:
    def __init__(self, a, http, server, browser):
        self.a, self.http, self.server, self.browser = a, http, server, browser

    def scripts(self):
        more = f"&&!!({self.a.ready_js})" if self.a.ready_js else ""
        ready = READY % (json.dumps(self.a.composer), more)
        return [PROBE.replace("%SEL%", json.dumps(self.a.answer)) + WATCH_READY % ready]

    async def context(self):
        c = await self.browser.context()
        p = await self.browser.page(c)
        await self.a.login(p)
        await p.c("Network.enable")
        await p.c("Network.clearBrowserCache")
        await p.close()
        return c

    async def open(self, context, url, net=False):
        p = await self.browser.page(context, self.scripts())
        if net:
            await p.netlog()
        await p.goto(url)
        await p.wait("window.__b&&window.__b.tti", 60)
        p.off = await p.mono_off()
        return p

    async def log(self, tag):
        async with self.http.get(f"http://127.0.0.1:{self.a.mock}/log?id={tag}") as r:
            entries = await r.json()
        return entries[0] if entries else None

    async def ask(self, p, n, rate=0, delay=0, timeout=45, *, wait=True, more=""):
        a, tag = self.a, new_tag()
        await a.before_send(p)
        await p.type(a.composer, f"mock id={tag} n={n} rate={rate} delay={delay}{more}")
        await asyncio.sleep(0.25)
        await p.ev(f"__b.start({json.dumps(tag)})")
        await asyncio.sleep(0.1)
        before, cpu_before = await p.metrics(), cpu(self.server.p.pid)
        if a.send == "enter":
            await p.enter()
        else:
            await p.ev(NOTE_CLICK)
            await p.click(a.send)
        if not wait:
            return tag
        await self._painted(p, n, timeout)
        await asyncio.sleep(0.6)
        after, cpu_after = await p.metrics(), cpu(self.server.p.pid)
        seen = await p.ev(RESULT)
        spent = {name: after[name] - before[name] for name in after} | {"cpu": cpu_after - cpu_before}
        return reduce(seen, await self.log(tag), n, p.off, spent)

    @staticmethod
    async def _painted(p, n, timeout):
        end = mono() + timeout
        while mono() < end:
            try:
                v = await p.ev("__b.max", 15)
            except TimeoutError:
                continue  # main thread blocked: keep waiting, it is part of the result
            if v >= n - 1:
                return
            await asyncio.sleep(0.1)


def reduce(seen, log, n, off, spent):
    """One answer's figures, in milliseconds unless the name says otherwise."""
    if not log or not seen["rec"]:
        return {"ok": False, "max": seen["max"]}
    entered, sent, rec = seen["te"] / 1e3 + off, log["sent"], seen["rec"]
    paint, latencies = paints(rec, sent, n, off)
    last, last_paint = paint.get(n - 1), rec[-1][1]
    long = [x for x in seen["long"] if x[0] >= seen["te"]]
    gaps = [x for x in seen["fr"] if seen["te"] <= x[0] <= last_paint + 300]
    thousands = n / 1000

    def per_thousand(*names):
        return sum(spent[name] for name in names) * 1e3 / thousands

    return {
        "ok": last is not None,
        "complete": seen["cnt"] / n,
        "ttft_overhead": (paint[0] - entered - (sent[0] - log["t_req"])) * 1e3 if 0 in paint else None,
        "up": (log["t_req"] - entered) * 1e3,
        "p50": percentile(latencies, 0.5),
        "p95": percentile(latencies, 0.95),
        "p99": percentile(latencies, 0.99),
        "pmax": max(latencies) if latencies else None,
        "total": (last - log["t_req"]) * 1e3 if last else None,
        "lag": (last - sent[-1]) * 1e3 if last else None,
        "mock": (sent[-1] - sent[0]) * 1e3,
        "enter_total": (last - entered) * 1e3 if last else None,
        "long": sum(x[1] for x in long),
        "longmax": max([x[1] for x in long] or [0]),
        "dropped": sum(max(0, round(x[1] / 16.67) - 1) for x in gaps),
        "paints": len(rec),
        "busy": per_thousand("TaskDuration"),
        "script": per_thousand("ScriptDuration"),
        "layout": per_thousand("LayoutDuration", "RecalcStyleDuration"),
        "cpu1k": spent["cpu"] / thousands,
        "settle": (seen["lm"] / 1e3 + off - sent[-1]) * 1e3,
        "upstream_msgs": log["msgs"],
    }


def paints(rec, sent, n, off):
    """When each token was painted, on this machine's clock, and how long after it was sent."""
    paint, latencies, k = {}, [], 0
    for i in range(min(n, len(sent))):
        while k < len(rec) and rec[k][0] < i:
            k += 1
        if k >= len(rec):
            break
        paint[i] = rec[k][1] / 1e3 + off
        latencies.append((paint[i] - sent[i]) * 1e3)
    return paint, latencies
