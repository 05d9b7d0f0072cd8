"""raw.json -> summary.json and table.md: medians, spread, ratio to the floor."""

import json
import statistics
import sys
from pathlib import Path

# key, label, decimals
ROWS = [
    ("cold_http", "server start to first HTTP answer, s", 2),
    ("load_fcp", "first contentful paint, cold cache, ms", 0),
    ("load_tti", "composer usable, cold cache, ms", 0),
    ("load_warm_tti", "composer usable, warm cache, ms", 0),
    ("cold_total", "cold start in all: process to usable page, ms", 0),
    ("net.js_kb", "JS transferred, kB", 0),
    ("net.js_raw_kb", "JS decoded, kB", 0),
    ("net.total_kb", "page weight, kB", 0),
    ("net.requests", "requests", 0),
    ("ttft*.ttft_overhead", "Enter to first token painted, minus provider's own delay, ms", 0),
    ("ttft*.up", "of which Enter to request at provider, ms", 0),
    ("s50.p50", "token-to-pixel p50 at 50 tok/s, ms", 0),
    ("s50.p95", "p95 at 50 tok/s", 0),
    ("s50.p99", "p99 at 50 tok/s", 0),
    ("s200.p50", "token-to-pixel p50 at 200 tok/s, ms", 0),
    ("s200.p95", "p95 at 200 tok/s", 0),
    ("s200.p99", "p99 at 200 tok/s", 0),
    ("s200.dropped", "dropped frames, 800 tok at 200/s", 0),
    ("s200.busy", "main thread busy per 1k tok at 200/s, ms", 0),
    ("s200.cpu1k", "server CPU s per 1k tok at 200/s", 2),
    ("full.total", "4,000 tok at full speed: request to all painted, ms", 0),
    ("full.lag", "of which after provider's last token, ms", 0),
    ("full.long", "long tasks total, ms", 0),
    ("full.longmax", "longest task, ms", 0),
    ("full.dropped", "dropped frames", 0),
    ("full.cpu1k", "server CPU s per 1k tok, full speed", 2),
    ("h200_s50.p50", "200-message history: p50 at 50 tok/s, ms", 0),
    ("h200_s50.p95", "200-message history: p95 at 50 tok/s, ms", 0),
    ("h200_s50.busy", "200-message history: main thread busy per 1k tok, ms", 0),
    ("h200_full.total", "200-message history: 4,000 tok full speed, ms", 0),
    ("h200_full.long", "200-message history: long tasks, ms", 0),
    ("open200.open", "open session of 200 messages, ms", 0),
    ("open200.nodes", "DOM nodes, 200 messages", 0),
    ("open1000.open", "open session of 1,000 messages, ms", 0),
    ("open1000.long", "long tasks, open 1,000, ms", 0),
    ("open1000.nodes", "DOM nodes, 1,000 messages", 0),
    ("open1000.heap", "JS heap, 1,000 messages, MB", 0),
    ("net.bytes_tok", "bytes per token (200-tok answer)", 0),
    ("net.bytes_tok_2k", "bytes per token (2,000-tok answer)", 0),
    ("net.frames_tok_2k", "WebSocket frames per token", 2),
    ("pss_idle", "server memory idle (PSS), MB", 0),
    ("mem.per_session_mb", "server memory per extra session, MB", 2),
]


def values(rounds, key):
    """The figure of each round; of a starred scenario the median of its three."""
    if "." not in key:
        return [r[key] for r in rounds if r.get(key) is not None]
    scenario, figure = key.split(".")
    names = [f"{scenario[:-1]}{i}" for i in range(3)] if scenario.endswith("*") else [scenario]
    out = []
    for r in rounds:
        done = [r[name] for name in names if isinstance(r.get(name), dict) and r[name].get("ok")]
        found = [d[figure] for d in done if d.get(figure) is not None]
        if found:
            out.append(statistics.median(found))
    return out


def cell(name, found, decimals, floor):
    m = statistics.median(found)
    text = f"{m:,.{decimals}f}"
    if len(found) > 1:
        text += f" [{min(found):,.{decimals}f}-{max(found):,.{decimals}f}]"
    if floor and abs(floor) > 1e-9 and name != "floor" and m / floor >= 0:
        text += f" x{m / floor:.1f}"
    return text


def empty(rounds, key):
    """DNF when the scenario was tried and did not finish."""
    scenario = key.split(".")[0].replace("*", "0")
    tried = (r[scenario] for r in rounds if isinstance(r.get(scenario), dict))
    return "DNF" if "." in key and any(not d.get("ok") for d in tried) else "-"


def latest(rounds, scenario):
    """The last round's result of a scenario that went well."""
    return next(
        (r[scenario] for r in rounds[::-1] if isinstance(r.get(scenario), dict) and r[scenario].get("ok")), {}
    )


def reloaded(rounds):
    d = latest(rounds, "reload")
    if not d:
        return "-"
    _, first, second = d["reload"]
    now = "live" if second > first >= 0 else ("frozen" if first >= 0 else "gone")
    upstream = "cut" if d["upstream_aborted"] else "ran on"
    again = d["after_2nd_reload"]
    return f"{now}; at end {d['final_tab1']}/300; after another reload {again}/300; upstream {upstream}"


def second_tab(rounds):
    d = latest(rounds, "reload")
    if not d:
        return "-"
    first, second = d["tab2"]
    now = "live" if second > first >= 0 else "frozen" if first >= 0 else "nothing"
    return f"{now}; at end {d['final_tab2']}/300"


def outside(rounds):
    return ", ".join(latest(rounds, "net").get("ext", [])) or "none"


def write(results, out):
    names, summary = list(results), {name: {} for name in results}
    lines = [["metric (median [min-max])", *names], ["---"] * (len(names) + 1)]
    for key, label, decimals in ROWS:
        floors = values(results.get("floor", []), key)
        floor, row = statistics.median(floors) if floors else None, [label]
        for name in names:
            found = values(results[name], key)
            row.append(cell(name, found, decimals, floor) if found else empty(results[name], key))
            if found:
                m = statistics.median(found)
                spread = {"median": m, "min": min(found), "max": max(found), "runs": len(found)}
                summary[name][key] = spread | {"x_floor": m / floor if floor else None}
        lines.append(row)
    for label, say in (
        ("reload mid-stream", reloaded),
        ("second tab mid-stream", second_tab),
        ("external hosts tried", outside),
    ):
        lines.append([label, *(say(results[name]) for name in names)])
    for name in names:
        rounds = results[name]
        summary[name] |= {
            "reload": latest(rounds, "reload"),
            "external": latest(rounds, "net").get("ext", []),
        }
    table = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    Path(out, "table.md").write_text(table)
    Path(out, "summary.json").write_text(json.dumps(summary, indent=1))
    print(table)


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1], "raw.json").read_text()), sys.argv[1])
