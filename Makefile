# Everything a developer does. `make demo` and `make test` set up by themselves on a machine that has
# only Python 3.11 and pip: `.venv` is made with virtualenv, since not every Python brings venv.
.DEFAULT_GOAL := help
.PHONY: help demo test fast soak check format schemas serve bench emulator-sheet setup style lint layers types tests

PYTHON ?= python3
VENV   := .venv
# Half of what the tests take is waiting for other processes: three workers keep two cores busy.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
# The tests start hundreds of processes: each module is compiled once, not once in each of them.
unexport PYTHONDONTWRITEBYTECODE
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
NODE   := $(VENV)/protocol/.ready

help:     ## This list
	@grep -Eh '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## */\t/' | expand -t 16

demo: $(READY)  ## The main job in one command, on the built-in emulator
	@$(BIN)/stability-mcp demo

test: setup style lint layers  ## Format, lint, layers, types and every test: what to run before a commit
	@$(MAKE) --no-print-directory --jobs 2 types tests

fast: $(READY) style lint  ## In a minute: tests without other processes and without Node
	@$(BIN)/pytest --fast -q -n $(WORKERS) --dist worksteal

check: schemas test  ## Rewrite what is derived, then everything

format: $(READY)  ## Format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(READY)  ## Rewrite what is derived: tool_schemas/ and the README's table
	$(BIN)/python scripts/derive.py

serve: $(READY)  ## The server over HTTP on loopback, on the emulator unless a key is set
	$(BIN)/stability-mcp serve --http

bench: setup  ## Figures against a bare server, as ratios in one run
	$(BIN)/python -m benchmarks

emulator-sheet: $(READY)  ## Every operation of the emulator on one picture: docs/emulator-sheet.webp
	$(BIN)/python -m benchmarks.emulator_sheet

setup: $(READY) $(NODE)  ## Everything that is installed, once

style: $(READY)  ## Formatting, without changing files
	@printf 'format: ' && $(BIN)/ruff format --check .

lint: $(READY)  ## Lint, without changing files
	@printf 'lint: ' && $(BIN)/ruff check .

layers: $(READY)  ## Imports point down
	@told=$$($(BIN)/lint-imports 2>&1) || { echo "$$told"; echo 'layers: broken'; exit 1; }; \
	  echo "layers: $$(echo "$$told" | grep '^Contracts:')"

types: $(READY)  ## Static types
	@told=$$($(BIN)/mypy 2>&1) || { echo "$$told"; echo 'types: wrong'; exit 1; }; echo "types: $$told"

tests: setup  ## Every test, in parallel
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal

soak: $(READY)  ## A thousand kills and long pauses, 600 calls at the API's rate, ten thousand requests; half an hour
	SOAK_RATE=1 $(BIN)/pytest -s -p no:randomly tests/jobs/test_limits.py
	EMULATOR_SOAK=10000 $(BIN)/pytest -s -p no:randomly tests/stability_emulator/test_memory.py
	SOAK_KILLS=1000 $(BIN)/pytest -s -p no:randomly tests/jobs/test_kills.py

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -m virtualenv --version >/dev/null 2>&1 || $(PYTHON) -m pip install --quiet --user virtualenv \
	  || $(PYTHON) -m pip install --quiet --break-system-packages --user virtualenv
	$(PYTHON) -m virtualenv --quiet $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

$(NODE): $(READY) tests/protocol/package.json
	mkdir -p $(VENV)/protocol
	cp tests/protocol/package.json $(VENV)/protocol/
	cd $(VENV)/protocol && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@
