# Developer commands. They only need Python 3.11 and pip, and write only into this folder. `make demo`
# sets up `.demo/venv` with just the product; the others set up `.venv` with its tools. virtualenv
# creates both, because some Python installations lack venv.
.DEFAULT_GOAL := help
.PHONY: help demo test fast soak check format schemas serve bench evaluate emulator-sheet models-sheet odd-files-sheet pages-sheet screenshots transforms-sheet waveforms-sheet mcpb web setup style lint layers types tests

PYTHON ?= python3
VENV   := .venv
# Tests spend half their time waiting for other processes: three workers keep two cores busy.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
# Tests start hundreds of processes: cache bytecode, so that modules are compiled only once.
unexport PYTHONDONTWRITEBYTECODE
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
NODE   := $(VENV)/protocol/.ready
WEB    := src/web/node_modules/.ready
# The extra `[formats]`, apart from the environment, which thus runs without it like most users'.
FORMATS := $(VENV)/formats/.ready
# Installed with --target: a Python that a distribution manages refuses anything else.
TOOLS      := .tools
VIRTUALENV := VIRTUALENV_OVERRIDE_APP_DATA=$(TOOLS)/cache PYTHONPATH=$(TOOLS) $(PYTHON) -m virtualenv --quiet
PIP        := python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock
# Not next to pyproject.toml, where virtualenv would also write `.venv`: a file that points to it.
DEMO       := .demo/venv
DEMO_BIN   := $(DEMO)/bin

help:     ## List the commands
	@grep -Eh '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## */\t/' | expand -t 16

demo: $(DEMO)/.ready  ## Make pictures, a sound and a 3D model on the built-in emulator
	@$(DEMO_BIN)/stability-mcp demo

test: setup style lint layers  ## Check format, lint, layers and types, and run all tests; run it before a commit
	@$(MAKE) --no-print-directory --jobs 2 types tests

fast: $(READY) style lint  ## Run tests without other processes and Node; takes a minute
	@$(BIN)/pytest --fast -q -n $(WORKERS) --dist worksteal

check: schemas test  ## Rewrite generated files, then run `test`

format: $(READY)  ## Format and fix the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(READY)  ## Rewrite generated files: tool_schemas/, the tables of tools, what hosts install
	$(BIN)/python -m scripts.derive
	$(BIN)/python scripts/distribution.py

serve: $(READY)  ## Serve over HTTP on loopback, with the emulator unless a key is set
	$(BIN)/stability-mcp serve --http

bench: setup  ## Benchmark against a bare server
	$(BIN)/python -m benchmarks

evaluate: $(READY)  ## Have the scripted agent play the scenarios of docs/evaluation.md
	PYTHONPATH=tests $(BIN)/python scripts/evaluate.py --play

emulator-sheet: $(READY)  ## Draw all emulated operations in one picture: docs/emulator-sheet.webp
	$(BIN)/python -m benchmarks.emulator_sheet

models-sheet: $(READY)  ## Show 3D models as they are drawn in one picture: docs/models.webp
	PYTHONPATH=tests $(BIN)/python scripts/models_sheet.py

odd-files-sheet: $(READY)  ## Show 24 odd files as they are sent in one picture: docs/odd-files.webp
	PYTHONPATH=tests $(BIN)/python scripts/odd_files_sheet.py

pages-sheet: $(READY)  ## Show the upload and view pages in one picture: docs/pages.webp
	PYTHONPATH=tests $(BIN)/python scripts/pages_sheet.py

screenshots: $(READY)  ## Photograph the web page: docs/web-*.webp
	PYTHONPATH=tests $(BIN)/python scripts/screenshots.py
	PYTHONPATH=tests $(BIN)/python -m scripts.web_sheets

transforms-sheet: $(READY)  ## Show results of image_transform and image_layout in one picture: docs/transforms.webp
	PYTHONPATH=tests $(BIN)/python scripts/transforms_sheet.py

waveforms-sheet: $(READY)  ## Show the waveforms of sounds in one picture: docs/waveforms.webp
	PYTHONPATH=tests $(BIN)/python scripts/waveforms_sheet.py

mcpb: setup  ## Pack the bundle for Claude Desktop into dist/
	$(BIN)/python -m scripts.bundle

web: $(WEB)  ## Build the web page and the MCP Apps into src/stability_mcp/pages/static/
	cd src/web && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build

setup: $(READY) $(NODE) $(WEB) $(FORMATS)  ## Install everything

style: $(READY)  ## Check the format without changing files
	@printf 'format: ' && $(BIN)/ruff format --check .

lint: $(READY)  ## Run the linter and the word check without changing files
	@printf 'lint: ' && $(BIN)/ruff check .
	@$(BIN)/python scripts/wording.py

layers: $(READY)  ## Check that imports follow the layers
	@output=$$($(BIN)/lint-imports 2>&1) || { echo "$$output"; echo 'layers: failed'; exit 1; }; \
	  echo "layers: $$(echo "$$output" | grep '^Contracts:')"

types: $(READY)  ## Check static types
	@output=$$($(BIN)/mypy 2>&1) || { echo "$$output"; echo 'types: failed'; exit 1; }; echo "types: $$output"

tests: setup  ## Run all tests in parallel
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal

soak: $(READY)  ## Run 1,050 kills, 600 rate-limited calls, 10,000 requests and 30,000 mutated files; takes half an hour
	SOAK_RATE=1 $(BIN)/pytest -s -p no:randomly tests/jobs/test_limits.py
	EMULATOR_SOAK=10000 $(BIN)/pytest -s -p no:randomly tests/stability_emulator/test_memory.py
	SOAK_MUTATIONS=10000 $(BIN)/pytest -s -p no:randomly tests/imaging/test_mutated_sounds.py tests/media/test_mutated_pictures.py \
	  tests/imaging/test_convert.py
	SOAK_KILLS=1000 $(BIN)/pytest -s -p no:randomly tests/jobs/test_kills.py
	SOAK_KEYED_KILLS=500 $(BIN)/pytest -s -p no:randomly tests/jobs/test_keyed_kills.py
	SOAK_RUN_KILLS=50 $(BIN)/pytest -s -p no:randomly tests/jobs/test_run_kills.py

$(READY): pyproject.toml requirements.lock | $(TOOLS)/.ready
	$(VIRTUALENV) $(VENV)
	$(BIN)/$(PIP) --editable '.[dev]'
	@touch $@

$(DEMO)/.ready: pyproject.toml requirements.lock | $(TOOLS)/.ready
	@echo 'Installing the product into $(DEMO), which takes a minute the first time...'
	@$(VIRTUALENV) $(DEMO)
	@$(DEMO_BIN)/$(PIP) --editable .
	@touch $@

$(TOOLS)/.ready:
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target $(TOOLS) virtualenv
	@touch $@

$(NODE): $(READY) tests/protocol/package.json
	mkdir -p $(VENV)/protocol
	cp tests/protocol/package.json $(VENV)/protocol/
	cd $(VENV)/protocol && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

$(WEB): $(READY) src/web/package.json src/web/package-lock.json
	cd src/web && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

$(FORMATS): $(READY) requirements.lock
	$(BIN)/$(PIP) --no-deps --upgrade --target $(VENV)/formats pillow-heif
	@touch $@
