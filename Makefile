# Everything a developer does. `make demo` and `make test` set up by themselves on a machine that has
# only Python 3.11 and pip: `.venv` is made with virtualenv, since not every Python brings venv.
.DEFAULT_GOAL := help
.PHONY: help demo test soak check format schemas serve bench emulator-sheet setup lint layers types tests quick

PYTHON ?= python3
VENV   := .venv
# Half of what the tests take is waiting for other processes: three workers keep two cores busy.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
NODE   := $(VENV)/protocol/.ready

help:     ## This list
	@grep -Eh '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## */\t/' | expand -t 16

demo: $(READY)  ## The main job in one command, on the built-in emulator
	@$(BIN)/stability-mcp demo

test: setup  ## Every test, in parallel
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: setup lint layers types schemas tests  ## What to run before every commit

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

lint: $(READY)  ## Formatting and lint, without changing files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

layers: $(READY)  ## Imports point down
	$(BIN)/lint-imports

types: $(READY)  ## Static types
	$(BIN)/mypy

tests: setup
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

soak: $(READY)  ## A thousand kills and long pauses, 600 calls at the API's rate, ten thousand requests; half an hour
	SOAK_RATE=1 $(BIN)/pytest -s -p no:randomly tests/jobs/test_limits.py
	EMULATOR_SOAK=10000 $(BIN)/pytest -s -p no:randomly tests/stability_emulator/test_memory.py
	SOAK_KILLS=1000 $(BIN)/pytest -s -p no:randomly tests/jobs/test_kills.py

quick: $(READY)  ## Tests that need neither Node nor other processes
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --ignore tests/protocol --ignore tests/end_to_end

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
