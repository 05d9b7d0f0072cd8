#!/usr/bin/env python3
"""A page with everything on it, while 200 tokens/s stream: main-thread tasks, frames, and what a key waits. See README.md.

crowded.py --rounds 3 --suts floor,ours      (40 rows before, the drawer open on its changes, calls, formulas, tables, code)
"""

import argparse
import asyncio
import importlib
import os
import statistics

import aiohttp
from cdp import LAB, Browser
from driving import Run, Server, percentile, provider

ROWS = 40
LONG = 50
"""Milliseconds that no task may take."""
EVERY = 0.13
"""Seconds between two keys: somebody who types fast."""
WIDE = {"width": 1600, "height": 900, "deviceScaleFactor": 1, "mobile": False}
"""So wide that the drawer stands beside the transcript."""
CATEGORIES = ["toplevel", "disabled-by-default-devtools.timeline"]
KEYS = """(() => {
  window.__keys = [];
  const { port1, port2 } = new MessageChannel(); // runs after the frame is painted
  const due = [];
  port1.onmessage = () => { for (const key of due.splice(0)) key.painted = performance.now() - key.at; };
  addEventListener("keydown", ({ key: letter, timeStamp: at }) => {
    if (letter.length > 1) return;
    const key = { at, waited: performance.now() - at };
    __keys.push(key);
    requestAnimationFrame(() => { due.push(key); port2.postMessage(0); });
  }, true);
})()"""


class Trace:
    """What a page's main thread does, task by task."""

    def __init__(self, browser):
        self.browser, self.events, self.over = browser, [], asyncio.Event()

    async def __aenter__(self):
        self.browser.listeners.append(self._hear)
        config = {"includedCategories": CATEGORIES, "recordMode": "recordUntilFull"}
        await self.browser.cmd("Tracing.start", traceConfig=config, transferMode="ReportEvents")
        return self

    async def __aexit__(self, *_):
        await self.browser.cmd("Tracing.end")
        await asyncio.wait_for(self.over.wait(), 60)
        self.browser.listeners.remove(self._hear)

    def _hear(self, said):
        if said["method"] == "Tracing.dataCollected":
            self.events += said["params"]["value"]
        elif said["method"] == "Tracing.tracingComplete":
            self.over.set()

    def tasks(self):
        """Start, length and CPU time of each, in milliseconds; of the renderer that has worked most."""
        mains = {
            (event["pid"], event["tid"])
            for event in self.events
            if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        found = {where: [] for where in mains}
        for event in self.events:
            where = event["pid"], event["tid"]
            if event["name"] == "RunTask" and event["ph"] == "X" and where in found:
                found[where].append((event["ts"] / 1e3, event["dur"] / 1e3, event.get("tdur", 0) / 1e3))
        return sorted(max(found.values(), key=lambda tasks: sum(task[2] for task in tasks)))


class Crowded:
    """A started product."""

    def __init__(self, a, http, rounds):
        self.a, self.http, self.rounds, self.server = a, http, rounds, Server()

    async def start(self):
        await self.server.start(self.a)
        if hasattr(self.a, "preload_all"):
            self.urls = await self.a.preload_all([f"work:{ROWS}"] * self.rounds)
        else:
            self.urls = [await self.a.preload(self.http, ROWS)] * self.rounds

    async def measure(self, number, n, rate):
        """One long answer, in a browser of its own."""
        browser = await Browser().start()
        run = Run(self.a, self.http, self.server, browser)
        try:
            page = await browser.page(await browser.context(), [*run.scripts(), KEYS])
            await page.c("Emulation.setDeviceMetricsOverride", **WIDE)
            await page.goto(self.urls[number])
            await page.wait("window.__b&&window.__b.tti", 60)
            page.off = await page.mono_off()
            await asyncio.sleep(2)
            await self.crowd(run, page)
            async with Trace(browser) as trace:
                typing = asyncio.create_task(self.type(page))
                answered = await run.ask(page, n, rate, 100, more=self.more())
                typing.cancel()
                keys = await page.ev("__keys")
            nodes = await page.ev("document.querySelectorAll('*').length")
            if number == 0:
                await page.shot(LAB / f"crowded-{self.a.name}.png")
            return figures(answered, trace.tasks(), keys) | {"elements": nodes}
        finally:
            await browser.close()

    def more(self):
        return f" tool={self.a.tools} math=1" if self.a.tools else " math=1"

    async def crowd(self, run, page):
        """Let tools run without asking, open what stands beside, and let it fill."""
        if self.a.setup:
            await page.type(self.a.composer, self.a.setup)
            await asyncio.sleep(0.3)
            await page.enter()
            await asyncio.sleep(0.5)
        await run.ask(page, 200, 0, 0, more=self.more())
        if self.a.beside:
            await page.click(self.a.beside)
            await asyncio.sleep(1.5)

    async def type(self, page):
        """Type into the composer while the answer comes."""
        await page.wait("__b.max > 100", 30)
        for number in range(1000):
            letter = " " if number % 6 == 5 else "abcdefgh"[number % 8]
            await page.c("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            await page.c("Input.dispatchKeyEvent", type="keyUp", key=letter)
            await asyncio.sleep(EVERY)


def figures(answered, tasks, keys):
    """One run's figures, in milliseconds."""
    spent = [task[2] for task in tasks]
    seconds = (tasks[-1][0] - tasks[0][0]) / 1e3
    frames = {}
    for at, _, cpu in tasks:
        frames[int(at * 60 / 1e3)] = frames.get(int(at * 60 / 1e3), 0) + cpu
    waited = [key["waited"] for key in keys]
    painted = [key["painted"] for key in keys if "painted" in key]
    return {
        "tasks over 50 ms": sum(task[1] > LONG for task in tasks),
        "tasks over 50 ms of CPU": sum(cpu > LONG for cpu in spent),
        "longest task": max(task[1] for task in tasks),
        "longest task, CPU": max(spent),
        "p99.9 of tasks, CPU": percentile(spent, 0.999),
        "CPU of a frame, p50": percentile(frames.values(), 0.5),
        "CPU of a frame, p95": percentile(frames.values(), 0.95),
        "CPU a second": sum(spent) / seconds,
        "dropped frames": answered["dropped"],
        "key waits, p50": percentile(waited, 0.5),
        "key waits, p95": percentile(waited, 0.95),
        "key to paint, p95": percentile(painted, 0.95),
        "keys": len(keys),
        "token to pixel, p50": answered["p50"],
        "token to pixel, p95": answered["p95"],
    }


def table(found):
    names = list(found)
    yield f"| median [least-most] | {' | '.join(names)} |\n|---{'|---' * len(names)}|"
    floor = found[names[0]]
    for row in floor[0]:
        beside = statistics.median(one[row] for one in floor)
        told = []
        for name in names:
            values = sorted(one[row] for one in found[name])
            middle = statistics.median(values)
            ratio = f" x{middle / beside:.1f}" if beside and name != names[0] else ""
            told.append(f"{middle:.1f} [{values[0]:.1f}-{values[-1]:.1f}]{ratio}")
        yield f"| {row} | {' | '.join(told)} |"


async def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--suts", default="floor,ours")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--n", type=int, default=2000)
    ap.add_argument("--rate", type=int, default=200)
    ap.add_argument("--port", type=int, default=18810, help="the provider gets the one before it")
    o = ap.parse_args()
    found, products = {}, []
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    async with provider(o.port - 1), aiohttp.ClientSession() as http:
        try:
            for at, name in enumerate(o.suts.split(",")):
                a = importlib.import_module("adapters." + name).Adapter(o.port + at, o.port - 1)
                a.data = LAB / "tmp" / f"crowded-{a.port}"
                products.append(Crowded(a, http, o.rounds))
                await products[-1].start()
            for number in range(o.rounds):
                for product in products:
                    found.setdefault(product.a.name, []).append(await product.measure(number, o.n, o.rate))
        finally:
            for product in products:
                if hasattr(product.server, "p"):
                    await product.server.stop()
    print(*table(found), f"load {os.getloadavg()[0]:.1f}", sep="\n")


if __name__ == "__main__":
    asyncio.run(main())
