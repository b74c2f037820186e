# `make` alone lists the targets. Needs only make and Python >= 3.11; PYTHON=… names another one.
# Works with GNU make 3.81 (macOS) and later.

VENV := .venv
BIN := $(VENV)/bin
TEST_WORKERS ?= 6
PYTEST_ARGS ?=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
           --constraint requirements.lock --editable
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python)
SOURCES := pyproject.toml requirements.lock

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench chaos screenshots docs lock clean

help: ## list the targets
	@echo "dagtop: what make can do"
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1|/' | \
	  while IFS='|' read -r target meaning; do printf '  make %-12s %s\n' "$$target" "$$meaning"; done

demo: $(VENV)/.demo-installed ## real pipelines on real data, in the terminal
	@$(BIN)/dagtop demo

test: check ## all checks, then all tests
	@# Tests start hundreds of processes: none of them should have to compile the code first.
	@$(BIN)/python -m compileall -q -j 0 app runner store dagtop.py
	@# Nor should each worker compile all tests, which pytest alone can. What fails, fails below.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true
	@# Not the files with the fewest tests last, as is usual: some of those take a minute.
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: $(VENV)/.dev-installed ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/pyright

format: $(VENV)/.dev-installed ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev-installed ## the figures, against limits measured in the same run
	$(BIN)/python -m tests.bench

chaos: $(VENV)/.dev-installed ## kill the runner at random moments, again and again
	$(BIN)/python -m tests.chaos

screenshots: $(VENV)/.dev-installed ## draw the pictures in screenshots/ anew
	$(BIN)/python -m tests.screenshots

docs: $(VENV)/.dev-installed ## write the tables in README.md anew
	$(BIN)/python -m tests.readme_tables

lock: $(BIN)/uv ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	  --output-file requirements.lock pyproject.toml

clean: ## remove the environment, caches and builds
	rm -rf $(VENV) build dist .cache .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo-installed: $(SOURCES) | $(BIN)/python
	@echo "Installing dagtop and what the demo needs into $(VENV) (once) …"
	@$(INSTALL) '.[demo]'
	@touch $@

$(VENV)/.dev-installed: $(SOURCES) | $(BIN)/python
	@echo "Installing dagtop and the developer's tools into $(VENV) (once) …"
	@$(INSTALL) '.[demo,dev,mlflow,postgres,previews,remote,serve]'
	@touch $@ $(VENV)/.demo-installed

$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input uv

$(BIN)/python:
	@for python in $(CANDIDATES); do \
	  if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' \
	      >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$("$$python" --version) …"; \
	    rm -rf $(VENV); "$$python" -m venv $(VENV); exit; \
	  fi; \
	done; \
	echo "No Python >= 3.11 with its venv module was found (looked for $(CANDIDATES)):" \
	  "install one, or name it with PYTHON=/path/to/python3." >&2; exit 1
