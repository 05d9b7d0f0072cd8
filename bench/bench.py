#!/usr/bin/env python3
"""Token to pixel, side by side. See README.md.   bench.py --suts floor,floormd,ours --rounds 3 --out DIR"""

import argparse
import asyncio
import importlib
import json
import os
from pathlib import Path

import aiohttp
import report
from cdp import LAB
from driving import mono, provider
from scenarios import ALL, Round


def options():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--suts", default="floor,floormd", help="adapters, separated by commas")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--out", type=Path, default=LAB / "out")
    ap.add_argument("--scenarios", default=ALL)
    ap.add_argument("--port", type=int, default=18410)
    ap.add_argument("--mock-port", type=int, default=18400)
    ap.add_argument("--append", action="store_true", help="keep results already in OUT/raw.json")
    return ap.parse_args()


async def one(o, names, name, number):
    """One round of one product."""
    a = importlib.import_module("adapters." + name).Adapter(o.port + names.index(name), o.mock_port)
    t0, load = mono(), os.getloadavg()[0]
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
            wanted = set(o.scenarios.split(","))
            result = await asyncio.wait_for(Round(a, http, number, wanted, o.out).all(), 420)
    except Exception as e:
        result = {"err": f"{type(e).__name__}: {e}"[:300]}
    result["load_before"], result["wall"] = load, mono() - t0
    print(f"== {name} round {number} {mono() - t0:.0f}s load {load:.1f} {result.get('err', '')}", flush=True)
    return result


async def main():
    o = options()
    o.out.mkdir(parents=True, exist_ok=True)
    names, raw = o.suts.split(","), o.out / "raw.json"
    results = json.loads(raw.read_text()) if o.append and raw.exists() else {}
    async with provider(o.mock_port):
        for number in range(o.rounds):
            for name in names if number % 2 == 0 else names[::-1]:
                results.setdefault(name, []).append(await one(o, names, name, number))
                raw.write_text(json.dumps(results))
    report.write(results, o.out)


if __name__ == "__main__":
    asyncio.run(main())
