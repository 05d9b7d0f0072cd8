# Everything one does with this tree, for people, commit hooks and CI alike; nothing else defines a check.
# A fresh machine needs Python >= 3.11, Node.js with npm, and make; all else is installed inside the tree.

PYTHON_HERE := .venv/bin/python
UV := .tools/bin/uv
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
BUN := node_modules/.bun
PYRIGHT := node_modules/.pyright
PAGE := .web/.page
BENCH := bench/lab/.ready

# Folders count too: that is how a deleted file is noticed.
SOURCES := $(shell find $(wildcard app agent assets rxconfig.py) \
	\( -name __pycache__ -o -name external \) -prune -o -print)

export REFLEX_TELEMETRY_ENABLED := false
export REFLEX_CHECK_LATEST_VERSION := false
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# What pytest makes of a test's source is kept: each of its workers would make it again, at every run.
unexport PYTHONDONTWRITEBYTECODE

SUTS ?= floor,floormd,ours
ROUNDS ?= 3
FOLDER ?= data/pictures
KILLS ?= 500
HOURS ?= 2
IN_PARALLEL := -n logical --dist loadgroup
CONFINED := tests/escapes tests/agent/tooling tests/app/test_commands.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: run test peers provider-bench tool-bench sandbox-bench check fix dev page migrate bench crowded soak turns pictures lock clean help

run: $(PAGE) ## Start Maestro: http://127.0.0.1:3000, or MAESTRO_PORT=4000 make run
	@exec $(SERVE)

test: $(DEVELOPMENT) $(PYRIGHT) $(PAGE) ## All tests, with the coverage of agent/
	@tools/install-servers
	@rm -f .venv/.coverage*
	@# What runs commands in the sandbox is nothing for root, who runs it as nobody; the coverage of both counts.
	@[ "$$(id -u)" != 0 ] || COVERAGE_FILE="$(CURDIR)/.venv/.coverage" tools/unprivileged \
		python -m pytest -q $(IN_PARALLEL) -m unprivileged --cov --cov-report= --cov-fail-under=0 $(CONFINED)
	@COVERAGE_FILE="$(CURDIR)/.venv/.coverage" $(PYTHON_HERE) -m pytest -q $(IN_PARALLEL) --cov --cov-append

peers: $(DEVELOPMENT) ## All wires against servers of others (about 650 MB): aimock, litellm
	@tools/install-peers
	@$(PYTHON_HERE) -m pytest -q -m peers tests/peers

provider-bench: $(DEVELOPMENT) ## What our side of a provider costs beside its bare SDK
	@$(PYTHON_HERE) bench/providers.py

tool-bench: $(DEVELOPMENT) ## What the file tools cost, beside ripgrep
	@$(PYTHON_HERE) bench/tools.py

check: $(DEVELOPMENT) $(PYRIGHT) ## Format, lint, types and the direction of imports
	@failed=0; \
	.venv/bin/ruff format --check . || failed=1; \
	.venv/bin/ruff check . || failed=1; \
	node_modules/.bin/pyright || failed=1; \
	.venv/bin/lint-imports --no-logo --cache-dir .venv/.import-linter || failed=1; \
	exit $$failed

fix: $(DEVELOPMENT) ## Format, and mend what can be mended by itself
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

dev: $(DEVELOPMENT) $(PAGE) ## Start, and start anew whenever a source changes
	@$(WITH_BUN) .venv/bin/watchfiles --filter python "sh -c '$(BUILD) && exec $(SERVE)'" app agent rxconfig.py

page: $(PAGE) ## Build the page (run and test do it by themselves)

migrate: $(RUNTIME) ## Bring the database to the newest shape (serving does it by itself)
	@$(PYTHON_HERE) -m app.cli migrate

sandbox-bench: $(DEVELOPMENT) ## What a command in the sandbox costs, beside a bare process; and what judging a line costs
	@tools/unprivileged python bench/sandbox.py
	@$(PYTHON_HERE) bench/judging.py

bench: $(PAGE) $(BENCH) ## Token to pixel beside two references: make bench ROUNDS=1 SUTS=floor,ours
	@cd bench && lab/.venv/bin/python bench.py --suts $(SUTS) --rounds $(ROUNDS)

soak: $(DEVELOPMENT) $(PAGE) $(BENCH) ## The long proof: hundreds of kills, hours of streaming. make soak KILLS=500 HOURS=2
	@[ $(KILLS) = 0 ] || { tools/install-servers && $(PYTHON_HERE) -m tests.durable.soak --kills $(KILLS); }
	@cd bench && lab/.venv/bin/python soak.py --hours $(HOURS)

crowded: $(PAGE) $(BENCH) ## A full page while it streams: main-thread tasks, frames, keys; beside the floor
	@cd bench && lab/.venv/bin/python crowded.py --rounds $(ROUNDS)

turns: $(DEVELOPMENT) ## What durable turns cost: start, steps, waiting approvals, on both databases
	@tools/install-servers
	@$(PYTHON_HERE) bench/turns.py

pictures: $(DEVELOPMENT) $(PAGE) ## Screenshots of the page in its states: make pictures FOLDER=somewhere
	@$(PYTHON_HERE) -m tools.pictures $(FOLDER)

lock: $(UV) ## Write the lock files anew: make lock UPGRADE=--upgrade
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(LOCK) tools/requirements.in -o tools/requirements.lock
	@$(LOCK) bench/requirements.in -o bench/requirements.lock
	@npm install --package-lock-only --loglevel=error
	@npm install --package-lock-only --loglevel=error --omit-lockfile-registry-resolved --prefix bench

clean: ## Remove what was built and installed; your data stay
	@rm -rf .tools .venv .web node_modules bench/lab .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

BUILD = $(PYTHON_HERE) -m app.build
SERVE = $(PYTHON_HERE) -m app.cli serve
WITH_BUN = PATH="$(CURDIR)/node_modules/.bin:$$PATH" NPM_CONFIG_REGISTRY="$$(npm config get registry)"
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet --universal --generate-hashes \
	--python-version 3.11 $(UPGRADE)
# Compiled at once: the first start need not do it, and where Python may not write, no start must.
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(PYTHON_HERE)
NEEDS_NPM = command -v npm >/dev/null || \
	{ echo "Maestro needs Node.js with npm to build its page; install it and try again." >&2; exit 1; }

$(UV): tools/requirements.lock
	@echo "Installing uv …"
	@python=$$(tools/find-python) || exit 1; \
	"$$python" -m venv --clear .tools >/dev/null 2>&1 || { rm -rf .tools; \
		echo "$$python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(PYTHON_HERE): | $(UV)
	@$(UV) venv --quiet --clear --python .tools/bin/python .venv

$(RUNTIME): requirements.lock $(PYTHON_HERE) | $(UV)
	@echo "Installing Python packages …"
	@$(INSTALL) --require-hashes -r $<
	@touch $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml $(RUNTIME)
	@echo "Installing Python packages for development …"
	@$(INSTALL) --require-hashes -r $<
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BUN): package-lock.json
	@$(NEEDS_NPM)
	@echo "Installing bun …"
	@npm ci --omit=dev --loglevel=error >/dev/null
	@touch $@

$(PYRIGHT): package-lock.json
	@$(NEEDS_NPM)
	@echo "Installing bun, pyright and what the tests need …"
	@npm ci --loglevel=error >/dev/null
	@touch $(BUN) $@

# Compiled here, so that Python's first start does not make the folders look changed.
$(PAGE): $(SOURCES) requirements.lock package-lock.json | $(RUNTIME) $(BUN)
	@$(WITH_BUN) $(BUILD)
	@$(PYTHON_HERE) -m compileall -q app agent
	@touch $@

$(BENCH): bench/requirements.lock bench/package-lock.json | $(UV)
	@$(NEEDS_NPM)
	@mkdir -p bench/lab/npm
	@$(UV) venv --quiet --clear --python .tools/bin/python bench/lab/.venv
	@$(UV) pip install --quiet --python bench/lab/.venv/bin/python --require-hashes -r $<
	@cp bench/package.json bench/package-lock.json bench/lab/npm
	@npm ci --loglevel=error --prefix bench/lab/npm >/dev/null
	@touch $@
