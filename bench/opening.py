#!/usr/bin/env python3
"""How fast a session opens: from navigation to its newest row in sight and a composer that can be used. See README.md.

opening.py --rounds 7        (rounds of: the floor with 2 and 1,000 messages; ours with 2, 1,000 and 5,000 rows)
"""

import argparse
import asyncio
import os
import statistics

import aiohttp
from adapters.floor import Adapter as Floor
from adapters.ours import Adapter as Ours
from cdp import Browser
from driving import Server, cpu

SIZES = {"ours, 2 rows": "2", "1,000 rows": "1000", "5,000 rows": "5000", "5,000 rows of work": "work:5000"}
FLOOR_SIZES = {"floor, 2 messages": 2, "floor, 1,000 messages": 1000}
SETTLING = 0.8
"""Seconds after which nothing more happens on a page; what is done meanwhile counts as CPU time."""
WATCH = """(() => {
  const seen = (element) => {
    const box = element?.getBoundingClientRect();
    return box?.height > 0 && box.top < innerHeight && box.bottom <= innerHeight + 200;
  };
  const look = () => {
    const answers = document.querySelectorAll(%(answer)s);
    const last = answers[answers.length - 1];
    const composer = document.querySelector(%(composer)s);
    if (composer && !composer.disabled) window.__usable ??= performance.now();
    if (answers.length) window.__first ??= performance.now();
    const isThere = last?.textContent.includes("xhendz") && (!%(scrolls)s || seen(last));
    if (!isThere || !window.__usable) return requestAnimationFrame(look);
    const { port1, port2 } = new MessageChannel(); // runs after the frame is painted
    port1.onmessage = () => (window.__open = performance.now());
    port2.postMessage(0);
  };
  requestAnimationFrame(look);
})()"""
OPENED = "({open: __open, usable: __usable, first: __first, nodes: document.querySelectorAll('*').length})"


class Product:
    """A started server, and a browser context that knows it."""

    def __init__(self, adapter, scrolls):
        self.adapter, self.server = adapter, Server()
        self.script = WATCH % {
            "answer": repr(adapter.answer),
            "composer": repr(adapter.composer),
            "scrolls": "true" if scrolls else "false",
        }

    async def start(self, browser):
        await self.server.start(self.adapter)
        self.browser, self.context = browser, await browser.context()

    async def open(self, url):
        """Open a page; what it took in milliseconds, of CPU too."""
        page = await self.browser.page(self.context, [self.script])
        before = cpu(self.server.p.pid)
        try:
            await page.goto(url)
            await page.wait("window.__open", 60)
            await asyncio.sleep(SETTLING)
            found, spent = await page.ev(OPENED), await page.metrics()
        finally:
            await page.close()
        found["server"] = (cpu(self.server.p.pid) - before) * 1e3
        found["page"] = spent["TaskDuration"] * 1e3
        return found


async def sessions_of(adapter):
    """The addresses of ours, written once."""
    names = await adapter.preload_all(SIZES.values())
    return dict(zip(SIZES, names, strict=True))


async def measure(rounds, port, only):
    found = {}
    browser = await Browser().start()
    floor, ours = (
        Product(Floor(port, port - 1), scrolls=False),
        Product(Ours(port + 1, port - 1), scrolls=True),
    )
    try:
        async with aiohttp.ClientSession():
            await floor.start(browser)
            await ours.start(browser)
            places = {name: (floor, f"{floor.adapter.base}/?h={n}") for name, n in FLOOR_SIZES.items()}
            places |= {name: (ours, url) for name, url in (await sessions_of(ours.adapter)).items()}
            for number in range(rounds + 1):
                for name, (product, url) in places.items():
                    if only not in name:
                        continue
                    opened = await product.open(url)
                    if number:  # the first fills the cache
                        found.setdefault(name, []).append(opened)
    finally:
        await browser.close()
        for product in (floor, ours):
            if hasattr(product.server, "p"):
                await product.server.stop()
    return found


def table(found):
    small = statistics.median(one["open"] for one in found.get("ours, 2 rows", [{"open": 1}]))
    yield "| | open, ms: median [least-most] | beside 2 rows | first rows, ms | composer, ms | server CPU, ms | page CPU, ms | nodes |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, all_of in found.items():
        values = sorted(one["open"] for one in all_of)
        median = {key: statistics.median(one[key] for one in all_of) for key in all_of[0]}
        spread = f"{median['open']:.0f} [{values[0]:.0f}-{values[-1]:.0f}]"
        rest = " | ".join(f"{median[key]:.0f}" for key in ("first", "usable"))
        means = " | ".join(f"{statistics.mean(one[key] for one in all_of):.0f}" for key in ("server", "page"))
        yield f"| {name} | {spread} | x{median['open'] / small:.2f} | {rest} | {means} | {median['nodes']:.0f} |"


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--rounds", type=int, default=7)
    ap.add_argument("--port", type=int, default=18610)
    ap.add_argument("--only", default="", help="sizes whose name contains this")
    o = ap.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    found = asyncio.run(measure(o.rounds, o.port, o.only))
    print(*table(found), f"load {os.getloadavg()[0]:.1f}", sep="\n")


if __name__ == "__main__":
    main()
