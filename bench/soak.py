#!/usr/bin/env python3
"""What hours cost: the memory of one tab, and of its server, while answers stream and while nothing happens. See README.md.

soak.py --hours 2                    (a stream of 50 tokens/s, in real time)
soak.py --tokens 360000              (as many, as fast as they go)
soak.py --only idle,cuts,visits      (a tab that waits, sockets that break, sessions opened one after another)
"""

import argparse
import asyncio
import importlib
import os
import statistics
import sys

import aiohttp
import psutil
from cdp import LAB, Browser
from driving import Server, mono, new_tag, provider, pss

MOST = 250
"""Megabytes that a tab may hold."""
LEAK = 1.1
"""More than so much between the middle third of the samples and the last is growth, not noise."""
COLLECTED = 3
"""Times that garbage is collected before a look: what is let go of may hold more."""
OFTEN = 5
"""Turns, of which one calls tools."""
COLUMNS = (
    "tab, MB",
    "before collecting",
    "JS heap, MB",
    "Blink heap, MB",
    "DOM nodes",
    "in the page",
    "listeners",
    "server, MB",
)
LEAKING = ("JS heap, MB", "Blink heap, MB", "DOM nodes", "listeners")
"""What must not grow."""
WATCH_SOCKET = """window.WebSocket = class extends WebSocket {
  constructor(...where) { super(...where); window.__sockets = (window.__sockets ?? 0) + 1; window.__socket = this; }
};"""
HEARS = "window.__socket?.readyState === 1 && document.querySelector('#run-state')?.textContent !== 'Reconnecting'"

SHOWN = """location.pathname.startsWith('%s') && document.querySelector('#prompt')?.dataset.session === '%s'
  && document.querySelectorAll('%s').length > 5"""


def held(pid):
    """Megabytes that a process holds alone, as Chromium's own task manager counts them."""
    with open(f"/proc/{pid}/status") as lines:
        sizes = [int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "VmSwap:"))]
    return sum(sizes) / 1024


class Tab:
    """One page of a product, and what it costs."""

    def __init__(self, a, server, browser, page):
        self.a, self.server, self.browser, self.page, self.samples = a, server, browser, page, []

    def _renderer(self):
        """The process that has worked most for a page; others wait for one."""
        kinds = psutil.Process(self.browser.p.pid).children(recursive=True)
        pages = [one for one in kinds if "--type=renderer" in one.cmdline()]
        return max(pages, key=lambda one: sum(one.cpu_times()[:2])).pid

    async def sample(self, name):
        """Look, once everything is let go of that can be."""
        before = held(self._renderer())
        for _ in range(COLLECTED):
            await self.page.c("HeapProfiler.collectGarbage", 60)
        now = await self.page.metrics()
        there = await self.page.ev("document.querySelectorAll('*').length", 60)
        heap = await self.page.c("Runtime.getHeapUsage")
        heaps = [heap[name] / 1e6 for name in ("usedSize", "embedderHeapUsedSize")]
        counts = [now["Nodes"], there, now["JSEventListeners"]]
        row = [held(self._renderer()), before, *heaps, *counts, pss(self.server.p.pid)]
        self.samples.append(row)
        print(f"| {name} | " + " | ".join(f"{value:,.1f}" for value in row) + " |", flush=True)

    async def say(self, text):
        await self.page.type(self.a.composer, text)
        await asyncio.sleep(0.3)
        await self.page.enter()

    async def turn(self, http, n, rate, has_tools):
        """A turn that answers n tokens; it is over when all of it is painted."""
        tag = new_tag()
        tools = f" tool={self.a.tools}" if has_tools and self.a.tools else ""
        await self.say(f"mock id={tag} n={n} rate={rate} delay=50{tools} math=1")
        end = mono() + 60 + 3 * n / (rate or 200)
        while not await self._is_said(http, tag):
            if mono() > end:
                raise TimeoutError(f"{tag} was never answered")
            await asyncio.sleep(0.2)
        last = f"[...document.querySelectorAll({self.a.answer!r})].at(-1)?.textContent.includes('q{n - 1}x{tag}z')"
        await self.page.wait(last, 60, 0.1)

    async def _is_said(self, http, tag):
        async with http.get(f"http://127.0.0.1:{self.a.mock}/log?id={tag}") as answer:
            entries = await answer.json()
        return bool(entries) and entries[-1]["done"] is not None

    def verdict(self, name):
        """Whether it stays below the limit, and stays as it is."""
        most, told = max(row[0] for row in self.samples), []
        third = max(1, len(self.samples) // 3)
        for at, column in enumerate(COLUMNS):
            middle, last = (
                statistics.median(row[at] for row in part)
                for part in (self.samples[third : 2 * third] or self.samples[:1], self.samples[-third:])
            )
            told.append(f"{column} x{last / middle:.2f}")
        is_well = most <= MOST and all(
            statistics.median(row[at] for row in self.samples[-third:])
            <= LEAK
            * statistics.median(row[at] for row in self.samples[third : 2 * third] or self.samples[:1])
            for at in (1, 2, 4)
        )
        print(f"{name}: at most {most:.0f} MB of {MOST}; last third beside the middle one: {', '.join(told)}")
        print(f"{name}: {'holds' if is_well else 'DOES NOT HOLD'}\n", flush=True)
        return is_well


class Soak:
    """A started product, and what is asked of it."""

    def __init__(self, o, a, http):
        self.o, self.a, self.http, self.server, self.browser = o, a, http, Server(), Browser()

    async def all(self):
        wanted, is_well = self.o.only.split(","), True
        await self.server.start(self.a)
        try:
            for name in ("stream", "idle", "cuts", "visits"):
                if name in wanted:
                    is_well = await self.scenario(name) and is_well
        finally:
            await self.server.stop()
        return is_well

    async def scenario(self, name):
        """One of them, in a browser of its own: what a tab held before must not count."""
        self.browser = await Browser().start()
        try:
            page = await self.browser.page(await self.browser.context(), [WATCH_SOCKET])
            tab = Tab(self.a, self.server, self.browser, page)
            await self.open(page, self.a.base + "/")
            print(f"{self.a.name}, {name}; load {os.getloadavg()[0]:.1f}\n")
            print(f"| | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
            await tab.sample("empty")
            await getattr(self, name)(tab)
            print(f"\nload {os.getloadavg()[0]:.1f}")
            return tab.verdict(f"{self.a.name}, {name}")
        finally:
            await self.browser.close()

    async def open(self, page, url):
        await page.goto(url)
        await page.wait(f"(e => e && !e.disabled)(document.querySelector({self.a.composer!r}))", 60)
        await asyncio.sleep(1.5)

    async def stream(self, tab):
        """Turns one after the other in one session."""
        o, said, turns, begun = self.o, 0, 0, mono()
        if self.a.setup:
            await tab.say(self.a.setup)
            await asyncio.sleep(1)
        wanted = o.tokens or o.hours * 3600 * o.rate
        rate, due = 0 if o.tokens else o.rate, wanted / o.samples
        while said < wanted:
            await tab.turn(self.http, o.n, rate, turns % OFTEN == OFTEN - 1)
            said, turns = said + o.n, turns + 1
            if said >= due:
                due += wanted / o.samples
                await tab.sample(f"{said:,} tokens, {turns} turns, {(mono() - begun) / 60:.0f} min")

    async def idle(self, tab):
        """A tab with a session open, in which nothing happens."""
        await tab.turn(self.http, 400, 0, has_tools=False)
        for number in range(self.o.samples):
            await asyncio.sleep(self.o.minutes * 60 / self.o.samples)
            await tab.sample(f"{self.o.minutes * (number + 1) / self.o.samples:.0f} min")

    async def cuts(self, tab):
        """Sockets that break, and are made anew."""
        await tab.turn(self.http, 400, 0, has_tools=False)
        for number in range(1, self.o.cuts + 1):
            before = await tab.page.ev("window.__sockets")
            await tab.page.ev("window.__socket.close()")
            await tab.page.wait(f"window.__sockets > {before} && {HEARS}", 60, 0.1)
            await asyncio.sleep(0.5)
            if number % max(1, self.o.cuts // self.o.samples) == 0:
                await tab.sample(f"{number} cuts")
        await tab.turn(self.http, 400, 0, has_tools=False)
        await tab.sample("one more turn")

    async def visits(self, tab):
        """Sessions opened one after another by their links, all of them twice."""
        urls = await self.a.preload_all(["work:60"] * self.o.sessions)
        await self.open(tab.page, urls[0])
        for number in range(2 * len(urls)):
            path = urls[number % len(urls)].removeprefix(self.a.base)
            link = f"""document.querySelector('#sidebar a[href^="{path}"]')"""
            await tab.page.wait(f"{link} !== null", 30)
            await tab.page.ev(f"{link}.click()")
            await tab.page.wait(SHOWN % (path, path.split("/")[-1], self.a.answer), 30)
            await asyncio.sleep(0.6)
            if (number + 1) % max(1, 2 * len(urls) // self.o.samples) == 0:
                await tab.sample(f"{number + 1} sessions")


def options():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--hours", type=float, default=2.0, help="of streaming; 0 for none of anything")
    ap.add_argument("--rate", type=int, default=50, help="tokens a second")
    ap.add_argument("--tokens", type=int, default=0, help="instead: so many, as fast as they go")
    ap.add_argument("--n", type=int, default=2000, help="tokens of one answer")
    ap.add_argument("--minutes", type=float, default=60, help="that a tab is idle")
    ap.add_argument("--cuts", type=int, default=100)
    ap.add_argument("--sessions", type=int, default=50)
    ap.add_argument("--samples", type=int, default=24)
    ap.add_argument("--only", default="stream,idle,cuts,visits")
    ap.add_argument("--sut", default="ours")
    ap.add_argument("--port", type=int, default=18710, help="the provider gets the one before it")
    return ap.parse_args()


async def main():
    o = options()
    if not o.hours:
        return True
    a = importlib.import_module("adapters." + o.sut).Adapter(o.port, o.port - 1)
    a.data = LAB / "tmp" / f"soak-{o.port}"
    async with provider(a.mock), aiohttp.ClientSession() as http:
        return await Soak(o, a, http).all()


if __name__ == "__main__":
    sys.exit(not asyncio.run(main()))
