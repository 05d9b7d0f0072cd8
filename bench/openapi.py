"""How long a catalogue of over a thousand operations takes: GitHub's own, as `tools/install-github-api` installs it.

.venv/bin/python -m bench.openapi
"""

import gc
import json
import time
from pathlib import Path

from agent.tooling.openapi.checking import takes
from agent.tooling.openapi.describing import describe
from agent.tooling.openapi.description import Description
from agent.tooling.openapi.finding import Index
from agent.tooling.openapi.reading import read

GITHUB = (
    Path(__file__).parents[1] / ".tools/octokit/node_modules/@octokit/openapi/generated/api.github.com.json"
)


def best(work, rounds=5):
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = work()
        took.append(time.perf_counter() - began)
    return found, min(took)


text = GITHUB.read_text("utf-8")
gc.freeze()
document, reading = best(lambda: read(text))
described, describing = best(lambda: describe(document))
kept = described.model_dump_json(exclude_defaults=True)
_, loading = best(lambda: Description.model_validate_json(kept))
index, indexing = best(lambda: Index(described.operations))
schemas, making = best(lambda: [takes(described, operation) for operation in described.operations])
_, finding = best(lambda: index.find("create an issue"))
print(f"{len(described.operations):,} operations, {len(text):,} characters; kept {len(kept):,}")
print(f"add: read {reading:.3f} s + describe {describing:.3f} s = {reading + describing:.3f} s")
print(f"first use: load {loading:.3f} s + index {indexing:.3f} s; a search {finding * 1000:.1f} ms")
print(
    f"all schemas: {making:.3f} s, the largest {max(len(json.dumps(schema)) for schema in schemas):,} characters"
)
