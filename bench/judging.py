"""What it costs to parse a command line and to judge its call, over lines as models write them.

Run by hand: `.venv/bin/python bench/judging.py`.
"""

import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from agent.core.messages import ToolCall
from agent.core.policy import Facts, Rule, judge
from agent.core.shell import parse

LINES = [
    "ls -la",
    "git status && git diff --stat",
    "git log --oneline -10 | cat",
    "npm test 2>&1 | tail -50",
    "cd app && npm run build",
    "grep -rn 'def judge' --include='*.py' agent | head -20",
    "find . -name '*.py' -not -path './.venv/*' | xargs wc -l | sort -n | tail",
    'git add -A && git commit -m "A rule speaks of the whole line"',
    "python3 -m pytest -q -n 2 tests/agent/core 2>&1 | tail -30",
    'for f in $(git ls-files \'*.py\'); do grep -L \'"""\' "$f"; done',
    "if [ -f package.json ]; then cat package.json | jq .scripts; else ls; fi",
    "timeout 60 bash -c 'cargo build && cargo test' > build.log 2>&1; echo $?",
    "sed -n '1,80p' agent/core/policy.py",
    "curl -s http://127.0.0.1:3000/health || echo 'not there'",
    "cat > notes.txt <<'END'\nfirst line\nsecond line\nEND",
    "docker compose up -d && sleep 5 && docker compose logs --tail=20",
    "rm -rf build dist && mkdir -p build && cp -r src build/",
    'export PATH="$HOME/bin:$PATH" && which node && node --version',
    "diff <(sort a.txt) <(sort b.txt)",
    "awk -F, '{ sum += $3 } END { print sum }' sales.csv",
]
RULES = [
    Rule(tool="shell", decision="allow", commands=(name,))
    for name in ("npm test", "npm run build", "git add", "git commit", "cargo build", "cargo test", "pytest")
] + [Rule(tool="shell", decision="deny", commands=(name,)) for name in ("git push", "rm -rf /", "sudo")]


def took(work) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e6


def judged(text: str) -> str:
    call = ToolCall(id="1", name="shell", arguments={"command": text})
    return judge(call, Facts(kind="execute", line=parse(text)), "ask", RULES).decision


print(
    f"load average {os.getloadavg()[0]:.1f}; the first line, with the grammar's library: {took(lambda: parse('ls')) / 1000:.1f} ms"
)
parses = [took(lambda text=text: parse(text)) for _ in range(200) for text in LINES]
wholes = [took(lambda text=text: judged(text)) for _ in range(200) for text in LINES]
for name, times in (("parse", parses), ("parse and judge", wholes)):
    cuts = statistics.quantiles(times, n=100)
    print(f"{name}: median {statistics.median(times):.0f} µs, 95 % {cuts[94]:.0f} µs, 99 % {cuts[98]:.0f} µs")
print(
    f"{sum(parse(text).is_understood for text in LINES)} of {len(LINES)} lines understood; decisions:",
    *map(judged, LINES),
)
