"""The scenarios, in the order they are run against one started server."""

import asyncio
import json

from cdp import Browser
from driving import Run, Server, mono, pss

ALL = "ttft,s50,s200,full,hist,h200full,reload,net,mem"
SESSIONS = 20

LOADED = """({
  tti: __b.tti,
  fcp: (performance.getEntriesByName('first-contentful-paint')[0]
    || performance.getEntriesByName('first-paint')[0] || {}).startTime,
  dcl: performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,
  long: __b.long.reduce((s, x) => s + x[1], 0),
})"""
WATCH_OPEN = """const __iv = setInterval(() => {
  try {
    if (!document.body) return;
    if (__b.tag !== 'hend') __b.start('hend');
    if (__b.max >= 80 && !__b.tOpen) { __b.tOpen = __b.recAt || performance.now(); clearInterval(__iv); }
    __b.tag = 'hend';
  } catch (e) {}
}, 5);"""
OPENED = """({
  open: __b.rec[__b.rec.length - 1][1],
  first: __b.rec[0][1],
  long: __b.long.reduce((s, x) => s + x[1], 0),
  nodes: document.querySelectorAll('*').length,
  answers: document.querySelectorAll(__b.sel).length,
})"""
WATCH_RELOAD = (
    "const __iv=setInterval(()=>{if(document.body&&window.__b&&__b.tag===null){__b.start('%s')}},5)"
)


class Round:
    """One start of one product, and all scenarios on it."""

    def __init__(self, a, http, number, wanted, out):
        self.a, self.http, self.is_first, self.wanted, self.out = a, http, number == 0, wanted, out
        self.number, self.result, self.server = number, {}, Server()
        self.run = self.context = self.page = None

    async def all(self):
        self.result["cold_http"] = await self.server.start(self.a)
        browser = None
        try:
            await self.a.prepare(self.http)
            browser = await Browser().start()
            self.run = Run(self.a, self.http, self.server, browser)
            await self.load()
            await self.scenarios()
            self.result["pss_end"] = pss(self.server.p.pid)
        except Exception as e:
            self.result["err"] = f"{type(e).__name__}: {e}"[:300]
        finally:
            if browser:
                await browser.close()
            await self.server.stop()
        return self.result

    async def load(self):
        """A cold load, then a warm one (cache filled)."""
        if self.is_first:
            await asyncio.sleep(1.0)
            self.result["pss_idle"] = pss(self.server.p.pid)
        self.context = await self.run.context()
        self.page = await self.run.open(self.context, await self.a.new_url())
        await asyncio.sleep(0.4)
        loaded = await self.page.ev(LOADED)
        self.result.update({"load_" + k: x for k, x in loaded.items()})
        self.result["cold_total"] = self.result["cold_http"] * 1e3 + loaded["tti"]
        second = await self.run.open(self.context, await self.a.new_url())
        self.result["load_warm_tti"] = await second.ev("__b.tti")
        await second.close()

    async def scenarios(self):
        ask, wanted = self.run.ask, self.wanted
        await self.scenario("warmup", ask(self.page, 20, 0, 0, 40))
        if "ttft" in wanted:
            for i in range(3):
                await self.scenario(f"ttft{i}", ask(self.page, 20, 100, 200, 30))
        for name, how in (("s50", (200, 50, 100)), ("s200", (800, 200, 100)), ("full", (4000, 0, 50, 60))):
            if name in wanted:
                await self.fresh()
                await self.scenario(name, ask(self.page, *how))
        if "hist" in wanted:
            for n in (200, 1000):
                await self.history(n)
        if self.is_first:
            for name, scenario, limit in (
                ("reload", self.reload, 110),
                ("net", self.net, 110),
                ("mem", self.mem, 200),
            ):
                if name in wanted:
                    await self.scenario(name, scenario(), limit)

    async def scenario(self, name, co, limit=110):
        result = self.result
        try:
            result[name] = await asyncio.wait_for(co, limit)
        except Exception as e:
            result[name] = {"ok": False, "err": f"{type(e).__name__}: {e}"[:200]}
        if not result[name].get("ok"):  # a wedged server or page must not poison the next scenario
            result.setdefault("restarts", []).append(name)
            await self.server.stop()
            await self.server.start(self.a)
            await self.a.prepare(self.http)
            self.context = await self.run.context()
        print(f"  {self.a.name} r{self.number} {name}: {json.dumps(result[name])[:330]}", flush=True)

    async def fresh(self, url=None, net=False):
        await self.page.close()
        self.page = await self.run.open(self.context, url or await self.a.new_url(), net)
        await asyncio.sleep(0.5)

    async def history(self, n):
        url = await self.a.preload(self.http, n)
        if not url:
            return
        await self.scenario(f"open{n}", self.open_history(url))
        if n == 200 and self.result.get("open200", {}).get("ok"):
            try:
                await self.page.wait("window.__b&&__b.tti", 15)
            except Exception:
                pass
            await self.scenario("h200_s50", self.run.ask(self.page, 150, 50, 100))
            if self.is_first and "h200full" in self.wanted:
                await self.scenario("h200_full", self.run.ask(self.page, 4000, 0, 50, 60))

    async def open_history(self, url):
        await self.page.close()
        p = self.page = await self.run.browser.page(self.context, self.run.scripts())
        await p.c("Page.addScriptToEvaluateOnNewDocument", source=WATCH_OPEN)
        await p.goto(url)
        await p.wait("window.__b&&__b.rec.length&&__b.max>=80", 60)
        await asyncio.sleep(0.8)
        p.off = await p.mono_off()
        m = await p.metrics()
        return await p.ev(OPENED) | {"ok": True, "heap": m["JSHeapUsedSize"] / 1e6}

    async def reload(self):
        """In the middle of an answer: a second tab, then a reload of the first."""
        await self.fresh()
        p, run, r = self.page, self.run, {}
        tag = await run.ask(p, 300, 50, 100, wait=False)
        await p.wait("__b.max>=50", 20)
        url = await p.ev("location.href")
        r["url_changes"] = url.split("?")[0].rstrip("/") != self.a.base
        second = await run.browser.page(self.context, run.scripts())
        await second.goto(url)
        await second.wait("!!(window.__b&&document.body)", 10)
        await second.ev(f"__b.start('{tag}')")
        await asyncio.sleep(1.6)
        x1 = await second.ev("__b.max")
        await asyncio.sleep(0.8)
        r["tab2"] = [x1, await second.ev("__b.max")]
        await p.c("Page.addScriptToEvaluateOnNewDocument", source=WATCH_RELOAD % tag)
        before = await p.ev("__b.max")
        await p.c("Page.reload")
        await asyncio.sleep(1.6)
        y1 = await p.ev("__b?__b.max:-2")
        await asyncio.sleep(0.7)
        r["reload"] = [before, y1, await p.ev("__b.max")]
        log = await self.upstream_end(tag)
        r["final_tab1"], r["final_tab2"] = await p.ev("__b.count()"), await second.ev("__b.count()")
        r["upstream_sent"], r["upstream_aborted"] = len(log["sent"]), log["aborted"]
        await p.c("Page.reload")
        await asyncio.sleep(2.5)
        r["after_2nd_reload"] = await p.ev("__b.count()")
        await second.close()
        return r | {"ok": True}

    async def upstream_end(self, tag):
        log, end = await self.run.log(tag), mono() + 8
        while mono() < end and not (log["done"] or log["aborted"]):
            await asyncio.sleep(0.3)
            log = await self.run.log(tag)
        await asyncio.sleep(1.5)
        return log

    async def net(self):
        """Page weight and traffic; not timed, for the accounting itself costs time."""
        context = await self.run.context()
        await self.page.close()
        p = self.page = await self.run.open(context, await self.a.new_url(), True)
        await asyncio.sleep(2.0)
        net, r = p.net, weight(p.net)
        before = net.bytes, net.ws, net.wsn
        await self.run.ask(p, 200, 100, 50)
        scripts = sum(q["enc"] for q in net.requests.values() if q["type"] == "Script")
        r["lazy_js_kb"] = scripts / 1024 - r["js_kb"]
        r["bytes_tok"], r["frames_tok"] = traffic(net, before, 200)
        r["ext"] = sorted(net.ext)
        await p.shot(f"{self.out}/{self.a.name}.png")
        before = net.bytes, net.ws, net.wsn
        try:
            x = await asyncio.wait_for(self.run.ask(p, 2000, 400, 50), 60)
        except Exception:
            x = {}
        r["done_2k"] = bool(x.get("ok"))  # bytes of a run that did not finish would flatter it
        if x.get("ok"):
            r["bytes_tok_2k"], r["frames_tok_2k"] = traffic(net, before, 2000)
            await p.shot(f"{self.out}/{self.a.name}.png")
        return r

    async def mem(self):
        """What each of twenty more sessions costs the server."""
        before, asked = pss(self.server.p.pid), []

        async def session():
            context = await self.run.context()
            q = await self.run.open(context, await self.a.new_url())
            await asyncio.sleep(0.2)
            await self.run.ask(q, 200, 0, 0, wait=False)
            asked.append(q)

        for _ in range(0, SESSIONS, 2):
            await asyncio.gather(session(), session(), return_exceptions=True)
        await asyncio.sleep(3)
        after, answered = pss(self.server.p.pid), 0
        for q in asked:
            try:
                answered += (await q.ev("__b.max", 5)) >= 199
            except Exception:
                pass
        return {
            "ok": True,
            "pss_before": before,
            "pss_after": after,
            "per_session_mb": (after - before) / max(1, len(asked)),
            "sessions": len(asked),
            "answered": answered,
        }


def weight(net):
    requests = list(net.requests.values())
    scripts = [
        x for x in requests if x["type"] == "Script" or x["url"].split("?")[0].endswith((".js", ".mjs"))
    ]
    return {
        "ok": True,
        "requests": len([x for x in requests if x["url"].startswith("http")]),
        "js_kb": sum(x["enc"] for x in scripts) / 1024,
        "js_raw_kb": sum(x["data"] for x in scripts) / 1024,
        "total_kb": sum(x["enc"] for x in requests) / 1024,
        "ext": sorted(net.ext),
    }


def traffic(net, before, n):
    """Bytes and WebSocket frames per token since `before`."""
    b0, w0, n0 = before
    return (net.bytes - b0 + net.ws - w0) / n, (net.wsn - n0) / n
