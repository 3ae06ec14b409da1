# Everything a developer or a first visitor runs; `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help setup engines up down demo demo-regression check test test-all test-fast test-browser pictures bench lock migration format clean

PYTHON ?= python3
export PLUMBLINE_HOME ?= $(CURDIR)/.plumbline
BIN := .venv/bin
READY := .venv/.ready
# Two files of tests at a time: most wait for engines to start.
TWO := --numprocesses 2 --dist loadfile

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(READY) ## Make .venv with the service and its tools (Python 3.11, 3.12 or 3.13)
	@mkdir -p "$(PLUMBLINE_HOME)"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Plumbline needs Python 3.11 to 3.13: make setup PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $(READY)

engines: setup ## Install SGLang and transformers for this machine's CPU, and sgl-eval
	$(BIN)/plumbline engines install sglang hf --device cpu
	$(BIN)/plumbline harnesses install sgl-eval

up: setup ## Start the service in this terminal; Ctrl-C stops it
	$(BIN)/plumbline up

down: setup ## Stop the service of this folder
	$(BIN)/plumbline down

demo: engines ## Compare SGLang with transformers on the demo model, end to end (expected: PASS)
	demo/run.sh

demo-regression: engines ## Let a submission damage the model on purpose (expected: FAIL)
	demo/run.sh --regression

check: setup ## Lint, types, import rules, migration drift
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m db.migrate check

test: engines ## The tests, the ones with real engines included
	$(BIN)/pytest $(TWO) -m "not slow and not alone" --durations=20 --durations-min=10
	$(BIN)/pytest -m "alone and not slow"

test-all: engines ## All tests, the slow ones too
	$(BIN)/pytest $(TWO) -m "not alone"
	$(BIN)/pytest -m alone

test-fast: setup ## The tests that need no engine
	$(BIN)/pytest $(TWO) tests/unit tests/integration

test-browser: engines ## The dashboard in a real Chromium (Debian: apt-get install chromium)
	$(BIN)/pytest tests/browser -m "" --durations=10

pictures: engines ## Take the pictures in docs/pictures anew
	$(BIN)/python -m tests.browser.pictures docs/pictures

bench: engines ## Measure Plumbline itself
	$(BIN)/python -m benchmarks

format: setup ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## Choose the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate --upgrade \
	  --group without-dependencies --config-file uv.toml --custom-compile-command "make lock" --quiet --output-file requirements.lock

migration: setup ## Write the migration for a change of db/tables.py: make migration m="what changes"
	@test -n "$(m)" || { echo 'say what changes: make migration m="..."'; exit 1; }
	$(BIN)/python -m db.migrate new "$(m)"

clean: ## Remove .venv and caches; .plumbline (engines, data) stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
